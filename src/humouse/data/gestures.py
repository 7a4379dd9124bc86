"""From tables of pointer events to gestures, and from gestures to `Trajectories`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from humouse.data.events.event import STATES, Events
from humouse.gestures import GestureRules, Gestures, cut, last_begin
from humouse.trajectories import Trajectories

_IN_SIGHT = 2**14


def cut_parts(parts: Iterable[Events], rules: GestureRules) -> Iterator[tuple[Events, Gestures]]:
    """Yield the events of each part of a recording, and the gestures in them.

    What comes after the last begin of a gesture waits for the next part, so the gestures do not depend on
    where the parts end.

    Args:
        parts: The events of one recording, in order.
        rules: What counts as a gesture.
    """
    waiting: Events | None = None
    for part in parts:
        if waiting is not None:
            at = _last_begin(waiting.table, rules)
            yield _with_gestures(replace(waiting, table=waiting.table[:at]), rules)
            part = replace(part, table=pl.concat([waiting.table[at:], part.table]))
        waiting = part
    if waiting is not None:
        yield _with_gestures(waiting, rules)


def _with_gestures(events: Events, rules: GestureRules) -> tuple[Events, Gestures]:
    return events, cut_gestures(events.table, rules)


def _last_begin(events: pl.DataFrame, rules: GestureRules) -> int:
    """Return the row of the last begin of a gesture, 0 where there is none among the last rows."""
    seen = events.tail(_IN_SIGHT)
    motion, points = _points(seen, rules)
    at = last_begin(points.t_ms, points.position_px, points.apart, rules)
    return events.height - seen.height + int(np.flatnonzero(motion)[at]) if at else 0


def cut_gestures(events: pl.DataFrame, rules: GestureRules) -> Gestures:
    """Return the gestures in a table of events.

    Only moves and drags are points; scrolls are ignored. A gesture ends at a press or release, at a pause
    longer than `gap_ms`, where time runs backwards and where another run begins.

    Args:
        events: In the form of `humouse.data.sources.EVENT_SCHEMA`.
        rules: What counts as a gesture.

    Returns:
        The gestures; `first` numbers rows of the table.
    """
    motion, points = _points(events, rules)
    user = events["user"].to_numpy()[motion]
    found = cut(points.t_ms, points.position_px, user, points.apart, rules)
    return replace(found, first=np.flatnonzero(motion)[found.first])


class _Points(NamedTuple):
    t_ms: np.ndarray
    position_px: np.ndarray
    apart: np.ndarray


def _points(events: pl.DataFrame, rules: GestureRules) -> tuple[np.ndarray, _Points]:
    """Return which rows are points, and these."""
    state = events["state"].to_physical().to_numpy()
    motion = state <= STATES.index("drag")
    button = (state == STATES.index("press")) | (state == STATES.index("release"))
    cuts = (button & rules.cut_at_presses).cumsum()[motion]
    run = events["run"].to_numpy()[motion]
    t_ms = events["t_ms"].to_numpy()[motion]
    position_px = events.select("x_px", "y_px").to_numpy()[motion]
    apart = (np.diff(cuts) != 0) | (run[1:] != run[:-1])
    return motion, _Points(t_ms, position_px, apart)


def to_trajectories(parts: Sequence[Gestures], origin: str) -> Trajectories:
    """Return the gestures of all `parts` as one batch, padded to the longest.

    Args:
        parts: At least one.
        origin: The dataset's name.
    """
    return Trajectories.from_steps(
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.lengths for part in parts]),
        np.concatenate([part.start for part in parts]),
        np.concatenate([part.user for part in parts]),
        origin,
    )
