"""Drops the rows that cannot be used, puts the others into the order of time, and counts both."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from humouse.data.events.definition import Definition
from humouse.data.events.event import EVENT_SCHEMA, IGNORE, MOVED, Events
from humouse.data.events.hand import Thinning, jumps
from humouse.data.events.joint import joint
from humouse.data.events.order import ordered

# A remote desktop writes −1 as an unsigned 16-bit number; no screen is that wide.
OVERFLOW_PX = 65535

# Times that no int64 holds are as unusable as such a coordinate.
IN_RANGE = pl.all_horizontal(pl.col("x", "y").abs() < OVERFLOW_PX, pl.col("t").abs() < 2.0**53)

NO_FAULT = ("not of the mouse", "unmoved", "thinned")
"""Reasons for which a row is left out though nothing is wrong with it."""


@dataclass
class Cleaning:
    """Makes events of the usable rows, part by part, and counts what was dropped or repaired for what.

    A row is dropped when it is "not of the mouse" (a key, a page's load), "unreadable" (cut short, not
    text, not a number, no user), of an "unknown state", "not finite" (NaN or infinite), "out of range" (a
    coordinate of 65535 or beyond), "backwards" (the first after a clock was set back), a "jump" (where
    the hand cannot have been, as the (0, 0) of a page's load), "unmoved" (of a position noted at a
    fixed rate), or "thinned" (of a recording at a high rate). Rows whose times are out of order nearby
    are "sorted"; a file that begins with its newest row is "newest first". No gesture spans a clock set
    back, or a jump.

    A part's last rows wait for the next part wherever these could change what becomes of them, so the
    events do not depend on where the parts end. Whether a recording is thinned, its first part decides.

    Args:
        definition: Whether the mouse was polled, and the rate that is wanted.
        user: Who moved, where no column says it.
        by_person: Whether rows of several people or sessions may alternate; they come in one part.
    """

    definition: Definition
    user: str | None
    by_person: bool
    _waiting: pl.DataFrame | None = None
    _run: int = 0
    _thinning: Thinning | None = field(init=False)

    def __post_init__(self) -> None:
        hz = self.definition.thin_to_hz
        self._thinning = None if hz is None else Thinning(hz)

    def add(self, rows: pl.DataFrame, *, last: bool) -> Events:
        """Return the events of a part, and of what waited for it.

        Args:
            rows: One row an event: `t` (ms), `x` and `y` (px, downwards) as Float64, `state`, and where
                the file says it `user` and `session`, whatever tells one uninterrupted recording of a
                person from the next.
            last: Whether this is all that there is.
        """
        dropped: Counter[str] = Counter()
        rows = _usable(rows, dropped).with_columns(pl.col("t", "x", "y").round())
        if self._waiting is not None:
            rows = pl.concat([self._waiting, rows])
        waiting = rows[:0]
        if not last:
            at = joint(rows, self.definition.origin_px, self.definition.thin_to_hz)
            rows, waiting = rows[:at], rows[at:]
        cleaned, repaired = self._cleaned(rows, found := Counter[str]())
        thinning = self._thinning
        if not (last or thinning is None or thinning.decide(cleaned)):
            # Too few points to tell whether to thin: all of them wait.
            cleaned, repaired, found = cleaned[:0], {}, Counter()
            waiting = pl.concat([rows, waiting])
        self._waiting = waiting
        if cleaned.height:
            self._run = cleaned["run"][-1]
        sessions = _sessions(cleaned) if "session" in cleaned else {}
        if thinning is not None:
            cleaned = _kept(thinning.marked(cleaned), {"thinned": pl.col("kept")}, found)
        dropped.update(found)
        return Events(_table(cleaned, self.user), dict(dropped), repaired, (), sessions)

    def _cleaned(
        self, rows: pl.DataFrame, dropped: Counter[str]
    ) -> tuple[pl.DataFrame, dict[str, int]]:
        """Return rows in order, without what no hand does, and how many were repaired; count the dropped."""
        parts = [name for name in ("user", "session") if name in rows]
        if self.by_person:  # rows of several people may alternate: sort them out before time
            rows = rows.sort(parts, maintain_order=True)
        number = pl.struct(parts).rle_id() if parts else pl.lit(0, pl.UInt32)
        rows, repaired = ordered(rows.with_columns(run=number))
        rows = _kept(rows, {"backwards": ~pl.col("backwards")}, dropped)
        rows = jumps(rows, self.definition.origin_px)
        rows = rows.with_columns(run=pl.col("run") + self._run)
        rows = _kept(rows, {"jump": ~pl.col("stray")}, dropped)
        if self.definition.polled:
            here = pl.any_horizontal(pl.col("x", "y", "run").diff() != 0).fill_null(True)
            rows = _kept(rows, {"unmoved": here | ~pl.col("state").is_in(MOVED)}, dropped)
        return rows, repaired


def _usable(rows: pl.DataFrame, dropped: Counter[str]) -> pl.DataFrame:
    """Return the rows that say where the mouse was, each by itself."""
    # A button or wheel needs no position.
    button = pl.col("state").is_in(["press", "release", "scroll"]).fill_null(False)
    rows = rows.with_columns(
        pl.when(button & pl.col(name).is_null()).then(0.0).otherwise(pl.col(name)).alias(name)
        for name in ("x", "y")
        if rows[name].null_count()
    )
    needed = [name for name in ("t", "x", "y", "user") if name in rows]
    good = {
        "not of the mouse": (pl.col("state") != IGNORE) | pl.col("state").is_null(),
        "unreadable": pl.all_horizontal(pl.col(needed).is_not_null()),
        "unknown state": pl.col("state").is_not_null(),
        "not finite": pl.all_horizontal(pl.col("t", "x", "y").is_finite()),
        "out of range": IN_RANGE,
    }
    return _kept(rows, good, dropped)


def _kept(rows: pl.DataFrame, good: Mapping[str, pl.Expr], dropped: Counter[str]) -> pl.DataFrame:
    """Return the rows of which all is good, and count the others by the first that is not."""
    whole = rows.select(pl.all_horizontal(*good.values()).fill_null(False)).to_series()
    if whole.all():
        return rows
    fault = pl.coalesce(
        pl.when(~one.fill_null(False)).then(pl.lit(why)) for why, one in good.items()
    )
    faults = rows.with_columns(fault=fault).filter(~whole)["fault"]
    counts = dict(faults.value_counts().iter_rows())
    dropped.update({why: counts[why] for why in good if why in counts})
    return rows.filter(whole)


def _sessions(rows: pl.DataFrame) -> dict[int, str]:
    """Return run → session, of the runs whose session has a name."""
    named = rows.filter(pl.col("session") != "").select("run", "session").unique("run")
    return dict(named.iter_rows())


def _table(rows: pl.DataFrame, user: str | None) -> pl.DataFrame:
    return rows.select(
        t_ms=pl.col("t").cast(pl.Int64),
        x_px=pl.col("x").cast(pl.Int32),
        y_px=pl.col("y").cast(pl.Int32),
        state=pl.col("state").cast(EVENT_SCHEMA["state"]),
        user="user" if "user" in rows else pl.lit(user, pl.String),
        run=pl.col("run").cast(pl.UInt32),
    )
