"""Polling clocks: the rates at which recorders report, as durations and median time steps show them."""

import numpy as np
from jaxtyping import Float

_LEAST_ROWS = 8
_MOST_LEVELS = 64
_SCANNED_ROWS = 2000
_SHORTEST_QUANTUM_MS = 4.0
# A long movement has a hundred quanta: a grid of 0.0005 is a twentieth of a quantum then.
_GRID_STEP = 0.0005
_REGULAR = 0.2


class PollingClocks:
    """The clocks of recorders: a median time step, the exact polling period, the unit of durations.

    A recorder at 60 Hz has a tick (median time step) of 16 or 17 ms, a period of 16.67 ms, and
    durations that are rounded multiples of it. One that skips events has a tick of several quanta.

    Args:
        table: [3, L] ticks (ascending), their periods and their quanta (ms).
    """

    def __init__(self, table: Float[np.ndarray, "3 L"]) -> None:
        self.table = table

    @classmethod
    def fit(
        cls,
        lengths: Float[np.ndarray, "n"],
        duration_ms: Float[np.ndarray, "n"],
        tick_ms: Float[np.ndarray, "n"],
        *,
        on_tick_share: Float[np.ndarray, "n"],
    ) -> "PollingClocks":
        """Return the clocks of movements; rare ticks are merged with the nearest other one."""
        ticks, counts = np.unique(tick_ms, return_counts=True)
        crowded = ticks[counts >= _LEAST_ROWS]
        if not 0 < len(crowded) <= _MOST_LEVELS or counts[counts >= _LEAST_ROWS].sum() < 0.9 * len(
            tick_ms
        ):  # no clear clock: ticks are any number
            bands = np.array_split(np.sort(tick_ms), max(1, min(32, len(tick_ms) // _LEAST_ROWS)))
            crowded = np.unique([band.mean() for band in bands])
        clock = _nearest(crowded, tick_ms)
        columns = []
        for i, tick in enumerate(crowded):
            mine = np.flatnonzero(clock == i)
            steady = mine[on_tick_share[mine] >= min(0.99, np.quantile(on_tick_share[mine], 0.8))]
            period = float(np.median(duration_ms[steady] / lengths[steady]))
            quantum = _quantum_ms(duration_ms[mine[:_SCANNED_ROWS]], period)
            columns.append((tick, max(1.0, round(period / quantum)) * quantum, quantum))
        return cls(np.array(columns).T)

    def index(self, tick_ms: Float[np.ndarray, "*S"]) -> Float[np.ndarray, "*S"]:
        """Return the index of the nearest tick seen; NaN stays NaN."""
        return np.where(np.isnan(tick_ms), np.nan, _nearest(self.table[0], tick_ms))

    def at(self, index: Float[np.ndarray, "*S"]) -> Float[np.ndarray, "3 *S"]:
        """Return the tick, the period and the quantum (ms) of clocks by index; NaN stays NaN."""
        place = np.nan_to_num(index).round().clip(0, self.table.shape[1] - 1).astype(int)
        return np.where(np.isnan(index), np.nan, self.table[:, place])


def _quantum_ms(duration_ms: Float[np.ndarray, "n"], period_ms: float) -> float:
    """Return the coarsest unit, no longer than the period, of which durations are multiples.

    It is the peak of mean cos(2π · duration / unit), or 1 ms where no peak is clear.
    """
    octaves = np.log(max(period_ms * 1.01 / _SHORTEST_QUANTUM_MS, 1.0))
    units = period_ms * 1.01 * np.exp(-np.arange(0, octaves + _GRID_STEP, _GRID_STEP))
    regular = np.array([np.cos(2 * np.pi * duration_ms / unit).mean() for unit in units])
    if regular.max() < _REGULAR:
        return 1.0
    first = int((regular >= 0.8 * regular.max()).argmax())  # halves of a unit peak as high
    return float(units[first + regular[first : first + 20].argmax()])


def _nearest(ticks: Float[np.ndarray, "L"], tick_ms: Float[np.ndarray, "*S"]) -> np.ndarray:
    return np.searchsorted((ticks[1:] + ticks[:-1]) / 2, tick_ms)
