"""The one form of events, and what became of the rows that they were read from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

STATES = ("move", "drag", "press", "release", "scroll")
MOVED = ("move", "drag")
"""The states of a point."""
IGNORE = "ignore"
"""State of a row that says nothing of the mouse."""
ROW_STATE = pl.Enum([*STATES, IGNORE])

EVENT_SCHEMA = pl.Schema(
    {
        "t_ms": pl.Int64(),
        "x_px": pl.Int32(),
        "y_px": pl.Int32(),
        "state": pl.Enum(STATES),
        "user": pl.String(),
        "run": pl.UInt32(),
    }
)


@dataclass(frozen=True, eq=False)
class Events:
    """The events of one recording.

    Args:
        table: One row an event, in `EVENT_SCHEMA`, in the order of time. `run` numbers the
            uninterrupted recordings in the file: no gesture spans two of them.
        dropped: Number of rows left out, by reason.
        repaired: Number of rows put right, by what was done.
        warnings: Sentences on what is likely not as it should be.
        usual_step_ms: Usual time between two points while the mouse moves; None where it hardly does.
        sessions: Run → the name of its session, where the file names one.
        unit: What its times were in: a unit, or "date"; None where they say it by themselves.
    """

    table: pl.DataFrame
    dropped: Mapping[str, int]
    repaired: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    sessions: Mapping[int, str] = field(default_factory=dict)
    usual_step_ms: float | None = None
    unit: str | None = None


@dataclass(frozen=True, eq=False)
class Reading:
    """The rows of a recording as it has them.

    Args:
        rows: t (ms), x, y (px, downwards) as Float64 and state, and where the file says them user and
            session; null where unreadable.
        unit: What the times were in: a unit, or "date".
        unknown: Unknown words of the state column, with their counts.
        warnings: Sentences on what the columns suggest.
        unreadable: The first cell that no number or time can be read from: "t says '9 PM'"; "" for none.
    """

    rows: pl.DataFrame
    unit: str
    unknown: Mapping[str, int]
    warnings: tuple[str, ...]
    unreadable: str = ""


def no_events() -> Events:
    """Return the events of a file without a row."""
    return Events(pl.DataFrame(schema=EVENT_SCHEMA), {})


def joined(parts: Sequence[Events]) -> Events:
    """Return the events of all parts of a recording, at least one, as one."""
    if len(parts) == 1:
        return parts[0]
    dropped, repaired = Counter[str](), Counter[str]()
    for part in parts:
        dropped.update(part.dropped)
        repaired.update(part.repaired)
    table = pl.concat([part.table for part in parts])
    return replace(parts[-1], table=table, dropped=dict(dropped), repaired=dict(repaired))
