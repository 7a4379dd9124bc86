"""Reads tables of points, one row per point, as movements."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float64, Int64

from humouse.errors import InputError
from humouse.gestures import GestureRules, Gestures, begins, cut
from humouse.point_cells import PointCells, PointColumns, read_cells
from humouse.time_unit import MS_PER_UNIT, check_unit

MOST_STEPS = 4096
"""The longest movement, in steps. A mistaken unit then is an error instead of a full memory."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where B movements stand in the table that they come from.

    Args:
        movement: [B] what they are called there; the number of each where they have no names.
        row: [B] row of their first point, from 0.
        t: [B] time of their first point, as the table has it; NaN where it has none.
        session: [B] the session they belong to, "" where the table names none; None where it has
            no such column.
    """

    movement: np.ndarray
    row: Int64[np.ndarray, "B"]
    t: Float64[np.ndarray, "B"]
    session: np.ndarray | None = None

    def __getitem__(self, rows: Any) -> "Places":
        """Return the places of some of the movements."""
        session = None if self.session is None else self.session[rows]
        return Places(self.movement[rows], self.row[rows], self.t[rows], session)

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def joined(cls, parts: Sequence["Places"]) -> "Places":
        """Return the places of `parts`, one after the other; sessions only if every part has them."""
        movement, row, t, session = (
            [getattr(part, name) for part in parts] for name in ("movement", "row", "t", "session")
        )
        has_sessions = all(one is not None for one in session)
        return cls(
            np.concatenate(movement),
            np.concatenate(row),
            np.concatenate(t),
            np.concatenate(session) if has_sessions else None,
        )


@dataclass(frozen=True, eq=False)
class FoundMovements:
    """The movements in a table of points.

    Args:
        gestures: The movements.
        places: Where they stand.
        left_out: The places of what is no usable movement.
        left_out_user: Who moved there.
        reasons: What is wrong with each of those.
    """

    gestures: Gestures
    places: Places
    left_out: Places
    left_out_user: np.ndarray
    reasons: list[str]


def movements_of(
    points: Any,
    columns: PointColumns,
    *,
    time_unit: str | None = None,
    rules: GestureRules | None = None,
    where: str = "points",
    strict: bool = True,
    rounded: bool = True,
) -> FoundMovements:
    """Return the movements in a table of points.

    The points of one movement are those with the same movement, user and session, wherever they
    stand. Where no column has the movement, the stream of each user and session is cut by the rules.

    Args:
        points: A frame of polars or pandas, or any other mapping of names to columns.
        columns: Which column is which.
        time_unit: Unit of the times: "s", "ms" or "us". None is "ms", and an error where that cannot
            be right.
        rules: What counts as a gesture, where a stream is cut; those of `humouse data prepare` by
            default.
        where: What errors call the table.
        strict: Whether what cannot be used is an error; otherwise it is left out, with the reason.
        rounded: Whether positions and times are rounded to whole px and ms. Otherwise positions stay
            as they are and times have a resolution of 1 us.

    Raises:
        InputError: A column is missing or holds no number; the unit of time is unknown or cannot be
            right. With `strict`, also: a cell is no finite number; a movement's time runs backwards,
            or it has a single point or more than `MOST_STEPS`; no gesture is left.
    """
    if time_unit not in (None, *MS_PER_UNIT):
        raise InputError(f"time_unit={time_unit!r}: choose {', '.join(MS_PER_UNIT)}")
    cells = read_cells(points, columns, where, strict=strict)
    t_ms = cells.t * MS_PER_UNIT[time_unit or "ms"]
    named = columns.movement is not None
    number = _numbered(cells.user, cells.session, *([cells.movement] if named else []))
    divide = _split if named else _cut
    found = divide(cells, t_ms, number, rules or GestureRules(), rounded)
    if strict:
        _check_found(found, cells, named, where)
    if strict or time_unit is None:
        check_unit(t_ms, number, time_unit or "ms", where, strict=strict)
    return _placed(found, cells, named, columns.session is not None)


def _placed(found: Gestures, cells: PointCells, named: bool, in_sessions: bool) -> FoundMovements:
    """Return the movements found, with their places and those of what was left out."""
    left_out = np.array(sorted(found.left_out), np.int64)
    session = cells.session if in_sessions else None

    def places(rows: np.ndarray, names: np.ndarray) -> Places:
        return Places(names, rows, cells.t[rows], None if session is None else session[rows])

    numbers = np.arange(len(found.first)).astype(str)
    kept = places(found.first, cells.movement[found.first] if named else numbers)
    unused = places(left_out, cells.movement[left_out])
    reasons = [found.left_out[row] for row in left_out.tolist()]
    return FoundMovements(found, kept, unused, cells.user[left_out], reasons)


def _numbered(*names: np.ndarray) -> Int64[np.ndarray, "P"]:
    """Return [P] a number for each point, the same where all names are, in order of appearance."""
    number = np.zeros(len(names[0]), np.int64)
    for values in names:
        codes = np.unique(values, return_inverse=True)[1]
        number = np.unique(number * (codes.max() + 1) + codes, return_inverse=True)[1]
    _, seen = np.unique(number, return_index=True)
    place = np.empty(len(seen), np.int64)
    place[np.argsort(seen)] = np.arange(len(seen))
    return place[number]


def _check_found(found: Gestures, cells: PointCells, named: bool, where: str) -> None:
    """Raise InputError for the first movement that cannot be used, or if none is left of a stream."""
    if named and found.left_out:
        row = min(found.left_out)
        raise InputError(
            f"{where}: movement {str(cells.movement[row])!r} has {found.left_out[row]}"
        )
    if not len(found.lengths):
        dropped = ", ".join(f"{count:,} {reason}" for reason, count in found.dropped.items())
        raise InputError(
            f"{where}: no gesture is left ({dropped}); if time_unit is right, name the movements "
            "(columns.movement=NAME, in Python movement=NAME), or loosen rules=GestureRules(…) in Python"
        )


def _clock(t_ms: np.ndarray, zero_ms: Any, rounded: bool) -> np.ndarray:
    """Return times counted from a moment, whole ms or at a resolution of 1 us.

    An epoch in ms has no digits beyond that in float64, so that a finer step would be noise.
    """
    return (t_ms - zero_ms).round(0 if rounded else 3)


def _cut(
    cells: PointCells, t_ms: np.ndarray, number: np.ndarray, rules: GestureRules, rounded: bool
) -> Gestures:
    """Return the gestures of each stream, whose points may stand between those of others."""
    order = np.argsort(number, kind="stable")
    t_ms, stream, position_px = t_ms[order], number[order], cells.position_px[order]
    # One absurd time must not take the digits of the others.
    t_ms = _clock(t_ms, np.nanmin(t_ms) if rounded else np.nanmedian(t_ms), rounded)
    position_px = position_px.round() if rounded else position_px
    apart = stream[1:] != stream[:-1]
    # A gesture with a faulty point is left out whole: its halves would start or end at full speed.
    filled = pl.DataFrame({"t": t_ms, "stream": stream}).select(
        pl.col("t").fill_nan(None).forward_fill().backward_fill().over("stream").fill_null(0.0)
    )
    gesture = begins(filled["t"].to_numpy(), apart, rules).cumsum()
    faulty = np.isin(order, list(cells.faults))
    broken = np.isin(gesture, gesture[faulty])
    first, at = np.unique(gesture[faulty], return_index=True)
    faults = {
        int(order[np.searchsorted(gesture, one)]): cells.faults[int(row)]
        for one, row in zip(first, order[faulty][at], strict=True)
    }
    order, gesture = order[~broken], gesture[~broken]
    apart = gesture[1:] != gesture[:-1]
    found = cut(t_ms[~broken], position_px[~broken], cells.user[order], apart, rules)
    words = {
        "few events": f"fewer than {rules.min_events} points between two pauses",
        "many events": f"more than {rules.max_events} points between two pauses",
        "short path": f"a path of less than {rules.min_distance_px:g} px",
    }
    left_out = {int(order[k]): words[reason] for k, reason in found.left_out.items()}
    return replace(found, first=order[found.first], left_out=faults | left_out)


def _split(
    cells: PointCells, t_ms: np.ndarray, number: np.ndarray, _: GestureRules, rounded: bool
) -> Gestures:
    """Return the movements that the points name, in the order in which they begin."""
    order = np.argsort(number, kind="stable")
    count = np.bincount(number)
    first = order[np.r_[0, count.cumsum()[:-1]]]
    complaints = _complaints(t_ms[order], order, count, cells.faults)
    left_out = {int(first[k]): complaint for k, complaint in complaints.items()}
    usable = np.ones(len(count), bool)
    usable[list(complaints)] = False
    order, count, first = order[np.repeat(usable, count)], count[usable], first[usable]
    # From its first point on each movement's clock is rounded, as a device that starts with it would.
    t_ms = _clock(t_ms[order], np.repeat(t_ms[first], count), rounded)
    position_px = cells.position_px.round() if rounded else cells.position_px
    is_step = np.ones(len(order), bool)
    is_step[np.r_[0, count.cumsum()[:-1]] if len(count) else []] = False
    values = np.column_stack([position_px[order], t_ms])
    steps = np.diff(values, axis=0, prepend=values[:1])[is_step].astype(np.float32)
    return Gestures(
        steps,
        (count - 1).astype(np.int64),
        position_px[first].astype(np.float32),
        cells.user[first],
        {},
        0,
        0,
        first,
        left_out,
    )


_SORT = "sort its points by time, repair its clock, or give two movements two names"


def _complaints(
    t_ms: np.ndarray, row: np.ndarray, count: np.ndarray, faults: dict[int, str]
) -> dict[int, str]:
    """Return number → what is wrong, of the movements that cannot be used.

    Args:
        t_ms: [P] times (ms); the points of each movement stand one after the other.
        row: [P] the rows that they come from.
        count: [B] points of each movement.
        faults: Row → what is wrong with its cells.
    """
    number = np.repeat(np.arange(len(count)), count)
    back = np.flatnonzero((np.diff(t_ms) < 0) & (number[1:] == number[:-1])) + 1
    complaints = {
        int(number[k]): f"a time that runs backwards (row {row[k]}); {_SORT}" for k in back[::-1]
    }
    for bad, complaint in _sizes(count, 2):
        complaints |= dict.fromkeys(np.flatnonzero(bad).tolist(), complaint)
    if faults:
        faulty = np.flatnonzero(np.isin(row, list(faults)))
        complaints |= {int(number[k]): faults[int(row[k])] for k in faulty[::-1]}
    return complaints


def check_points(names: np.ndarray, count: np.ndarray, where: str, fewest: int = 2) -> None:
    """Raise InputError unless each movement has points enough but not too many.

    Args:
        names: [B] what the movements are called.
        count: [B] points of each.
        where: What errors call the table.
        fewest: How many points are enough.
    """
    for bad, complaint in _sizes(count, fewest):
        if bad.any():
            raise InputError(f"{where}: movement {names.tolist()[bad.argmax()]!r} has {complaint}")


def _sizes(count: np.ndarray, fewest: int) -> tuple[tuple[np.ndarray, str], ...]:
    return (
        (count < fewest, "a single point; a movement needs at least 2"),
        (count > MOST_STEPS, f"more than {MOST_STEPS} points; cut it into single movements"),
    )
