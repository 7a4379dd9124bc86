"""JSON: an array of records, a record a line, or records with lists of points inside."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from humouse.data.reading.damage import Damage
from humouse.data.reading.layout import Layout
from humouse.data.reading.parsed import Record, Records, parsed, value_of
from humouse.data.reading.plain import DEEPEST, unnested
from humouse.data.reading.shapes import shaped
from humouse.errors import InputError


def read_records(path: Path, raw: bytes, layout: Layout) -> tuple[pl.DataFrame, Damage]:
    """Return the records as a table, and what of them could not be read.

    Objects within a record become columns with dots in their names: data.x. `layout.points` names the
    list that holds the points; each gets the other values of its record. Without it, the first list of
    records in a record is that list.

    Raises:
        InputError: The text is no JSON, or no list of points is where the layout says.
    """
    if layout.shape is None and layout.points is None and (plain := _plain_lines(raw)) is not None:
        return plain, Damage()
    records = parsed(path, raw)
    if layout.shape is not None:
        points, damage = shaped(path, records, layout.shape)
        return _frame(points), damage
    name = layout.points if layout.points is not None else _list_in(records.whole)
    if name is None:
        return _frame(records.whole), Damage(rows=len(records.damaged))
    return points_of(path, records, replace(layout, points=name))


def points_of(path: Path, records: Records, layout: Layout) -> tuple[pl.DataFrame, Damage]:
    """Return the points in the lists of records, each with the other values of its record.

    Raises:
        InputError: No record has such a list.
    """
    name = layout.points or ""
    faults = dict.fromkeys(records.damaged, f"no {records.unit} of this form")
    points: list[Record] = []
    rows, of_records = 0, len(faults)
    for place, (number, record) in enumerate(zip(records.numbers, records.whole, strict=True)):
        held = at(record, name)
        inside = listed(held)
        if inside is not None:
            around = {key: value for key, value in record.items() if not isinstance(value, list)}
            found = [one for one in inside if isinstance(one, dict)]
            points += [{**around, **one, "record": place} for one in found]
            rows += len(inside) - len(found)
            of_records += 1
        elif _begins_list(held):
            faults[number] = f"the list {name!r} is cut short or no JSON"
            of_records += 1
        elif name not in layout.columns.values() and _has_point(record, layout):
            points.append({**record, "record": place})
    first = min(faults, default=None)
    said = "" if first is None else f"{records.unit} {first}: {faults[first]}"
    if not points:
        why = said and f" ({said})"
        raise InputError(f"{path}: no record has a list of points called {name!r}{why}")
    return _frame(points), Damage(rows, len(faults), of_records, first=said)


def names_in(path: Path, raw: bytes) -> set[str]:
    """Return the names of what is in the first records, with dots, and in the points inside them.

    Raises:
        InputError: The text is no JSON.
    """
    records = parsed(path, raw).whole[:_FIRST]
    around = {name for record in records for name in _flat(record)}
    return around | set(read_records(path, raw, Layout({}))[0].columns)


_FIRST = 20
_FIRST_BYTES = 2**16
_DEEP = b"}" * 33
"""The end of an object that is nested so deeply that polars would take minutes to find its type."""
_SPACE = b" \t\r\n"


def are_rows(raw: bytes) -> bool:
    """Return whether in JSON that begins so, each line is one row: an object without lists."""
    whole, _, _ = raw[:_FIRST_BYTES].rpartition(b"\n")
    return b"\n" in whole and _plain_lines(whole) is not None


def _plain_lines(raw: bytes) -> pl.DataFrame | None:
    """Return the records of lines that are all whole and without lists; None where some are not.

    Read by polars, which is several times as fast as record by record.
    """
    if raw[:4096].lstrip()[:1] != b"{" or _DEEP in raw.translate(None, _SPACE):
        return None
    try:
        frame = unnested(pl.read_ndjson(raw, infer_schema_length=None))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    if any(isinstance(kind, (pl.List, pl.Array, pl.Struct)) for kind in frame.dtypes):
        return None
    return frame.with_columns(pl.col(pl.Boolean, pl.Null).cast(pl.String))


def _frame(records: Sequence[Record]) -> pl.DataFrame:
    rows = [_flat(record) for record in records]
    names = list(dict.fromkeys(key for row in rows for key in row))
    return pl.DataFrame([_column(key, [row.get(key) for row in rows]) for key in names])


def _list_in(records: Sequence[Record]) -> str | None:
    """Return the name of the first list of records in the first records, or None."""
    for record in records[:_FIRST]:
        for key, value in record.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                return key
    return None


def _has_point(record: Record, layout: Layout) -> bool:
    flat = _flat(record)
    return all(layout.columns.get(key, key) in flat for key in ("x", "y"))


def listed(value: Any) -> list[Any] | None:
    """Return a list, from text where it stands in a cell; None where there is none."""
    if _begins_list(value):
        value = value_of(value)
    return value if isinstance(value, list) else None


def _begins_list(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip().startswith("[")


def at(record: Record, path: str) -> Any:
    """Return what stands at a path with dots, None where nothing does."""
    if path in record:
        return record[path]
    key, _, rest = path.partition(".")
    inner = record.get(key)
    return at(inner, rest) if rest and isinstance(inner, dict) else None


def _flat(record: Record, levels: int = DEEPEST) -> dict[str, Any]:
    """Return the record with dots in the names of what lies deeper."""
    if not levels or not any(isinstance(value, dict) for value in record.values()):
        return dict(record)
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{inner}": one for inner, one in _flat(value, levels - 1).items()}
        else:
            flat[key] = value
    return flat


def _column(name: str, values: list[Any]) -> pl.Series:
    """Return a column: whole numbers, numbers, or text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int}:
        return pl.Series(name, values, dtype=pl.Int64, strict=False)
    if kinds and kinds <= {int, float}:
        return pl.Series(name, [_float(value) for value in values], dtype=pl.Float64)
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _float(value: float | None) -> float | None:
    try:
        return None if value is None else float(value)
    except OverflowError:  # a whole number that no float holds
        return math.inf


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    try:
        return json.dumps(value)
    except RecursionError:  # nested too deep to be of a mouse
        return None
