"""What no hand does, and more points than anybody needs."""

import numpy as np
import polars as pl

_JUMP_PX = 300
_JUMP_PX_PER_MS = 40
"""A step longer and faster than that: 40 m/s on a usual screen of 96 dpi is beyond any hand."""
_MOVED = ("move", "drag")


def jumps(rows: pl.DataFrame, origin_px: tuple[float, ...]) -> pl.DataFrame:
    """Mark in the column `stray` the points where the hand cannot have been, and begin a run after a jump.

    A point is stray where a jump leads to it and another back, or where it lies at x = y = 0, as pages
    report while they load or lose the focus, and a jump leads there or away.

    Args:
        rows: With t, x, y, state and run, in the order of time.
        origin_px: Where x = y = 0 lies.
    """
    moved = rows["state"].is_in(_MOVED).to_numpy()
    at = np.flatnonzero(moved)
    stray = np.zeros(rows.height, bool)
    if len(at) > 1:
        t, x, y, run = (rows[name].to_numpy()[at] for name in ("t", "x", "y", "run"))
        found = _strays(t, np.column_stack([x, y]), run, np.round(origin_px))
        stray[at[found]] = True
        at = at[~found]
    begins = np.zeros(rows.height, np.int64)
    if len(at) > 1:
        t, x, y, run = (rows[name].to_numpy()[at] for name in ("t", "x", "y", "run"))
        begins[at[1:]] = _leaps(t, np.column_stack([x, y]), run)
    number = rows["run"].to_numpy().astype(np.int64)
    changes = np.r_[False, np.diff(number) != 0] | (begins > 0)
    return rows.with_columns(stray=pl.Series(stray), run=pl.Series(changes.cumsum()))


def _leaps(t: np.ndarray, at: np.ndarray, run: np.ndarray) -> np.ndarray:
    """Return [P − 1] whether a jump lies between a point and the next."""
    far = np.hypot(*np.diff(at, axis=0).T)
    time = np.maximum(np.diff(t), 1)
    return (far > _JUMP_PX) & (far > _JUMP_PX_PER_MS * time) & (run[1:] == run[:-1])


def _strays(t: np.ndarray, at: np.ndarray, run: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Return [P] which points are stray."""
    leap = _leaps(t, at, run)
    into, out = np.r_[False, leap], np.r_[leap, False]
    there_and_back = into & out
    between = np.flatnonzero(there_and_back)
    home = np.hypot(*(at[between + 1] - at[between - 1]).T)
    away = np.hypot(*(at[between] - at[between - 1]).T)
    there_and_back[between] = home < away / 2
    zero = (at == origin).all(1)
    # All points of a stay at (0, 0) share its fate.
    stay = np.r_[True, (zero[1:] != zero[:-1]) | (run[1:] != run[:-1])].cumsum() - 1
    jumped = np.zeros(stay[-1] + 1, bool)
    np.logical_or.at(jumped, stay[zero & (into | out)], True)
    return there_and_back | (zero & jumped[stay])


def usual_step_ms(t: np.ndarray, x: np.ndarray, y: np.ndarray, run: np.ndarray) -> float | None:
    """Return the usual time between two points while the mouse moves, or None where it hardly does."""
    step = np.diff(t)
    moving = (step > 0) & ((np.diff(x) != 0) | (np.diff(y) != 0)) & (run[1:] == run[:-1])
    return float(np.median(step[moving])) if moving.sum() >= _FEW else None


_FEW = 20


def thinned(rows: pl.DataFrame, hz: float) -> pl.DataFrame:
    """Mark in the column `kept` the points that a recording of more than twice the rate keeps.

    Of the points within one tick the last is kept, as a slower device would report it; presses and
    turns of the wheel stay.
    """
    points = rows.filter(pl.col("state").is_in(_MOVED))
    usual = usual_step_ms(*(points[name].to_numpy() for name in ("t", "x", "y", "run")))
    if usual is None or usual > 500 / hz:
        return rows.with_columns(kept=pl.lit(True))
    tick = ((pl.col("t") - pl.col("t").first().over("run")) * (hz / 1000)).floor()
    rows = rows.with_columns(tick=tick, number=pl.int_range(pl.len()))
    last = pl.col("number") == pl.col("number").max().over("run", "tick", "state")
    return rows.with_columns(kept=last | ~pl.col("state").is_in(_MOVED)).drop("tick", "number")
