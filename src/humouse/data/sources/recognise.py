"""Which form a recording has: that of a known source, or a table whose columns have usual names."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path, PurePosixPath
from typing import Any

from humouse.data.events.definition import COLUMNS, Definition
from humouse.data.reading.content import is_parquet
from humouse.data.reading.delimited import find_header
from humouse.data.reading.layout import USUAL, Layout, letters
from humouse.data.reading.packed import PACKED
from humouse.data.reading.parsed import is_json
from humouse.data.reading.records import names_in
from humouse.data.reading.table import beginning, read_content
from humouse.data.sources.definitions import NAMES, definition
from humouse.data.sources.people import stem
from humouse.errors import InputError, in_short
from humouse.settings.compose import shell_word

_NOT_ASKED = ("csv", "auto", "kh2017")
"""Forms that others stand for, or that stand for others."""


def first_known(paths: Sequence[Path], options: dict[str, Any]) -> tuple[Path, Definition]:
    """Return the first of some recordings that is of a known form, and what it is.

    Args:
        paths: The files, at least one.
        options: Values of the definition that are known already.

    Raises:
        InputError: Nothing known fits any of the first few; the message is of the first.
    """
    faults = []
    for path in paths[:_FILES]:
        try:
            return path, recognise(path, options)
        except InputError as fault:
            faults.append(fault)
    raise faults[0]


_FILES = 20


def recognise(path: Path, options: dict[str, Any]) -> Definition:
    """Return what a recording is most likely to be.

    Args:
        path: The file.
        options: Values of the definition that are known already.

    Raises:
        InputError: Nothing known fits it.
    """
    raw = beginning(path)
    # In text, the line of names is where a form's own names are; elsewhere they are asked for once.
    held = _names(path, raw, Layout({})) if is_json(raw) or is_parquet(raw) else None
    found = [name for name in NAMES if name not in _NOT_ASKED and _fits(path, raw, name, held)]
    if found:
        # The form that asks for most is the most particular.
        name = max(found, key=lambda one: _asks(definition(one, {})))
        return definition(name, options)
    columns = _usual_columns(path, held or _names(path, raw, Layout({})))
    known = {key: value for key, value in options.items() if key != "columns"}
    given = {**columns, **options.get("columns", {})}
    return definition("csv", {"time_unit": "auto", **known, "columns": given})


def taken_for(path: Path, chosen: Definition) -> str:
    """Return a sentence on what a file was taken for, with the settings that say it."""
    same = settings_of(replace(chosen, pattern=pattern_of(path)))
    what = chosen.name if chosen.name == "csv" else f"{chosen.name} ({chosen.about})"
    return f"{path.name} was taken for {what}; the same as: {same}"


def pattern_of(path: Path) -> str:
    """Return the pattern of files with the ending of one, whether packed or not."""
    ending = path.name.removeprefix(PurePosixPath(stem(path.name)).name)
    for packed in PACKED:
        ending = ending.removesuffix(packed)
    return " ".join(f"**/*{ending}{packed}" for packed in ("", *PACKED))


def settings_of(chosen: Definition) -> str:
    """Return the settings that say the same of a plain table."""
    plain, words = definition("csv", {"pattern": "**/*.csv"}), ["source=csv"]
    for key in COLUMNS:
        if chosen.columns.get(key) != plain.columns.get(key):
            words.append(shell_word(f"source.columns.{key}", chosen.columns.get(key)))
    for key, known in chosen.states.items():
        if known:
            words.append(shell_word(f"source.states.{key}", list(known)))
    terms = (
        "name",
        "about",
        "page",
        "licence",
        "citation",
        "downloaded",
        "columns",
        "states",
        "marks",
    )
    for one in fields(Definition):
        value = getattr(chosen, one.name)
        if one.name not in terms and value != getattr(plain, one.name):
            words.append(
                shell_word(f"source.{one.name}", list(value) if isinstance(value, tuple) else value)
            )
    return " ".join(words)


def _asks(known: Definition) -> int:
    return len(known.layout.columns) + 2 * len(known.marks) + 4 * bool(known.line or known.shape)


def _fits(path: Path, raw: bytes, name: str, held: set[str] | None) -> bool:
    """Return whether a file has what a definition needs, called exactly so."""
    known = definition(name, {})
    if known.downloaded is not None and not any(map(path.match, known.pattern.split())):
        return False
    if known.line is not None:
        first = next((line for line in raw[:4096].split(b"\n") if line.strip()), b"")
        return re.search(known.line, first.decode("utf-8", "replace")) is not None
    needed = known.marks
    if not (known.shape or known.points):
        needed = (*known.layout.columns.values(), *needed)
    layout = replace(known.layout, points=None, columns={name: name for name in needed})
    return set(needed) <= (_names(path, raw, layout) if held is None else held)


def _names(path: Path, raw: bytes, layout: Layout) -> set[str]:
    """Return the names of a file's columns; none where it cannot be told into columns."""
    try:
        if is_parquet(raw):
            return set(read_content(path, raw, Layout({})).names)
        return names_in(path, raw) if is_json(raw) else set(find_header(path, raw, layout).names)
    except InputError:
        return set()


def _usual_columns(path: Path, held: set[str]) -> dict[str, str | None]:
    """Return setting → the file's name for it, by what such columns are usually called.

    Raises:
        InputError: It has no column of time or of a position.
    """
    names = sorted(held)
    found: dict[str, str | None] = {}
    for key, usual in USUAL.items():
        last = {letters(name.rsplit(".", 1)[-1]): name for name in reversed(names)}
        found[key] = next((last[word] for word in usual if word in last), None)
    missing = [key for key in ("t", "x", "y") if found[key] is None]
    if missing and (not names or any(map(_is_junk, names))):
        what = "holds no columns that can be told" if path.stat().st_size else "is empty"
        raise InputError(
            f"{path}: it {what}; CSV, TSV, text with spaces, JSON and Parquet can be read, also packed by "
            "gzip or zstd"
        )
    if missing:
        raise InputError(
            f"{path}: source=auto does not know this form (it has {in_short(names)}); say which column is "
            f"which: source=csv {' '.join(f'source.columns.{key}=NAME' for key in missing)}"
        )
    return found


def _is_junk(name: str) -> bool:
    """Return whether a name is no text, as where binary content was split into columns."""
    return any(sign == "\ufffd" or unicodedata.category(sign) == "Cc" for sign in name)
