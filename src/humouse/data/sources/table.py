"""Reads a delimited text log of pointer events and drops the rows that cannot be used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from humouse.data.sources.source import EVENT_SCHEMA, Events
from humouse.errors import InputError

# A remote desktop writes −1 as an unsigned 16-bit number; no screen is that wide.
OVERFLOW_PX = 65535

STATE_WORDS = {
    **dict.fromkeys(("move", "moved", "mousemove", "pointermove"), "move"),
    **dict.fromkeys(("drag", "dragged"), "drag"),
    **dict.fromkeys(("press", "pressed", "down", "mousedown", "pointerdown", "click"), "press"),
    **dict.fromkeys(("release", "released", "up", "mouseup", "pointerup"), "release"),
    **dict.fromkeys(("scroll", "wheel"), "scroll"),
}


@dataclass(frozen=True)
class LogFormat:
    """Which columns a log has and what they mean.

    Args:
        t: Column of the time.
        x: Column of the horizontal position (px).
        y: Column of the vertical position (px, downwards).
        state: Column of the kind of event, or None where every row is a move.
        user: Column of the person's name, or None where the file's path names them.
        session: Column of the session's name, or None where a file is one session.
        ms_per_unit: Milliseconds in one unit of the time column.
        separator: Character between the fields.
        quote: Character around quoted fields, or None where quotes have no meaning; there, one stray
            quote would otherwise hide all rows up to the next.
        words: The state column's words, in lower case → "move", "drag", "press", "release" or
            "scroll".
    """

    t: str
    x: str = "x"
    y: str = "y"
    state: str | None = "state"
    user: str | None = None
    session: str | None = None
    ms_per_unit: float = 1.0
    separator: str = ","
    quote: str | None = None
    words: Mapping[str, str] = field(default_factory=lambda: STATE_WORDS)

    @property
    def columns(self) -> list[str]:
        """Every column that the format needs."""
        named = (self.t, self.x, self.y, self.state, self.user, self.session)
        return [column for column in named if column is not None]


def read_events(path: Path, log: LogFormat, user: str | None) -> Events:
    """Return the events of one log file.

    Times are rounded to whole ms and positions to whole px. A row is dropped, and counted, when it
    is "unreadable" (cut short, not text, not a number, an unknown state, no user), "not finite"
    (NaN or infinite), "out of range" (a coordinate of 65535 or beyond) or "backwards" (its time
    lies before the row above). A clock that was reset therefore costs one row; what follows starts
    a new gesture.

    Args:
        path: The file; one without any row gives no events.
        log: Its columns and units.
        user: Who moved, unless the log's own column says it.

    Raises:
        InputError: The file cannot be read, or a column is missing.
    """
    raw = _raw(path, log)
    if raw is None:
        return Events(pl.DataFrame(schema=EVENT_SCHEMA), {})
    rows = raw.select(
        t=pl.col(log.t) * log.ms_per_unit,
        x=pl.col(log.x),
        y=pl.col(log.y),
        state=pl.lit("move") if log.state is None else _state(pl.col(log.state), log.words),
        user=pl.lit(user) if log.user is None else pl.col(log.user),
        session=pl.lit("") if log.session is None else pl.col(log.session).fill_null(""),
    )
    return clean(rows, by_person=log.user is not None or log.session is not None)


def _raw(path: Path, log: LogFormat) -> pl.DataFrame | None:
    """Return the needed columns, numbers as Float64 (null where unreadable); None if no rows."""
    numbers = dict.fromkeys((log.t, log.x, log.y), pl.Float64())
    try:
        if not _check_header(path, log):
            return None
        return pl.read_csv(
            path,
            columns=log.columns,
            schema_overrides={name: numbers.get(name, pl.String()) for name in log.columns},
            separator=log.separator,
            quote_char=log.quote,
            encoding="utf8-lossy",
            ignore_errors=True,
            truncate_ragged_lines=True,
            glob=False,
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: cannot be read ({reason})") from error


def _check_header(path: Path, log: LogFormat) -> bool:
    """Return whether the file has any line; raise InputError if the first lacks a column."""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        header = next((line.strip() for line in file if line.strip()), None)
    if header is None:
        return False
    found = [name.strip(log.quote) for name in header.split(log.separator)]
    check_columns(path, found, log.columns)
    return True


def check_columns(path: Path, found: Sequence[str], needed: Sequence[str]) -> None:
    """Raise InputError if the columns that a file's first line names lack one that is needed."""
    for column in needed:
        if column not in found:
            first = ", ".join(found)
            first = first if len(first) <= 100 else first[:100] + "…"
            raise InputError(
                f"{path}: no column {column!r}; its first line names {first}; remove the file, or "
                "choose the source or the column names that fit it"
            )


def _state(column: pl.Expr, words: Mapping[str, str]) -> pl.Expr:
    word = column.str.strip_chars().str.to_lowercase()
    return word.replace_strict(dict(words), default=None, return_dtype=pl.String())


def clean(rows: pl.DataFrame, *, by_person: bool) -> Events:
    """Return the usable rows as events, and how many were dropped for what; see `read_events`.

    Args:
        rows: One row an event: `t` (ms), `x` and `y` (px, downwards) as Float64, `state`, `user`, and
            `session`, whatever tells one uninterrupted recording of a person from the next.
        by_person: Whether rows of several people or sessions may alternate.
    """
    dropped = {}

    def keep(reason: str, good: pl.Expr) -> None:
        nonlocal rows
        kept = rows.filter(good)
        if kept.height < rows.height:
            dropped[reason] = rows.height - kept.height
        rows = kept

    numbers = ("t", "x", "y")
    keep("unreadable", pl.all_horizontal(pl.col(*numbers, "state", "user").is_not_null()))
    keep("not finite", pl.all_horizontal(pl.col(*numbers).is_finite()))
    # Times that no int64 holds are as unusable as such a coordinate.
    within = pl.all_horizontal(pl.col("x", "y").abs() < OVERFLOW_PX, pl.col("t").abs() < 2.0**53)
    keep("out of range", within)
    if by_person:  # rows of several people may alternate: sort them out before time
        rows = rows.sort("user", "session", maintain_order=True)
    rows = rows.with_columns(run=pl.struct("user", "session").rle_id(), t=pl.col("t").round())
    same_run = pl.col("run") == pl.col("run").shift(1)
    backwards = (pl.col("t").diff() < 0) & same_run
    keep("backwards", ~backwards.fill_null(False))
    table = rows.select(
        t_ms=pl.col("t").cast(pl.Int64),
        x_px=pl.col("x").round().cast(pl.Int32),
        y_px=pl.col("y").round().cast(pl.Int32),
        state=pl.col("state").cast(EVENT_SCHEMA["state"]),
        user="user",
        run="run",
    )
    return Events(table, dropped)
