"""A file as a table: its columns by name, whatever form it is in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from humouse.data.reading.damage import Damage
from humouse.data.reading.delimited import find_header, read_delimited
from humouse.data.reading.layout import Layout
from humouse.data.reading.lines import read_lines
from humouse.data.reading.packed import content, is_blank, is_parquet
from humouse.data.reading.parsed import Records, is_json
from humouse.data.reading.plain import plain
from humouse.data.reading.records import points_of, read_records
from humouse.errors import InputError

__all__ = ["Layout", "Table", "read_content", "read_everything", "read_table"]


_NONE = Damage()
_POINTS = ("t", "x", "y")


@dataclass(frozen=True, eq=False)
class Table:
    """The columns of a file.

    Args:
        frame: The columns asked for: text as the file has it, or numbers.
        names: Names of all columns of the file.
        form: What the file is: "CSV", "JSON", "Parquet" and the like, with its separator.
        damage: What could not be told into columns.
    """

    frame: pl.DataFrame
    names: Sequence[str]
    form: str
    damage: Damage = _NONE


def read_table(path: Path, layout: Layout) -> Table | None:
    """Return the columns that a layout names, or None of a file that holds no row.

    Raises:
        InputError: The file cannot be read, or a column is missing.
    """
    raw = content(path)
    return None if is_blank(raw) else read_content(path, raw, layout)


def read_content(path: Path, raw: bytes, layout: Layout) -> Table:
    """Return the columns that a layout names, of a file whose content is at hand; see `read_table`."""
    if is_parquet(raw):
        return _chosen(path, _parquet(path, raw), layout, "Parquet")
    if layout.line is not None:
        frame, damaged = read_lines(path, raw, layout.line)
        return Table(frame, frame.columns, "lines of text", Damage(damaged))
    if is_json(raw):
        frame, damage = read_records(path, raw, layout)
        return _chosen(path, frame, layout, "JSON", damage)
    header = find_header(path, raw, layout)
    if layout.points is not None:
        everything = {name: name for name in header.names}
        cells, damaged = read_delimited(path, raw, header, everything)
        rows = Records(cells.to_dicts(), range(1, cells.height + 1), "row", [])
        frame, damage = points_of(path, rows, layout)
        lost = replace(
            damage, records=damage.records + damaged, of_records=damage.of_records + damaged
        )
        return _chosen(path, frame, layout, header.form, lost)
    chosen = layout.chosen(path, header.names)
    frame, damaged = read_delimited(path, raw, header, chosen, numeric=_POINTS)
    return Table(frame, header.names, header.form, Damage(damaged))


def read_everything(path: Path, layout: Layout) -> pl.DataFrame | None:
    """Return all columns of a file under their own names, or None of one that holds no row.

    Args:
        path: The file.
        layout: The columns by which its line of names is found; they need not be there.

    Raises:
        InputError: The file cannot be read.
    """
    raw = content(path)
    if is_blank(raw):
        return None
    if is_parquet(raw):
        return _parquet(path, raw)
    if is_json(raw):
        return read_records(path, raw, layout)[0]
    header = find_header(path, raw, layout)
    return read_delimited(path, raw, header, {name: name for name in header.names})[0]


def _chosen(
    path: Path, frame: pl.DataFrame, layout: Layout, form: str, damage: Damage = _NONE
) -> Table:
    """Return the columns needed, called as the settings call them."""
    chosen = layout.chosen(path, frame.columns)
    named = frame.select(pl.col(name).alias(key) for key, name in chosen.items())
    # Points may stand in lists, but a list is nobody's name, and no word for what happened.
    lists = [key for key, kind in named.schema.items() if kind == pl.List and key not in _POINTS]
    named = named.with_columns(pl.lit(None, pl.String).alias(key) for key in lists)
    return Table(named, frame.columns, form, damage)


def _parquet(path: Path, raw: bytes) -> pl.DataFrame:
    try:
        return plain(pl.read_parquet(raw))
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: not a readable table ({reason})") from error
