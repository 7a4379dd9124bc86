"""Where a stream of rows can be parted so that neither side changes what becomes of the other."""

import numpy as np
import polars as pl

from humouse.data.events.event import MOVED
from humouse.data.events.hand import JUMP_PX
from humouse.data.events.order import NEARBY

_IN_SIGHT = 2**14


def joint(rows: pl.DataFrame, origin_px: tuple[float, ...], thin_to_hz: float | None) -> int:
    """Return the last row at which the stream can be parted, 0 where there is none among the last rows.

    Around it there are points only, in the order of time, without a jump and away from x = y = 0; the
    mouse moves there, and no tick of the rate that the stream is thinned to spans it.

    Args:
        rows: With t (ms), x, y (px) and state.
        origin_px: Where x = y = 0 lies.
        thin_to_hz: That rate, or None.
    """
    seen = rows.tail(_IN_SIGHT)
    t, x, y = (seen[name].to_numpy() for name in ("t", "x", "y"))
    left, top = np.round(origin_px)
    point = seen["state"].is_in(MOVED).to_numpy() & ((x != left) | (y != top))
    step_ms, step_px = np.diff(t), np.hypot(np.diff(x), np.diff(y))
    calm = point[1:] & point[:-1] & (step_ms >= 0) & (step_px <= JUMP_PX)
    parted = (step_px > 0) & (step_ms > (0 if thin_to_hz is None else 1000 / thin_to_hz))
    wide = 2 * NEARBY + 1
    if len(calm) < wide:
        return 0
    around = np.lib.stride_tricks.sliding_window_view(calm, wide).all(1)
    found = np.flatnonzero(around & parted[NEARBY:-NEARBY])
    return rows.height - seen.height + int(found[-1]) + NEARBY + 1 if len(found) else 0
