"""Reads tables of points, one row per point, as movements."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64

from humouse.errors import InputError, nearest
from humouse.gestures import GestureRules, Gestures, cut

MS_PER_UNIT = {"s": 1000.0, "ms": 1.0, "us": 1e-3}

MOST_STEPS = 4096
"""The longest movement, in steps. A mistaken unit then is an error instead of a full memory."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where B movements stand in the table that they come from.

    Args:
        movement: [B] what they are called there; the number of each where they have no names.
        row: [B] row of their first point, from 0.
        t: [B] time of their first point, as the table has it; NaN where it has none.
        session: [B] the session that they belong to, or None where the table names none.
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


# Times in seconds that are read as ms end within this.
_IN_SECONDS_MS = 10


def movements_of(
    points: Any,
    *,
    t: str,
    x: str,
    y: str,
    movement: str | None,
    user: str | None,
    time_unit: str,
    rules: GestureRules,
    where: str = "points",
    strict: bool = True,
    session: str | None = None,
) -> FoundMovements:
    """Return the movements in a table of points.

    Args:
        points: A frame of polars or pandas, or any other mapping of names to columns.
        t: Column of the time, from whatever moment.
        x: Column of the horizontal position (px).
        y: Column of the vertical position (px, downwards).
        movement: Column of the movement's number or name; None cuts the stream of each person by
            the rules.
        user: Column of the person's name, or None.
        time_unit: Unit of the times: "s", "ms" or "us".
        rules: What counts as a gesture, where the stream is cut.
        where: What errors call the table.
        strict: Whether a movement that cannot be used is an error, and the others are put on whole px and
            ms, as most devices report them. Otherwise it is left out, and fractions are kept.
        session: Column of the session's name, or None; a stream is cut where it changes.

    Raises:
        InputError: A column is missing or holds something that is no finite number; a movement's time
            runs backwards, or it has a single point or more than `MOST_STEPS`; no gesture is left;
            the unit of time is unknown or cannot be right.
    """
    if time_unit not in MS_PER_UNIT:
        raise InputError(f"time_unit={time_unit!r}: choose {', '.join(MS_PER_UNIT)}")
    for column in (t, x, y, movement, user, session):
        if column is not None:
            _check_column(points, column, where)
    t_given = _numbers(points, t, where, strict)
    t_ms = t_given * MS_PER_UNIT[time_unit]
    position_px = np.stack([_numbers(points, one, where, strict) for one in (x, y)], 1)
    if not len(t_ms):
        raise InputError(f"{where}: holds no movement")
    who = _names(points, user, where) if user else np.full(len(t_ms), "")
    when = _names(points, session, where) if session else None
    faulty = ~np.isfinite(np.column_stack([t_ms, position_px])).all(1)
    if faulty.all():
        raise InputError(f"{where}: no row has a time and a position that are finite numbers")
    # Epochs take more digits than float32 has; where the clock starts does not matter.
    t_ms = t_ms - np.nanmin(t_ms[~faulty])
    if movement is None:
        usable = np.flatnonzero(~faulty)
        stream = who if when is None else np.char.add(np.char.add(who, "\n"), when)
        found = _cut(t_ms[usable], position_px[usable], stream[usable], rules, where, strict)
        unused = {int(usable[row]): reason for row, reason in found.left_out.items()}
        unused |= dict.fromkeys(np.flatnonzero(faulty).tolist(), _NO_NUMBER)
        first = usable[found.first]
        found, names = replace(found, first=first, user=who[first], left_out=unused), None
    else:
        names = _names(points, movement, where)
        found = _split(t_ms, position_px, who, names, faulty, where, strict)
    longest_ms = np.add.reduceat(found.steps[:, 2], np.r_[0, found.lengths.cumsum()[:-1]]).max()
    if longest_ms < _IN_SECONDS_MS:
        raise InputError(
            f"{where}: the longest movement takes {longest_ms:g} ms; if the times are in seconds, give "
            "time_unit=s"
        )
    rows, left_out = found.first, np.array(list(found.left_out), np.int64)
    numbers = np.arange(len(rows)).astype(str)
    nameless = np.full(len(left_out), "")
    places, apart = (
        Places(called, at, t_given[at], None if when is None else when[at])
        for called, at in (
            (numbers if names is None else names[rows], rows),
            (nameless if names is None else names[left_out], left_out),
        )
    )
    return FoundMovements(found, places, apart, who[left_out], list(found.left_out.values()))


def _check_column(points: Any, column: str, where: str) -> None:
    names = points.keys() if isinstance(points, Mapping) else getattr(points, "columns", None)
    if names is None:
        raise InputError(
            f"{where}: a {type(points).__name__} is no table; give a frame of polars or pandas, or a "
            "dict of columns"
        )
    if column not in (names := [str(name) for name in names]):
        raise InputError(
            f"{where}: no column {column!r}; {nearest(column, names)} or say what it is called, as in "
            "columns.t=time columns.x=clientX (in Python t=…, x=…)"
        )


_NO_NUMBER = "a time or position that is not a finite number"


def _numbers(points: Any, column: str, where: str, strict: bool) -> Float64[np.ndarray, "P"]:
    """Return a column's numbers; what is none is an error, or NaN where not `strict`."""
    values = np.asarray(points[column])
    try:
        numbers = values.astype(np.float64)
    except (TypeError, ValueError):
        numbers = np.array([_number(value) for value in values])
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad) and strict:
        raise InputError(
            f"{where}: column {column!r}, row {bad[0] + 1}: {values[bad].tolist()[0]!r} is not a finite "
            f"number{f', nor are {len(bad) - 1:,} more' if len(bad) > 1 else ''}; repair or remove them"
        )
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _names(points: Any, column: str, where: str) -> np.ndarray:
    values = np.asarray(points[column])
    # None, and the NaN that pandas writes for it: it is not even equal to itself.
    missing = sum(value is None or value != value for value in values.tolist())
    if missing:
        raise InputError(f"{where}: {missing:,} points name no {column}")
    return values.astype(str)


def _cut(
    t_ms: np.ndarray,
    position_px: np.ndarray,
    user: np.ndarray,
    rules: GestureRules,
    where: str,
    rounded: bool,
) -> Gestures:
    """Return the gestures of each person's stream, whose points may stand between those of others."""
    order = np.argsort(np.unique(user, return_inverse=True)[1], kind="stable")
    t_ms, position_px, user = t_ms[order], position_px[order], user[order]
    if rounded:
        t_ms, position_px = t_ms.round(), position_px.round()
    found = cut(t_ms, position_px, user, user[1:] != user[:-1], rules)
    if not len(found.lengths):
        dropped = ", ".join(f"{count:,} {reason}" for reason, count in found.dropped.items())
        raise InputError(
            f"{where}: no gesture is left ({dropped}); if time_unit is right, loosen rules=GestureRules(…), "
            "or name the movements with movement="
        )
    words = {
        "few events": f"fewer than {rules.min_events} points between two pauses",
        "many events": f"more than {rules.max_events} points between two pauses",
        "short path": f"a path of less than {rules.min_distance_px:g} px",
    }
    left_out = {int(order[number]): words[reason] for number, reason in found.left_out.items()}
    return replace(found, first=order[found.first], left_out=left_out)


def _split(
    t_ms: np.ndarray,
    position_px: np.ndarray,
    user: np.ndarray,
    movement: np.ndarray,
    faulty: Bool[np.ndarray, "P"],
    where: str,
    strict: bool,
) -> Gestures:
    """Return the movements that the points name, in the order in which they begin."""
    names, seen, number = np.unique(movement, return_index=True, return_inverse=True)
    place = np.empty(len(names), np.int64)
    place[np.argsort(seen)] = np.arange(len(names))
    order = np.argsort(place[number], kind="stable")
    count = np.bincount(place[number])
    complaints = _complaints(t_ms[order], count, faulty[order])
    unusable = np.array([bool(complaint) for complaint in complaints])
    first_row = np.sort(seen)
    if unusable.any() and (strict or unusable.all()):
        worst = int(unusable.argmax())
        name = names[np.argsort(seen)][worst]
        raise InputError(f"{where}: movement {str(name)!r} has {complaints[worst]}")
    order, count = order[~np.repeat(unusable, count)], count[~unusable]
    t_ms, position_px, user = t_ms[order], position_px[order], user[order]
    first = np.r_[0, count.cumsum()[:-1]]
    is_step = np.ones(len(t_ms), bool)
    is_step[first] = False
    # From its first point on each movement's clock is rounded, as a device that starts with it would.
    t_ms = t_ms - np.repeat(t_ms[first], count)
    if strict:
        t_ms, position_px = t_ms.round(), position_px.round()
    values = np.column_stack([position_px, t_ms])
    steps = np.diff(values, axis=0, prepend=values[:1])[is_step].astype(np.float32)
    start = position_px[first].astype(np.float32)
    left_out = {int(first_row[k]): complaints[k] for k in np.flatnonzero(unusable)}
    return Gestures(
        steps,
        (count - 1).astype(np.int64),
        start,
        user[first],
        {},
        0,
        first_row[~unusable].astype(np.int64),
        left_out,
    )


def _complaints(t_ms: np.ndarray, count: np.ndarray, faulty: np.ndarray) -> list[str]:
    """Return what is wrong with each movement, "" for nothing; their points stand one after the other."""
    number = np.repeat(np.arange(len(count)), count)
    backwards = np.zeros(len(count), bool)
    backwards[number[1:][(np.diff(t_ms) < 0) & (number[1:] == number[:-1])]] = True
    complaints = np.where(
        backwards, "a time that runs backwards; sort its points by time, or repair its clock", ""
    ).astype(object)
    for bad, complaint in _sizes(count, 2):
        complaints[bad] = complaint
    complaints[number[faulty]] = _NO_NUMBER
    return complaints.tolist()


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
