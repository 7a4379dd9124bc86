"""A file as a table: its columns by name, whatever form it is in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import polars as pl

from humouse.data.reading.content import blocks, content, is_blank, is_parquet
from humouse.data.reading.damage import Damage
from humouse.data.reading.delimited import find_header, read_delimited
from humouse.data.reading.layout import Layout
from humouse.data.reading.lines import read_lines
from humouse.data.reading.parsed import Records, is_json
from humouse.data.reading.plain import plain
from humouse.data.reading.records import are_rows, points_of, read_records
from humouse.errors import InputError

__all__ = [
    "Layout",
    "Table",
    "beginning",
    "read_content",
    "read_everything",
    "read_table",
    "read_tables",
]


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


def beginning(path: Path) -> bytes:
    """Return the first block of a file's text where each line is a row, and of another all its content.

    Raises:
        InputError: The file cannot be read.
    """
    texts = blocks(path)
    first = next(texts)
    if next(texts, None) is None or _is_of_lines(first, Layout({})):
        return first
    texts.close()
    return content(path)


def read_tables(path: Path, layout: Layout, block_bytes: int) -> Iterator[Table]:
    """Yield the columns that a layout names, a block of rows at a time where each line is a row.

    The first block says what the file is: what stands between its columns, and what these are called.

    Args:
        path: The file.
        layout: Which columns are needed.
        block_bytes: What of its text is read at a time.

    Raises:
        InputError: The file cannot be read, or a column is missing.
    """
    texts = blocks(path, block_bytes)
    first = next(texts)
    second = next(texts, None)
    if second is None:
        if not is_blank(first):
            yield read_content(path, first, layout)
    elif not is_blank(first) and _is_of_lines(first, layout):
        yield from _in_blocks(path, chain((first, second), texts), layout)
    else:
        texts.close()
        if (table := read_table(path, layout)) is not None:
            yield table


def _is_of_lines(raw: bytes, layout: Layout) -> bool:
    """Return whether in a text that begins so, each line is a row."""
    if layout.line is not None or layout.points is not None or layout.shape is not None:
        return False
    return are_rows(raw) if is_json(raw) else True


def _in_blocks(path: Path, texts: Iterator[bytes], layout: Layout) -> Iterator[Table]:
    """Yield the tables of a text whose lines are rows."""
    texts = (text for text in texts if not is_blank(text))
    first = next(texts)
    table = read_content(path, first, layout)
    yield table
    if is_json(first):
        absent = {
            name: pl.lit(None, pl.String) for name in layout.chosen(path, table.names).values()
        }
        for text in texts:
            frame, damage = read_records(path, text, layout)
            frame = frame.with_columns(**{k: v for k, v in absent.items() if k not in frame})
            yield _chosen(path, frame, layout, table.form, damage)
        return
    header = replace(find_header(path, first, layout), start=0)
    chosen = layout.chosen(path, header.names)
    for text in texts:
        frame, damaged = read_delimited(path, text, header, chosen, numeric=_POINTS)
        yield Table(frame, header.names, header.form, Damage(damaged))


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
