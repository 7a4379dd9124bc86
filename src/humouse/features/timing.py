"""Clock and pixel grid: the traces that devices and rounding leave in a movement.

They separate generated from recorded movements at least as well as shape does: a browser's 60 Hz, a
mouse polled at 125 Hz, whole pixels, events without motion.
"""

import numpy as np
from jaxtyping import Bool, Float

from humouse.features import masked
from humouse.features.motion import Motion
from humouse.features.table import Feature

_OFF_GRID = 1e-3
_TICK_TOLERANCE_MS = 1.0

TIMING = (
    Feature("dt_mean_ms", "ms", "mean time step"),
    Feature("dt_std_ms", "ms", "standard deviation of the time steps"),
    Feature("dt_min_ms", "ms", "shortest time step"),
    Feature("dt_p10_ms", "ms", "10th percentile of the time steps"),
    Feature("dt_median_ms", "ms", "median time step: the device's tick"),
    Feature("dt_p90_ms", "ms", "90th percentile of the time steps"),
    Feature("dt_max_ms", "ms", "longest time step"),
    Feature("dt_mode_ms", "ms", "commonest time step in whole ms; the shortest of equals"),
    Feature("dt_mode_share", "1", "share of time steps that round to the commonest"),
    Feature("dt_on_tick_share", "1", "share of time steps within 1 ms of a multiple of the median"),
    Feature("dt_off_grid_share", "1", "share of time steps that are no whole number of ms"),
    Feature("zero_move_share", "1", "share of steps that move on neither axis"),
    Feature("axis_move_share", "1", "share of steps that move on exactly one axis"),
    Feature(
        "one_pixel_share", "1", "share of steps to one of the 8 next pixels: max(|dx|, |dy|) ≈ 1"
    ),
    Feature("off_grid_share", "1", "share of dx and dy that are no whole number of px"),
)


def timing(motion: Motion) -> dict[str, Float[np.ndarray, "B"]]:
    """Return each of `TIMING`, [B]; all 0 for a movement without steps."""
    count, (dx, dy) = motion.count, motion.moves_px
    still_x, still_y = dx == 0, dy == 0
    reach = np.maximum(np.abs(dx), np.abs(dy))
    off_grid = masked.share(_off_grid(dx), count) + masked.share(_off_grid(dy), count)
    return {
        **_clock(motion),
        "zero_move_share": masked.share(still_x & still_y & motion.mask, count),
        "axis_move_share": masked.share(still_x ^ still_y, count),
        "one_pixel_share": masked.share((reach >= 0.5) & (reach < 1.5), count),
        "off_grid_share": off_grid / 2,
    }


def _clock(motion: Motion) -> dict[str, Float[np.ndarray, "B"]]:
    mask, count, dt = motion.mask, motion.count, motion.dt_ms
    # float32 holds recorded times exactly, and sorts in half the time.
    ascending = np.sort(np.where(mask, dt, np.inf).astype(np.float32))
    low, median, high = (masked.quantile_of_sorted(ascending, count, q) for q in (0.1, 0.5, 0.9))
    mode, times = _mode(ascending, mask)
    tick = np.maximum(median, _TICK_TOLERANCE_MS)[:, None]
    off_tick = np.abs(dt - tick * np.round(dt / tick))
    return {
        "dt_mean_ms": masked.mean(dt, count),
        "dt_std_ms": masked.std(dt, mask, count),
        "dt_min_ms": masked.quantile_of_sorted(ascending, count, 0.0),
        "dt_p10_ms": low,
        "dt_median_ms": median,
        "dt_p90_ms": high,
        "dt_max_ms": masked.largest(dt),
        "dt_mode_ms": mode,
        "dt_mode_share": times / np.maximum(count, 1),
        "dt_on_tick_share": masked.share((off_tick <= _TICK_TOLERANCE_MS) & mask, count),
        "dt_off_grid_share": masked.share(_off_grid(dt), count),
    }


def _mode(
    ascending: Float[np.ndarray, "B T"], mask: Bool[np.ndarray, "B T"]
) -> tuple[Float[np.ndarray, "B"], Float[np.ndarray, "B"]]:
    """Return [B] the commonest whole value of ascending rows and how often it occurs."""
    B, T = ascending.shape
    if T == 0:
        return np.zeros(B), np.zeros(B)
    whole = np.round(ascending)
    index = np.arange(T)
    new = np.concatenate([np.ones((B, 1), bool), whole[:, 1:] != whole[:, :-1]], 1)
    first = np.maximum.accumulate(np.where(new, index, 0), 1)
    run = (index - first + 1) * mask
    commonest = run.argmax(1)  # the first of equals
    times = masked.at(run, commonest)
    return np.where(times > 0, masked.at(whole, commonest), 0.0).astype(np.float64), times + 0.0


def _off_grid(values: Float[np.ndarray, "B T"]) -> Bool[np.ndarray, "B T"]:
    return np.abs(values - np.round(values)) > _OFF_GRID
