"""KH2017: trials of a two-choice task, the mouse polled by the experiment's own program.

Kieslich, Henninger, *Mousetrap: An integrated, open-source mouse-tracking package* (Behavior Research
Methods 2017). One row a trial, its points as lists in three cells: times in ms, every 10 ms whether the
mouse moves or not, and positions in px from the screen's centre, y downwards: the authors' experiment
has its start button, at the bottom, at y = 525, and the answers, at the top, at y = −525.
"""

import csv
import gzip
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from humouse.data.sources.folder import recordings
from humouse.data.sources.source import EVENT_SCHEMA, Events, Source, SourceFile
from humouse.data.sources.table import check_columns, clean
from humouse.errors import InputError

_FILES = ("raw_data.csv.gz", "raw_data.csv")
_COLUMNS = {
    "user": "subject_nr",
    "t": "timestamps_get_response",
    "x": "xpos_get_response",
    "y": "ypos_get_response",
}
_LIST = r"^\s*\[([^\[\]]*)\]\s*$"


@dataclass(frozen=True)
class Kh2017(Source):
    """The raw data of Kieslich and Henninger (2017); each trial is a run.

    Args:
        folder: The folder that holds `raw_data.csv.gz` or, unpacked, `raw_data.csv`; or the file.
    """

    folder: Path
    name = "kh2017"

    @property
    def root(self) -> Path:
        """The folder or file."""
        return self.folder

    def settings(self) -> dict[str, Any]:
        """Return no settings."""
        return {}

    def files(self) -> list[SourceFile]:
        """Return the one file; where it lies both packed and unpacked, the packed one."""
        present = [name for name in _FILES if (self.folder / name).is_file()]
        pattern = present[0] if present else _FILES[0]
        (file,) = recordings(self.folder, pattern, expected=" or ".join(_FILES))
        return [replace(file, user=None, session="trials")]

    def events(self, file: SourceFile) -> Events:
        """Return all trials' events: the first point of each trial, and each that moved.

        A trial is dropped as "damaged trial" where its lists are empty, differ in length or hold
        something else than numbers, or where it names no person. A point is dropped as "unmoved" where
        it repeats the position before it. A browser reports no such point, and with them no pause would
        ever end a gesture. Other points are dropped as in `read_events`.
        """
        assert file.path is not None
        rows = _rows(file.path)
        if rows is None:
            return Events(pl.DataFrame(schema=EVENT_SCHEMA), {})
        trials = _whole(rows)
        points = trials.explode("t", "x", "y").with_columns(state=pl.lit("move"))
        events = clean(points, by_person=False)
        moved = pl.any_horizontal(pl.col("x_px", "y_px", "run").diff() != 0).fill_null(True)
        table = events.table.filter(moved)
        dropped = {
            "damaged trial": rows.height - trials.height,
            **events.dropped,
            "unmoved": events.table.height - table.height,
        }
        return Events(table, {reason: count for reason, count in dropped.items() if count})


def _rows(path: Path) -> pl.DataFrame | None:
    """Return the cells `user`, `t`, `x`, `y` of each row as text, null where missing; None if no rows.

    Each line is read by itself: a stray quote costs its own trial, not those that follow.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", errors="replace") as file:
            header, *rows = [next(csv.reader([line])) for line in file if line.strip()] or [[]]
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
    if not header:
        return None
    check_columns(path, header, list(_COLUMNS.values()))
    place = {name: header.index(column) for name, column in _COLUMNS.items()}
    cells = {
        name: [row[at] if at < len(row) else None for row in rows] for name, at in place.items()
    }
    return pl.DataFrame(cells, schema=dict.fromkeys(_COLUMNS, pl.String()))


def _whole(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the trials that are not damaged: `user`, `session` (number), `t`, `x`, `y` (lists)."""
    lists = pl.col("t", "x", "y")
    number = pl.element().str.strip_chars().cast(pl.Float64, strict=False)
    finite = pl.element().is_finite().fill_null(False)
    subject = pl.col("user").str.strip_chars()
    return (
        rows.with_columns(lists.str.extract(_LIST).str.split(",").list.eval(number))
        .with_row_index("session")
        .filter(
            subject.str.len_chars() > 0,
            pl.all_horizontal(lists.list.eval(finite).list.all()),
            pl.col("x").list.len() == pl.col("t").list.len(),
            pl.col("y").list.len() == pl.col("t").list.len(),
        )
        .with_columns(user=pl.lit("subject") + subject)
    )
