"""Delimited text: what stands before the names, what divides the fields, and the fields as text."""

import csv
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from humouse.data.reading.content import is_blank
from humouse.data.reading.layout import Layout
from humouse.errors import InputError

_CANDIDATES = (",", ";", "\t", "|", " ")
_HEAD_BYTES = 65_536
_PREAMBLE_LINES = 60
_WORDS = {"\t": "tabs", " ": "spaces"}


@dataclass(frozen=True)
class Header:
    """Where a delimited text begins.

    Args:
        names: Of its columns; "1", "2", … where it has none.
        start: Byte at which the rows begin.
        separator: What stands between the fields.
        quoted: Whether quotes have a meaning; where they have none, a stray one hides nothing.
    """

    names: Sequence[str]
    start: int
    separator: str
    quoted: bool

    @property
    def form(self) -> str:
        """The form in words."""
        return f"text with {_WORDS.get(self.separator, repr(self.separator))} between its columns"


def find_header(path: Path, raw: bytes, layout: Layout) -> Header:
    """Return where the rows begin: below the first line that has all names that the layout needs.

    A first line such as "sep=;" says what divides the fields. Where no line has all the names, the
    first line is taken for the names.
    """
    lines = _first_lines(raw)
    if not lines:
        raise InputError(f"{path}: holds no line of text")
    candidates: Sequence[str] = (layout.separator,) if layout.separator else _CANDIDATES
    if named := re.fullmatch(r"sep=(.)", lines[0][1].strip("\n")):
        candidates, lines = (named[1],), lines[1:]
    at, separator, fields = _names(lines, candidates, layout) or _first(lines, candidates)
    rows = [line for _, line in lines[at : at + 20]]
    quoted = any(f'{separator}"' in f"{separator}{line}" for line in rows)
    start, text = lines[at]
    if layout.numbered and layout.begins_with(fields):
        return Header([str(n + 1) for n in range(len(fields))], start, separator, quoted)
    return Header(fields, start + len(text.encode()), separator, quoted)


def _names(
    lines: Sequence[tuple[int, str]], candidates: Sequence[str], layout: Layout
) -> tuple[int, str, list[str]] | None:
    """Return the first line that has the names, what divides it, and its fields."""
    for at, (_, line) in enumerate(lines):
        found = [(split(line, separator), separator) for separator in candidates]
        fits = [(len(fields), fields, one) for fields, one in found if layout.begins_with(fields)]
        if fits:
            _, fields, separator = max(fits, key=lambda fit: fit[0])
            return at, separator, fields
    return None


def _first(
    lines: Sequence[tuple[int, str]], candidates: Sequence[str]
) -> tuple[int, str, list[str]]:
    """Return the first line, which is no remark, cut by whatever cuts it into most fields."""
    plain = [at for at, (_, line) in enumerate(lines) if not line.startswith(("#", "//", "%"))]
    at = plain[0] if plain else 0
    separator = max(candidates, key=lambda one: len(split(lines[at][1], one)))
    return at, separator, split(lines[at][1], separator)


def _first_lines(raw: bytes) -> list[tuple[int, str]]:
    """Return the first lines that are not blank, with the byte at which each begins."""
    lines, start = [], 0
    for line in raw[:_HEAD_BYTES].splitlines(keepends=True)[:_PREAMBLE_LINES]:
        if line.strip():
            lines.append((start, line.decode("utf-8", "replace")))
        start += len(line)
    return lines


def split(line: str, separator: str) -> list[str]:
    """Return the fields of a line, without blanks around them."""
    try:
        fields = next(
            csv.reader([line.strip("\n")], delimiter=separator, skipinitialspace=separator != " ")
        )
    except (csv.Error, StopIteration):
        fields = line.split(separator)
    return [field.strip().strip('"') for field in fields]


def read_delimited(
    path: Path,
    raw: bytes,
    header: Header,
    columns: Mapping[str, str],
    numeric: Collection[str] = (),
) -> tuple[pl.DataFrame, int]:
    """Return the chosen columns as text, called as the settings call them, and the count of damaged lines.

    A line that opens a quote and does not close it is damaged: it costs itself, not those below it.

    Args:
        path: The file, for what is said of it.
        raw: Its content.
        header: Where its rows begin.
        columns: What a column is to be called → its name in the file.
        numeric: Which of them are numbers where every cell of all of them is one; else all stay text.
    """
    body = raw[header.start :]
    if header.separator == " ":
        body = re.sub(rb" {2,}", b" ", body)
    damaged = 0
    if header.quoted:
        lines = [line for line in body.split(b"\n") if line.strip()]
        whole = [line for line in lines if line.count(b'"') % 2 == 0]
        damaged = len(lines) - len(whole)
        body = b"\n".join(whole)
    fields = [f"field{n}" for n in range(len(header.names))]
    wanted = {key: fields[list(header.names).index(name)] for key, name in columns.items()}
    if is_blank(body):
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String)), damaged
    as_numbers = {field for key, field in wanted.items() if key in numeric}
    try:
        frame = _parsed(body, header, fields, wanted.values(), as_numbers)
        if any(frame[field].null_count() for field in as_numbers):
            frame = _parsed(body, header, fields, wanted.values(), ())
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        if not header.quoted:
            raise InputError(f"{path}: cannot be read ({str(error).splitlines()[0]})") from error
        frame = _line_by_line(body, header.separator, fields)
    return frame.select(pl.col(field).alias(key) for key, field in wanted.items()), damaged


def _parsed(
    body: bytes,
    header: Header,
    fields: Sequence[str],
    wanted: Collection[str],
    as_numbers: Collection[str],
) -> pl.DataFrame:
    """Return the wanted fields, null where one that is to be a number is none."""
    return pl.read_csv(
        body,
        has_header=False,
        schema={one: pl.Float64() if one in as_numbers else pl.String() for one in fields},
        columns=sorted({fields.index(field) for field in wanted}),
        separator=header.separator,
        quote_char='"' if header.quoted else None,
        encoding="utf8-lossy",
        ignore_errors=True,
        truncate_ragged_lines=True,
        extra_columns="ignore",
    )


def _line_by_line(body: bytes, separator: str, fields: Sequence[str]) -> pl.DataFrame:
    """Return the fields where quotes stand in places that polars refuses."""
    rows = [
        next(csv.reader([line], delimiter=separator), [])
        for line in body.decode("utf-8", "replace").split("\n")
        if line.strip()
    ]
    cells = {
        name: [row[at] if at < len(row) else None for row in rows] for at, name in enumerate(fields)
    }
    return pl.DataFrame(cells, schema=dict.fromkeys(fields, pl.String))
