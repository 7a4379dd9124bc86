"""Emission: at which moments a bot sends its position, and how it makes pixels whole."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Complex, Float, Int

from humouse.bots.composed.curves import SHARES, find, travelled
from humouse.bots.composed.draws import choose

WEIGHTS = {"regular": 1, "jitter": 0.7, "points": 1, "fast": 0.7, "spacing": 0.5}
_JITTER = 0.6
_CUT_SHARE = 0.2

Track = Callable[
    [Int[np.ndarray, "S"], Float[np.ndarray, "S"]],
    Complex[np.ndarray, "S"],
]
"""(row, t_ms) → position (px)."""


@dataclass(frozen=True)
class Emission:
    """When n movements are sent, from their first moment to their last.

    Args:
        row: [S] the movement that each point belongs to, in order.
        moment_ms: [S] the moment of the movement whose position is sent.
        t_ms: [S] when it is sent, pauses not counted.
        cut: [n] whether fractions of a pixel are cut off, instead of rounded.
    """

    row: Int[np.ndarray, "S"]
    moment_ms: Float[np.ndarray, "S"]
    t_ms: Float[np.ndarray, "S"]
    cut: Bool[np.ndarray, "n"]

    def whole(self, position_px: Complex[np.ndarray, "S"]) -> Complex[np.ndarray, "S"]:
        """Return [S] the positions in whole px from the start."""
        cut = np.trunc(position_px.real) + 1j * np.trunc(position_px.imag)
        return np.where(self.cut[self.row], cut, np.round(position_px))


def draw_emission(
    end_ms: Float[np.ndarray, "n"], track: Track, *, rng: np.random.Generator, plain: bool
) -> Emission:
    """Return the moments of every movement.

    Points are sent at regular intervals of 4 to 20 ms, or as fast as 1 to 4 ms; the same with
    jitter; a number of points, 8 to 119, in equal times; or points 2 to 25 px apart, in equal times.

    Args:
        end_ms: [n] end of each movement.
        track: The movements, for points at equal distances.
        rng: Of this part.
        plain: Every 1 to 4 ms for all, rounded.
    """
    n = len(end_ms)
    kind = np.full(n, "fast") if plain else choose(rng, WEIGHTS, n)
    spaced = kind == "spacing"
    share, length_px = _travelled(np.flatnonzero(spaced), end_ms, track)
    points = rng.integers(8, 120, n)
    points[spaced] = np.maximum(length_px / rng.uniform(2, 25, n)[spaced], 5)
    interval_ms = np.where(kind == "fast", rng.uniform(1, 4, n), rng.uniform(4, 20, n))
    counted = spaced | (kind == "points")
    interval_ms = np.where(counted, end_ms / (points - 1), interval_ms)
    row, t_ms = _times(interval_ms, end_ms, np.where(kind == "jitter", _JITTER, 0), rng)
    moment_ms = t_ms.copy()
    here = spaced[row]
    ends, place = end_ms[row[here]], (np.cumsum(spaced) - 1)[row[here]]
    moment_ms[here] = ends * find(share, place, t_ms[here] / ends)
    return Emission(row, moment_ms, t_ms, (rng.random(n) < _CUT_SHARE) & (not plain))


def _travelled(
    rows: Int[np.ndarray, "m"], end_ms: Float[np.ndarray, "n"], track: Track
) -> tuple[Float[np.ndarray, "m K"], Float[np.ndarray, "m"]]:
    """Return the travelled share of these movements at equal shares of the time; their lengths (px)."""
    t_ms = end_ms[rows, None] * SHARES
    position_px = track(np.repeat(rows, len(SHARES)), t_ms.ravel())
    return travelled(position_px.reshape(t_ms.shape))


def _times(
    interval_ms: Float[np.ndarray, "n"],
    end_ms: Float[np.ndarray, "n"],
    jitter: Float[np.ndarray, "n"],
    rng: np.random.Generator,
) -> tuple[Int[np.ndarray, "S"], Float[np.ndarray, "S"]]:
    """Return rows and times from 0 to the end, at intervals that differ by at most this share."""
    # With jitter more are drawn than are needed, so that they reach the end.
    count = (end_ms / interval_ms * (1 + jitter)).astype(int) + 3
    row = np.repeat(np.arange(len(count)), count)
    last = np.cumsum(count) - 1
    first = last - count + 1
    spread = rng.uniform(-1, 1, len(row))
    gap_ms = interval_ms[row] * (1 + jitter[row] * spread)
    gap_ms[first] = 0
    t_ms = np.cumsum(gap_ms)
    t_ms -= t_ms[first][row]
    t_ms[last] = end_ms
    kept = t_ms < end_ms[row] - 1e-6
    kept[last] = True
    return row[kept], t_ms[kept]
