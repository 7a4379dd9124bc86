"""What sessions are kept as, tables of events, and the movements in them."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from jaxtyping import Float, Float64

from humouse.capture.payload import Batch, Events, Kind, Pointer
from humouse.gestures import GestureRules, cut
from humouse.service.messages import Movement
from humouse.steps import Steps

_KINDS, _POINTERS = get_args(Kind), get_args(Pointer)
_T, _X, _Y, _KIND, _POINTER = range(5)
_X_Y_T = [_X, _Y, _T]
_COLUMNS = 6  # buttons are the last
_LARGEST = 1e9
"""A number beyond this is no time of a movement and no place on a screen."""
_AHEAD_MS = 86_400_000
"""By how much visitors' clocks may be ahead."""
MOVEMENT = "movement:"
"""Before the name of a movement that was given whole, where batches have theirs."""
_LATEST = 2.0**53
"""A time (ms) beyond this has no whole ms."""
_RESOLUTION = 3
"""Digits of a ms or px that are kept: finer ones are noise of the arithmetic."""


@dataclass(frozen=True, eq=False)
class Found:
    """A movement of N points.

    Args:
        name: What it is called, in its session; `Stored.name` of one that was given whole.
        began_ms: When it began (ms since 1970); sets the order.
        points: [N, 3] t (ms), x, y (px).
    """

    name: str
    began_ms: float
    points: Float64[np.ndarray, "N 3"]


@dataclass(frozen=True, eq=False)
class Stored:
    """A batch of events, or a movement given whole.

    Args:
        name: Of the batch; a movement's begins with `MOVEMENT`, which no batch's can.
        digest: Of what it holds.
        began_ms: Of a batch, the page's time origin; of a movement, when it came (ms since 1970).
        number: Of the batch in its page.
        events: [N, 6] t (ms), x, y (px), number of the kind, number of the pointer, buttons; packed.
        count: N.
    """

    name: str
    digest: str
    began_ms: float
    number: int
    events: bytes
    count: int


def packed(events: Events) -> bytes:
    """Return events in the form in which they are stored."""
    table = np.empty((len(events), _COLUMNS))
    table[:, :3] = np.column_stack([events.t_ms, events.x_px, events.y_px])
    table[:, _KIND] = [_KINDS.index(kind) for kind in events.kind]
    table[:, _POINTER] = [_POINTERS.index(pointer) for pointer in events.pointer]
    table[:, -1] = events.buttons
    return zlib.compress(table.tobytes(), 1)


def unpacked(events: bytes) -> Float64[np.ndarray, "N 6"]:
    """Return what `packed` made."""
    return np.frombuffer(zlib.decompress(events)).reshape(-1, _COLUMNS)


def as_events(points: Float64[np.ndarray, "N 3"]) -> bytes:
    """Return a movement in the form in which events are stored."""
    table = np.zeros((len(points), _COLUMNS))
    table[:, :3] = points
    return zlib.compress(table.tobytes(), 1)


def points_of(movement: Movement, most: int) -> Float64[np.ndarray, "N 3"] | str:
    """Return a movement's [N, 3] t (ms), x, y (px); or why it cannot be judged.

    Args:
        movement: As it was sent.
        most: Points it may have.
    """
    columns = {name: getattr(movement, name) for name in ("t_ms", "x_px", "y_px")}
    n = len(movement.t_ms)
    if any(len(values) != n for values in columns.values()):
        counts = ", ".join(f"{name} {len(values)}" for name, values in columns.items())
        return f"columns of different lengths: {counts}"
    if n < 2:
        return f"{n} points; a movement needs at least 2"
    if n > most:
        return f"{n} points, more than {most}; cut it into single movements"
    points = np.array(list(columns.values()), np.float64).T
    usable = np.abs(points) <= (_LATEST, _LARGEST, _LARGEST)  # NaN is not
    if not usable.all():
        row, column = np.argwhere(~usable)[0].tolist()
        return f"{list(columns)[column]}[{row}] is no usable number"
    if (back := np.diff(points[:, _T]) < 0).any():
        return (
            f"a time that runs backwards, t_ms[{int(back.argmax()) + 1}]; sort the points by time"
        )
    return points


def fault_of_batch(batch: Batch, now_ms: float) -> str | None:
    """Return why a batch cannot be kept; None if it can."""
    events = batch.events
    for name in ("t_ms", "x_px", "y_px"):
        values = getattr(events, name)
        if values and max(map(abs, values)) > _LARGEST:
            return f"events.{name}: a number beyond {_LARGEST:,.0f}"
    latest = batch.page.time_origin_ms + max(events.t_ms, default=0.0)
    if latest > now_ms + _AHEAD_MS:
        return "events from the future, by more than a day: page.time_origin_ms is performance.timeOrigin"
    return None


def movements_in(stored: Iterable[Stored], rules: GestureRules) -> list[Found]:
    """Return the movements of a session, in the order of time.

    Events are cut page by page, in the order of their times, whenever they came. What the last event
    of a page belongs to is left out: more of it may come.

    Args:
        stored: Everything that is stored of it.
        rules: What counts as a gesture.
    """
    found: list[Found] = []
    pages: dict[float, list[Stored]] = {}
    for one in stored:
        if one.name.startswith(MOVEMENT):
            points = unpacked(one.events)[:, :3]
            found.append(Found(one.name, one.began_ms, points))
        else:
            pages.setdefault(one.began_ms, []).append(one)
    for origin_ms, batches in pages.items():
        batches.sort(key=lambda batch: batch.number)
        events = np.concatenate([unpacked(batch.events) for batch in batches])
        found += _cut(origin_ms, events[events[:, _T].argsort(kind="stable")], rules)
    return sorted(found, key=lambda one: one.began_ms)


def _cut(origin_ms: float, events: np.ndarray, rules: GestureRules) -> list[Found]:
    """Return the gestures of one page, whose [N, 6] events are in the order of time."""
    events = events[events[:, _POINTER] == _POINTERS.index("mouse")]
    moves = events[:, _KIND] == _KINDS.index("move")
    button = np.isin(events[:, _KIND], [_KINDS.index("down"), _KINDS.index("up")])
    cuts = (button & rules.cut_at_presses).cumsum()[moves]
    points = events[moves, :3].round(_RESOLUTION)
    if not len(points):
        return []
    made = cut(points[:, _T], points[:, 1:], np.full(len(points), ""), np.diff(cuts) != 0, rules)
    ends = np.cumsum(made.lengths)
    result = []
    for first, end, length in zip(made.first.tolist(), ends, made.lengths, strict=True):
        steps = made.steps[end - length : end].astype(np.float64)
        offsets = np.vstack([np.zeros(3), steps.cumsum(0)])
        path = np.roll(offsets, 1, axis=1) + points[first]
        result.append(
            Found(f"{origin_ms:.0f}-{points[first, _T]:.0f}", origin_ms + points[first, _T], path)
        )
    open_end = moves[-1] and result and result[-1].points[-1, _T] >= points[-1, _T] - 1e-3
    return result[:-1] if open_end else result


def as_steps(movements: Sequence[Float[np.ndarray, "_ 3"]], sources: Sequence[str]) -> Steps:
    """Return movements as a detector takes them.

    Args:
        movements: The points of each: t (ms), x, y (px).
        sources: What each belongs to; "" for nothing that is known.
    """
    points = [one[:, _X_Y_T].round(_RESOLUTION) for one in movements]
    steps = np.concatenate([one[1:] - one[:-1] for one in points])
    lengths = np.array([len(one) - 1 for one in movements], np.int64)
    start = np.array([one[0, 1:] for one in movements], np.float32)
    user = np.array(sources, dtype=str)
    return Steps.padded(steps.astype(np.float32), lengths, start, user)
