"""Times: numbers in a unit, dates, or intervals → ms."""

import numpy as np
import polars as pl

from humouse.errors import InputError
from humouse.time_unit import MS_PER_UNIT, UNIT_NAMES

_EPOCH = {"s": 1e8, "ms": 1e11, "us": 1e14, "ns": 1e17}
"""Times since 1970 are beyond these: 1973 in each unit."""
_LARGEST = 1e20
"""No moment has so large a number, in ns neither."""
_USUAL_STEP_MS = 12
_DATES = ("%Y-%m-%d %H:%M:%S%.f", "%d.%m.%Y %H:%M:%S%.f", "%Y-%m-%d %H:%M")


def numbers(column: pl.Series) -> pl.Series:
    """Return the numbers in a column, null where a cell holds none; a comma may stand for the point."""
    if column.dtype != pl.String:
        return column.cast(pl.Float64, strict=False)
    text = column.str.strip_chars()
    found = text.cast(pl.Float64, strict=False)
    if found.null_count() > text.null_count():
        # Nothing but digits on both sides of one comma: 1,5 and not 1,500,000.
        point = text.str.replace(r"^([-+]?\d*),(\d+)$", "${1}.${2}").cast(pl.Float64, strict=False)
        found = found.fill_null(point)
    return found


def times(column: pl.Series, unit: str) -> tuple[pl.Series, str]:
    """Return the times in ms, null where a cell holds none, and the unit that they were in.

    Dates are dates whatever the unit: ISO 8601, with or without a zone, or logging's 2024-05-01
    10:00:00,001.

    Args:
        column: The cells.
        unit: A unit, or "auto" for the likely one.
    """
    if column.dtype.is_temporal():
        return column.cast(pl.Datetime("us")).dt.timestamp("us").cast(pl.Float64) / 1e3, "date"
    found = numbers(column)
    if column.dtype == pl.String and found.null_count() > len(found) / 2:
        dates = _dates(column)
        if dates.null_count() < found.null_count():
            return dates, "date"
    if unit == "auto":
        unit = likely_unit(found.drop_nulls().to_numpy())
    return found * MS_PER_UNIT[unit], unit


def _dates(column: pl.Series) -> pl.Series:
    text = column.str.strip_chars().str.replace("T", " ").str.replace(r",(\d+)", ".${1}")
    text = text.str.replace(r"Z$", "+00:00")
    zoned = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%#z", time_unit="us", strict=False)
    found = zoned.dt.timestamp("us")
    for form in _DATES:
        found = found.fill_null(
            text.str.to_datetime(form, time_unit="us", strict=False).dt.timestamp("us")
        )
    return found.cast(pl.Float64) / 1e3


def likely_unit(t: np.ndarray) -> str:
    """Return the unit in which these times are most likely given.

    Times since 1970 tell it by their size, others by their usual step.
    """
    t = t[np.abs(t) < _LARGEST]
    if not len(t):
        return "ms"
    size = np.median(np.abs(t))
    step = np.abs(np.diff(t))
    step = step[step > 0]
    since_1970 = next((unit for unit in ("ns", "us", "ms", "s") if size > _EPOCH[unit]), "")
    if not len(step):
        return since_1970 or "ms"
    usual = max(float(np.median(step)), _trimmed(np.abs(np.diff(t))))
    step_ms = {unit: usual * scale for unit, scale in MS_PER_UNIT.items()}
    # A clock that counts from a machine's start is as large as another unit's since 1970.
    if since_1970 and _FASTEST_STEP_MS <= step_ms[since_1970] <= _SLOWEST_STEP_MS:
        return since_1970
    return min(step_ms, key=lambda unit: abs(np.log(step_ms[unit] / _USUAL_STEP_MS)))


def _trimmed(step: np.ndarray) -> float:
    """Return the mean step without the pauses: events that come in bursts have a far smaller median."""
    kept = len(step) - max(1, len(step) // 10)
    return float(np.partition(step, kept)[:kept].mean()) if len(step) > 1 else 0.0


def check_clock(t_ms: np.ndarray, way_px: np.ndarray, same_run: np.ndarray, unit: str) -> None:
    """Raise InputError if the times are likely in another unit, or too coarse for movements.

    Args:
        t_ms: [P] times (ms).
        way_px: [P − 1] distance from a point to the next (px).
        same_run: [P − 1] whether a point and the next belong to one recording.
        unit: The unit that they were read in.
    """
    step = np.diff(t_ms)[same_run]
    if len(step) < _FEW:
        return
    if not step.any():
        raise InputError("every row has the same time; check source.columns.t")
    if _intervals(t_ms, step):
        raise InputError(
            "its times rise and fall by turns and never exceed a pause: they are most likely the time since "
            "the row above; give source.intervals=true"
        )
    step = np.abs(step)  # the newest row may stand first
    usual = float(np.median(step[step > 0]))
    if unit != "date":
        too_fast = usual < _FASTEST_STEP_MS and float(step.mean()) < 1
        _check_unit(t_ms, usual, too_fast, _speed(step, way_px[same_run]), unit)
    later = step >= _SAME_MS
    same_ms = 1 - np.count_nonzero(later) / len(step)
    tick = float(np.median(step[later])) if 1 > same_ms > _MOST_MERGED else usual
    if (same_ms > _MOST_MERGED and tick > _COARSE_MS) or not later.any():
        raise InputError(
            f"{same_ms:.0%} of its rows have the time of the row above, and its clock ticks every "
            f"{tick:,.3g} ms: too coarse to show how a movement goes. Record with a finer clock (Firefox "
            "rounds to 100 ms where privacy.resistFingerprinting is on), or check source.columns.t and "
            "source.time_unit"
        )
    if usual > _SLOWEST_STEP_MS:
        raise InputError(
            f"its usual step from row to row takes {usual:,.0f} ms: no log of movements"
        )


def _check_unit(
    t_ms: np.ndarray, usual_ms: float, too_fast: bool, px_per_ms: float, unit: str
) -> None:
    """Raise InputError if the times are likely in another unit.

    Args:
        t_ms: [P] times (ms).
        usual_ms: The usual step from row to row (ms).
        too_fast: Whether no mouse reports so often.
        px_per_ms: The usual speed of the steps that move.
        unit: The unit that they were read in.
    """
    speeds = {one: px_per_ms * MS_PER_UNIT[unit] / ms for one, ms in MS_PER_UNIT.items()}
    if too_fast or usual_ms > _SLOWEST_STEP_MS:
        other = likely_unit(t_ms / MS_PER_UNIT[unit])
        if other != unit and speeds[other] <= _FASTEST_PX_PER_MS:
            raise InputError(
                f"read in {UNIT_NAMES[unit]}, its usual step from row to row takes {usual_ms:,.4g} ms; if "
                f"the times are in {UNIT_NAMES[other]}, give source.time_unit={other}, or "
                "source.time_unit=auto where files differ"
            )
    if unit in ("ns", "us") and px_per_ms > _FASTEST_PX_PER_MS:
        larger = next((u for u in ("us", "ms") if speeds[u] <= _FASTEST_PX_PER_MS), "s")
        raise InputError(
            f"read in {UNIT_NAMES[unit]}, it moves {1000 * px_per_ms:,.0f} px a second from row to row; if "
            f"the times are in {UNIT_NAMES[larger]}, give source.time_unit={larger}"
        )


_FASTEST_PX_PER_MS = 100
"""Ten times as fast as a hand. A slow log in ms has the steps of a fast one in µs: its positions tell."""


def _speed(step_ms: np.ndarray, way_px: np.ndarray) -> float:
    """Return the median speed (px/ms) of the steps that move; 0 where none does."""
    moved = (step_ms > 0) & (way_px > 0)
    return float(np.median(way_px[moved] / step_ms[moved])) if moved.any() else 0.0


def _intervals(t_ms: np.ndarray, step: np.ndarray) -> bool:
    """Return whether these are most likely the times between rows rather than since some moment."""
    rises, falls = int((step > 0).sum()), int((step < 0).sum())
    balanced = falls > _FEW / 4 and abs(rises - falls) < _FEW / 2 + 0.2 * (rises + falls)
    return balanced and bool((t_ms >= 0).all()) and float(np.median(t_ms)) < _SLOWEST_STEP_MS


_FEW = 20
_FASTEST_STEP_MS, _SLOWEST_STEP_MS = 0.12, 1000
_SAME_MS, _MOST_MERGED, _COARSE_MS = 0.5, 0.5, 50
