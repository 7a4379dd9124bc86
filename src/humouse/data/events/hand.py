"""What no hand does, and more points than anybody needs."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from humouse.data.events.event import MOVED

JUMP_PX = 300
_JUMP_PX_PER_MS = 40
"""A step longer and faster than that: 40 m/s on a usual screen of 96 dpi is beyond any hand."""


def jumps(rows: pl.DataFrame, origin_px: tuple[float, ...]) -> pl.DataFrame:
    """Mark in the column `stray` the points where the hand cannot have been, and begin a run after a jump.

    A point is stray where a jump leads to it and another back, or where it lies at x = y = 0, as pages
    report while they load or lose the focus, and a jump leads there or away.

    Args:
        rows: With t, x, y, state and run, in the order of time.
        origin_px: Where x = y = 0 lies.
    """
    number = rows["run"].to_numpy()
    points = rows.select(
        "t", "x", "y", "run", row=pl.int_range(pl.len()), moved=pl.col("state").is_in(MOVED)
    ).filter("moved")
    leap = _leaps(points)
    stray, begins = np.zeros(rows.height, bool), np.zeros(rows.height, bool)
    if leap.any():
        found = _strays(points, leap, np.round(origin_px))
        stray[points["row"].to_numpy()[found]] = True
        points = points.filter(~pl.Series(found))
        begins[points["row"].to_numpy()[1:]] = _leaps(points)
    begins[1:] |= number[1:] != number[:-1]
    return rows.with_columns(stray=pl.Series(stray), run=pl.Series(begins.cumsum()))


def _leaps(points: pl.DataFrame) -> np.ndarray:
    """Return [P − 1] whether a jump lies between a point and the next."""
    t, x, y, run = (points[name].to_numpy() for name in ("t", "x", "y", "run"))
    squared = np.square(np.diff(x)) + np.square(np.diff(y))
    leap = (squared > JUMP_PX**2) & (run[1:] == run[:-1])
    far = np.flatnonzero(leap)  # few are, and only of those is the time asked
    fastest = _JUMP_PX_PER_MS * np.maximum(t[far + 1] - t[far], 1)
    leap[far] = squared[far] > np.square(fastest)
    return leap


def _strays(points: pl.DataFrame, leap: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Return [P] which points are stray; `leap` says between which jumps lie."""
    at, run = points.select("x", "y").to_numpy(), points["run"].to_numpy()
    into, out = np.r_[False, leap], np.r_[leap, False]
    there_and_back = into & out
    between = np.flatnonzero(there_and_back)
    home = np.hypot(*(at[between + 1] - at[between - 1]).T)
    away = np.hypot(*(at[between] - at[between - 1]).T)
    there_and_back[between] = home < away / 2
    zero = (at == origin).all(1)
    if not zero.any():
        return there_and_back
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


@dataclass
class Thinning:
    """Finds the points that a recording of more than twice a rate keeps, part by part.

    Of the points within one tick the last is kept, as a slower device would report it; presses and
    turns of the wheel stay. The ticks of a run count from its first event.

    Args:
        hz: The rate.
    """

    hz: float
    _needed: bool | None = None
    _run: int = -1
    _began_ms: float = 0.0

    def decide(self, rows: pl.DataFrame) -> bool:
        """Decide by a part whether the recording is so fast; return whether that is decided by now."""
        if self._needed is None:
            points = rows.filter(pl.col("state").is_in(MOVED))
            usual = usual_step_ms(*(points[name].to_numpy() for name in ("t", "x", "y", "run")))
            self._needed = None if usual is None else usual <= 500 / self.hz
        return self._needed is not None

    def marked(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Mark in the column `kept` what is kept of a part, all of it where the recording is not so fast."""
        self.decide(rows)
        if not self._needed or rows.is_empty():
            return rows.with_columns(kept=pl.lit(True))
        began = pl.col("t").first().over("run")
        began = pl.when(pl.col("run") == self._run).then(self._began_ms).otherwise(began)
        rows = rows.with_columns(began=began, number=pl.int_range(pl.len()))
        self._run, self._began_ms = rows["run"][-1], rows["began"][-1]
        rows = rows.with_columns(tick=((pl.col("t") - pl.col("began")) * (self.hz / 1000)).floor())
        # One after the other: a clock that was set back comes to the same ticks once more.
        rows = rows.with_columns(tick=pl.struct("run", "tick").rle_id())
        last = pl.col("number") == pl.col("number").max().over("tick", "state")
        return rows.with_columns(kept=last | ~pl.col("state").is_in(MOVED))
