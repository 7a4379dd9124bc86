"""The order of time: rows out of order nearby are sorted, a clock that was set back is not."""

import numpy as np
import polars as pl

NEARBY = 8
"""Rows by which asynchronous writers are at most out of order."""
_NEARLY_ALL = 0.9


def ordered(rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the rows in the order of time, and how many were repaired for what.

    Where times fall back and exceed what came before within a few rows, these are sorted. Where they stay
    back, the clock was set back: the first row after that is marked in the column `backwards`, and the
    order stays. A run whose times fall nearly everywhere is turned round as a whole.

    Args:
        rows: With the columns `t` and `run`; the rows of a run stand together.
    """
    t, run = rows["t"].to_numpy(), rows["run"].to_numpy()
    backwards = np.zeros(len(t), bool)
    falls = np.flatnonzero((np.diff(t) < 0) & (run[1:] == run[:-1])) + 1
    if not len(falls):
        return rows.with_columns(backwards=pl.lit(False)), {}
    order = np.arange(len(t))
    repaired = {"newest first": 0, "sorted": 0}
    for number in np.unique(run[falls]):
        begin, end = np.searchsorted(run, [number, number + 1])
        part, kind = _run_order(t[begin:end])
        order[begin:end] = begin + part
        count = _falls(t[begin:end]) if kind == "sorted" else end - begin
        times = t[order[begin:end]]
        resets = np.flatnonzero(np.diff(times) < 0) + 1
        backwards[begin + resets] = True
        repaired[kind] += int(count - (len(resets) if kind == "sorted" else 0))
    table = rows[order].with_columns(backwards=pl.Series(backwards))
    return table, {kind: count for kind, count in repaired.items() if count}


def _falls(t: np.ndarray) -> int:
    return int((np.diff(t) < 0).sum())


def _run_order(t: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the order of one run's rows, and what it needed."""
    step = np.diff(t)
    falling = (step < 0).sum()
    if falling > _NEARLY_ALL * (step != 0).sum() and falling > NEARBY:
        turned = np.arange(len(t))[::-1]
        return turned[_nearby_order(t[turned])], "newest first"
    return _nearby_order(t), "sorted"


def _nearby_order(t: np.ndarray) -> np.ndarray:
    """Return the order that sorts each stretch between two moments at which the clock was set back."""
    fell = np.flatnonzero(np.diff(t) < 0) + 1
    part = np.zeros(len(t), np.int64)
    start = 0
    for at in fell.tolist():
        before = t[max(start, at - NEARBY) : at].max() if at > start else t[at]
        if t[at : at + NEARBY].max() < before:
            part[at] = 1
            start = at
    part = part.cumsum()
    return np.lexsort((np.arange(len(t)), t, part))
