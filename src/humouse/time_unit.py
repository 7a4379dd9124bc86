"""The unit of the times in a table of points, and whether it can be right."""

import numpy as np
import polars as pl

from humouse.errors import InputError

MS_PER_UNIT = {"s": 1000.0, "ms": 1.0, "us": 1e-3, "ns": 1e-6}
UNIT_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}

_SHORTEST_MS = 10
"""Movements that all take less are most likely read in too small a unit."""
_FASTEST_STEP_MS, _SLOWEST_STEP_MS = 0.12, 1000
"""No mouse reports more often; a log whose usual step is longer is no log of movements."""


def check_unit(
    t_ms: np.ndarray, number: np.ndarray, unit: str, where: str, *, strict: bool
) -> None:
    """Raise InputError if the times are likely in another unit.

    Args:
        t_ms: [P] times (ms) as they were read, NaN for none.
        number: [P] which movement or stream each point belongs to.
        unit: The unit that they were read in.
        where: What errors call the table.
        strict: Whether nobody can insist on the unit; then only what is too short is refused.
    """
    usable = np.isfinite(t_ms)
    t_ms, number = t_ms[usable], number[usable]
    order = np.argsort(number, kind="stable")
    same = np.diff(number[order]) == 0
    steps = pl.DataFrame({"ms": np.diff(t_ms[order])[same], "number": number[order][1:][same]})
    steps = steps.filter(pl.col("ms") > 0)
    if not len(steps):
        if strict:
            raise InputError(f"{where}: no movement takes any time; repair the column of the time")
        return
    first = np.flatnonzero(np.diff(number[order], prepend=-1))
    latest, earliest = (end.reduceat(t_ms[order], first) for end in (np.maximum, np.minimum))
    span_ms = latest - earliest
    # Each movement has one vote, so that a single long one does not speak for the file.
    usual = np.median(steps.group_by("number").median()["ms"].to_numpy())
    longest = span_ms.max()
    seen = f"the longest movement takes {round(longest, 2):,g} ms"
    if (longest < _SHORTEST_MS or (usual < _FASTEST_STEP_MS and not strict)) and unit != "s":
        likely = "ms" if unit == "us" and longest * 1e3 >= _SHORTEST_MS else "s"
    elif usual > _SLOWEST_STEP_MS and not strict:
        likely, seen = "us", f"the usual step from point to point takes {usual:,.0f} ms"
    else:
        return
    right = "" if strict else f"; if they are in {UNIT_NAMES[unit]} all the same, time_unit={unit}"
    raise InputError(
        f"{where}: {seen}; if the times are in {UNIT_NAMES[likely]}, give time_unit={likely}{right}"
    )
