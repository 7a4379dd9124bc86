"""JSON text as records, each with its place in the text."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humouse.errors import InputError

Record = Mapping[str, Any]
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""How JSON writes half of a pair of signs, which is none by itself and cannot stand in a table."""


@dataclass(frozen=True, eq=False)
class Records:
    """The records of a text.

    Args:
        whole: Those that could be read.
        numbers: The number of each, from 1.
        unit: What is numbered: "line", or "record" of an array.
        damaged: The numbers of those that could not be read.
    """

    whole: Sequence[Record]
    numbers: Sequence[int]
    unit: str
    damaged: Sequence[int]


def is_json(raw: bytes) -> bool:
    """Return whether a text is JSON rather than anything else that begins with a bracket."""
    start = raw[:4096].lstrip()
    if start[:1] == b"{":
        return True
    return start[:1] == b"[" and start[1:].lstrip()[:1] in (b"{", b"]")


def parsed(path: Path, raw: bytes) -> Records:
    """Return the records of an array, of one object, or of lines with an object each.

    Raises:
        InputError: The text is none of these.
    """
    whole = value_of(raw)
    if isinstance(whole, dict):
        return Records([whole], [1], "record", [])
    if isinstance(whole, list):
        return _told_apart(list(enumerate(whole, 1)), "record")
    lines = [(number, line) for number, line in enumerate(raw.split(b"\n"), 1) if line.strip()]
    found = _told_apart([(number, value_of(line)) for number, line in lines], "line")
    if not found.whole:
        raise InputError(f"{path}: begins like JSON, but is neither one array nor an object a line")
    return found


def _told_apart(numbered: list[tuple[int, Any]], unit: str) -> Records:
    """Return what is a record, and the numbers of what is none."""
    records = [(number, one) for number, one in numbered if isinstance(one, dict)]
    damaged = [number for number, one in numbered if not isinstance(one, dict)]
    return Records([one for _, one in records], [number for number, _ in records], unit, damaged)


def value_of(text: bytes | str) -> Any:
    """Return what a text says, None where it is no JSON; half of a pair of signs is a question mark."""
    try:
        value = json.loads(text)
        if _HALF.search(text if isinstance(text, bytes) else text.encode("utf-8", "replace")):
            whole = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
            value = json.loads(whole)
    except (ValueError, RecursionError):
        return None
    return value
