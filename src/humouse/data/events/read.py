"""Reads one recording: its table → rows in ms and px → events that can be right."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from humouse.data.events.clean import clean
from humouse.data.events.clock import numbers, times
from humouse.data.events.definition import Definition
from humouse.data.events.event import ROW_STATE, Events, Reading, no_events
from humouse.data.events.lists import long
from humouse.data.events.plausible import check, remarks
from humouse.data.events.states import STATE_COLUMNS, from_held, states
from humouse.data.reading.table import Table, read_table
from humouse.errors import InputError


def read_events(path: Path, definition: Definition, user: str | None) -> Events:
    """Return the events of one recording.

    Times are rounded to whole ms and positions to whole px. Rows that cannot be used are dropped and
    counted (see `clean`), and so is what no hand does (see `plausible`).

    Args:
        path: The file; one without any row gives no events.
        definition: What its columns mean.
        user: Who moved, unless a column says it.

    Raises:
        InputError: The file cannot be read, a column is missing, or what it holds cannot be right.
    """
    table = read_table(path, definition.layout)
    if table is None:
        return no_events()
    try:
        return events_of(table, definition, user)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def events_of(table: Table, definition: Definition, user: str | None) -> Events:
    """Return the events of a table; see `read_events`."""
    frame, damage = long(table.frame, table.damage)
    reading = rows_of(frame, table, definition, user)
    rows = reading.rows
    check(rows, definition, reading.unit)
    named = definition.columns.get("user") or definition.columns.get("session")
    by_person = bool(named) and "row" not in frame
    events = clean(rows, definition, by_person=by_person)
    dropped = {**damage.by_reason, **events.dropped}
    return remarks(replace(events, dropped=dropped), reading, definition, damage)


def rows_of(frame: pl.DataFrame, table: Table, definition: Definition, user: str | None) -> Reading:
    """Return the rows with their times in ms, positions in px and states."""
    t, unit = times(frame["t"], definition.time_unit)
    x, y = numbers(frame["x"]), numbers(frame["y"])
    session = frame["session"].cast(pl.String).fill_null("") if "session" in frame else None
    if session is None:
        session = (
            frame["row"].cast(pl.String)
            if "row" in frame
            else pl.repeat("", len(frame), eager=True)
        )
    who = frame["user"].cast(pl.String).str.strip_chars() if "user" in frame else None
    rows = pl.DataFrame({"t": t, "x": x, "y": y}).with_columns(
        user=pl.lit(user) if who is None else definition.user_prefix + who.replace("", None),
        session=session,
    )
    parts = ["user", "session"]
    state, unknown, warned = _states(frame, table, definition)
    rows = rows.with_columns(state=state)
    if definition.held:
        rows = rows.with_columns(state=from_held(pl.col("state")).over(parts))
    if definition.intervals:
        rows = rows.with_columns(pl.col("t").cum_sum().over(parts))
    if definition.relative:
        rows = rows.with_columns(pl.col("x", "y").fill_null(0).cum_sum().over(parts))
    across, down = definition.scale_px, definition.scale_y_px or definition.scale_px
    left, top = definition.origin_px
    down = -down if definition.y_up else down
    if (across, down, left, top) != (1, 1, 0, 0):
        rows = rows.with_columns(x=left + across * pl.col("x"), y=top + down * pl.col("y"))
    return Reading(rows, unit, unknown, warned)


def _states(
    frame: pl.DataFrame, table: Table, definition: Definition
) -> tuple[pl.Series | pl.Expr, dict[str, int], tuple[str, ...]]:
    """Return what happened in each row, the unknown words, and a warning of a column left unused."""
    button = frame.get_column("button", default=None)
    if "state" not in frame:
        unused = [name for name in table.names if name.strip().lower() in STATE_COLUMNS]
        warned = tuple(
            f"every row is taken for a move, but the column {name!r} may say what happened; if it does, "
            f"give columns.state={name}"
            for name in unused[:1]
            if "line" not in table.form
        )
        return pl.lit("move", ROW_STATE), {}, warned
    if definition.held:
        return frame["state"], {}, ()
    found, unknown = states(frame["state"], button, definition.states)
    return found, unknown, ()
