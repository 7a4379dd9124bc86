"""Reads one recording: its table → rows in ms and px → events that can be right."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from humouse.data.events.clean import Cleaning
from humouse.data.events.clock import MS_PER_UNIT, numbers, times
from humouse.data.events.definition import Definition
from humouse.data.events.event import ROW_STATE, Events, Reading, joined, no_events
from humouse.data.events.lists import has_lists, long
from humouse.data.events.plausible import Remarks, check
from humouse.data.events.states import STATE_COLUMNS, from_held, states
from humouse.data.reading.content import BLOCK_BYTES
from humouse.data.reading.table import Table, read_table, read_tables
from humouse.errors import InputError

_FALLING = 0.5
_SHOWN = 40


def read_events(path: Path, definition: Definition, user: str | None) -> Events:
    """Return the events of one recording; see `read_parts`."""
    return joined(list(read_parts(path, definition, user)))


def read_parts(
    path: Path, definition: Definition, user: str | None, block_bytes: int = BLOCK_BYTES
) -> Iterator[Events]:
    """Yield the events of one recording, a part at a time where a long file is a row a line.

    Times are rounded to whole ms and positions to whole px. Rows that cannot be used are dropped and
    counted (see `Cleaning`), and so is what no hand does (see `plausible`). Of several parts, the last has
    the warnings.

    A file is read whole where what a row says depends on rows that may stand anywhere: records with lists of
    points, several people's rows, moves since the row above, the newest row first.

    Args:
        path: The file; one without any row gives no events.
        definition: What its columns mean.
        user: Who moved, unless a column says it.
        block_bytes: What of its text is read at a time.

    Raises:
        InputError: The file cannot be read, a column is missing, or what it holds cannot be right.
    """
    parts = _Parts(definition, user)
    tables = _tables(path, definition, block_bytes)
    table = next(tables, None)
    if table is None:
        yield no_events()
    while table is not None:
        following = next(tables, None)
        try:
            events = parts.part(table, last=following is None)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
        yield events
        table = following


def _tables(path: Path, definition: Definition, block_bytes: int) -> Iterator[Table]:
    """Yield the tables of a file: one, or of a long file those of its blocks."""
    if definition.rows_alone:
        tables = read_tables(path, definition.layout, block_bytes)
        if (first := next(tables, None)) is None:
            return
        second = next(tables, None)
        if second is None or not _needs_all(first.frame):
            yield first
            if second is not None:
                yield second
            yield from tables
            return
    if (whole := read_table(path, definition.layout)) is not None:
        yield whole


def _needs_all(frame: pl.DataFrame) -> bool:
    """Return whether a file that begins so has to be seen whole: trials in lists, the newest row first."""
    if has_lists(frame):
        return True
    falling = int((numbers(frame["t"]).diff() < 0).sum())
    return falling > _FALLING * frame.height


class _Parts:
    """Makes events of a recording's tables, in their order."""

    def __init__(self, definition: Definition, user: str | None) -> None:
        self._definition = definition
        self._user = user
        self._cleaning: Cleaning | None = None
        self._remarks = Remarks(definition)

    def part(self, table: Table, *, last: bool) -> Events:
        """Return the events of a table."""
        frame, damage = table.frame, table.damage
        if self._cleaning is None:
            frame, damage = long(frame, damage)
        reading = rows_of(frame, table, self._definition, self._user)
        if self._cleaning is None:
            check(reading.rows, self._definition, reading.unit)
            by_person = self._definition.by_person and "row" not in frame
            self._cleaning = Cleaning(self._definition, self._user, by_person)
            if reading.unit in MS_PER_UNIT:
                self._definition = replace(self._definition, time_unit=reading.unit)
        events = self._cleaning.add(reading.rows, last=last)
        dropped = {**damage.by_reason, **events.dropped}
        events = replace(events, dropped=dropped, unit=reading.unit)
        self._remarks.add(events, reading, damage)
        if not last:
            return events
        warnings = self._remarks.warnings()
        return replace(events, warnings=warnings, usual_step_ms=self._remarks.usual_step_ms)


def rows_of(frame: pl.DataFrame, table: Table, definition: Definition, user: str | None) -> Reading:
    """Return the rows with their times in ms, positions in px and states."""
    t, unit = times(frame["t"], definition.time_unit)
    x, y = numbers(frame["x"]), numbers(frame["y"])
    rows = pl.DataFrame({"t": t, "x": x, "y": y})
    unreadable = _unreadable(frame, rows)
    if "user" in frame:
        who = frame["user"].cast(pl.String).str.strip_chars().replace("", None)
        rows = rows.with_columns(user=definition.user_prefix + who)
    elif user is None:
        rows = rows.with_columns(user=pl.lit(None, pl.String))
    if "session" in frame:
        rows = rows.with_columns(session=frame["session"].cast(pl.String).fill_null(""))
    elif "row" in frame:
        rows = rows.with_columns(session=frame["row"].cast(pl.String))
    state, unknown, warned = _states(frame, table, definition)
    rows = rows.with_columns(state=state)
    apart = [name for name in ("user", "session") if name in rows]

    def each(rule: pl.Expr) -> pl.Expr:
        return rule.over(apart) if apart else rule

    if definition.held:
        rows = rows.with_columns(state=each(from_held(pl.col("state"))))
    if definition.intervals:
        rows = rows.with_columns(each(pl.col("t").cum_sum()))
    if definition.relative:
        rows = rows.with_columns(each(pl.col("x", "y").fill_null(0).cum_sum()))
    across, down = definition.scale_px, definition.scale_y_px or definition.scale_px
    left, top = definition.origin_px
    down = -down if definition.y_up else down
    if (across, down, left, top) != (1, 1, 0, 0):
        rows = rows.with_columns(x=left + across * pl.col("x"), y=top + down * pl.col("y"))
    return Reading(rows, unit, unknown, warned, unreadable)


def _unreadable(frame: pl.DataFrame, rows: pl.DataFrame) -> str:
    """Return the first cell from which no number was read, with its column; "" for none."""
    for name in ("t", "x", "y"):
        if frame[name].dtype != pl.String or not rows[name].null_count():
            continue
        cells = frame[name].filter(rows[name].is_null()).drop_nulls()
        if len(cells):
            return f"{name} says {cells[0][:_SHOWN]!r}"
    return ""


def _states(
    frame: pl.DataFrame, table: Table, definition: Definition
) -> tuple[pl.Series | pl.Expr, dict[str, int], tuple[str, ...]]:
    """Return what happened in each row, the unknown words, and a warning of a column left unused."""
    button = frame.get_column("button", default=None)
    if "state" not in frame:
        unused = [name for name in table.names if name.strip().lower() in STATE_COLUMNS]
        warned = tuple(
            f"every row is taken for a move, but the column {name!r} may say what happened; if it does, "
            f"give source.columns.state={name}"
            for name in unused[:1]
            if "line" not in table.form
        )
        return pl.lit("move", ROW_STATE), {}, warned
    if definition.held:
        return frame["state"], {}, ()
    found, unknown = states(frame["state"], button, definition.states)
    return found, unknown, ()
