"""Drops the rows that cannot be used, puts the others into the order of time, and counts both."""

from collections import Counter
from collections.abc import Mapping

import polars as pl

from humouse.data.events.definition import Definition
from humouse.data.events.event import EVENT_SCHEMA, IGNORE, Events
from humouse.data.events.hand import jumps, thinned
from humouse.data.events.order import ordered

# A remote desktop writes −1 as an unsigned 16-bit number; no screen is that wide.
OVERFLOW_PX = 65535

# Times that no int64 holds are as unusable as such a coordinate.
IN_RANGE = pl.all_horizontal(pl.col("x", "y").abs() < OVERFLOW_PX, pl.col("t").abs() < 2.0**53)

NO_FAULT = ("not of the mouse", "unmoved", "thinned")
"""Reasons for which a row is left out though nothing is wrong with it."""


def clean(rows: pl.DataFrame, definition: Definition, *, by_person: bool) -> Events:
    """Return the usable rows as events, and how many were dropped or repaired for what.

    A row is dropped when it is "not of the mouse" (a key, a page's load), "unreadable" (cut short, not
    text, not a number, no user), of an "unknown state", "not finite" (NaN or infinite), "out of range" (a
    coordinate of 65535 or beyond), "backwards" (the first after a clock was set back), a "jump" (where
    the hand cannot have been, as the (0, 0) of a page's load), "unmoved" (of a position noted at a
    fixed rate), or "thinned" (of a recording at a high rate). Rows whose times are out of order nearby
    are "sorted"; a file that begins with its newest row is "newest first". No gesture spans a clock set
    back, or a jump.

    Args:
        rows: One row an event: `t` (ms), `x` and `y` (px, downwards) as Float64, `state`, `user`, and
            `session`, whatever tells one uninterrupted recording of a person from the next.
        definition: Whether the mouse was polled, and the rate that is wanted.
        by_person: Whether rows of several people or sessions may alternate.
    """
    dropped: Counter[str] = Counter()

    def keep(good: Mapping[str, pl.Expr]) -> None:
        nonlocal rows
        fault = pl.coalesce(
            pl.when(~one.fill_null(False)).then(pl.lit(why)) for why, one in good.items()
        )
        found = rows.select(fault.alias("fault")).to_series()
        if found.null_count() < len(found):
            counts = dict(found.drop_nulls().value_counts().iter_rows())
            dropped.update({why: counts.get(why, 0) for why in good})
            rows = rows.filter(found.is_null())

    # A button or wheel needs no position.
    button = pl.col("state").is_in(["press", "release", "scroll"]).fill_null(False)
    rows = rows.with_columns(
        pl.when(button & pl.col(name).is_null()).then(0.0).otherwise(pl.col(name)).alias(name)
        for name in ("x", "y")
        if rows[name].null_count()
    )
    keep(
        {
            "not of the mouse": (pl.col("state") != IGNORE) | pl.col("state").is_null(),
            "unreadable": pl.all_horizontal(pl.col("t", "x", "y", "user").is_not_null()),
            "unknown state": pl.col("state").is_not_null(),
            "not finite": pl.all_horizontal(pl.col("t", "x", "y").is_finite()),
            "out of range": IN_RANGE,
        }
    )
    if by_person:  # rows of several people may alternate: sort them out before time
        rows = rows.sort("user", "session", maintain_order=True)
    rows = rows.with_columns(run=pl.struct("user", "session").rle_id(), t=pl.col("t").round())
    rows, repaired = ordered(rows)
    keep({"backwards": ~pl.col("backwards")})
    rows = rows.with_columns(pl.col("x", "y").round())
    rows = jumps(rows, definition.origin_px)
    keep({"jump": ~pl.col("stray")})
    sessions = _sessions(rows)
    if definition.polled:
        here = pl.any_horizontal(pl.col("x", "y", "run").diff() != 0).fill_null(True)
        keep({"unmoved": here | ~pl.col("state").is_in(["move", "drag"])})
    if definition.thin_to_hz is not None:
        rows = thinned(rows, definition.thin_to_hz)
        keep({"thinned": pl.col("kept")})
    return Events(_table(rows), {why: n for why, n in dropped.items() if n}, repaired, (), sessions)


def _sessions(rows: pl.DataFrame) -> dict[int, str]:
    """Return run → session, of the runs whose session has a name."""
    named = rows.filter(pl.col("session") != "").select("run", "session").unique("run")
    return dict(named.iter_rows())


def _table(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        t_ms=pl.col("t").cast(pl.Int64),
        x_px=pl.col("x").cast(pl.Int32),
        y_px=pl.col("y").cast(pl.Int32),
        state=pl.col("state").cast(EVENT_SCHEMA["state"]),
        user="user",
        run=pl.col("run").cast(pl.UInt32),
    )
