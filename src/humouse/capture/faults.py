"""What is wrong with what was sent, in a sentence."""

from collections.abc import Mapping, Sequence
from typing import Any

from humouse.capture.payload import PATTERNS

_LONGEST = 300


def sentence_of(errors: Sequence[Mapping[str, Any]]) -> str:
    """Return what is wrong first in a body, by its place there; nothing of what it holds but names."""
    first = errors[0]
    if first["type"] == "json_invalid":
        return "the body is no JSON"
    place = ".".join(str(part) for part in first["loc"] if part not in ("body", "path"))
    said = _in_words(first["type"], str(first["msg"]))
    if first["type"] in ("model_type", "model_attributes_type") and not place:
        return "no JSON object"
    return _printable(f"{place}: {said}" if place else said)


_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "there is no such field",
    "string_type": "must be text",
    "list_type": "must be a list",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "finite_number": "must be finite",
}


def _in_words(kind: str, message: str) -> str:
    """Return what is wrong, given pydantic's name and message for it."""
    if kind == "string_pattern_mismatch":
        return f"must be {next(words for one, words in PATTERNS.items() if one in message)}"
    said = message.removeprefix("Value error, ").replace("Input should be", "must be")
    return _WORDS.get(kind, said)


def _printable(text: str) -> str:
    """Return text as one short line that can stand in any answer and any log."""
    line = "".join(sign if sign.isprintable() else "?" for sign in text[: _LONGEST + 1])
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
