"""What is known of a file's form before it is read: which columns are needed, and what divides them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from humouse.errors import InputError, closest, in_short

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "space": " ", "pipe": "|"}


USUAL = {
    "t": (
        "t",
        "time",
        "timestamp",
        "clienttimestamp",
        "ts",
        "when",
        "timems",
        "datetime",
        "mousetime",
        "timecord",
    ),
    "x": (
        "x",
        "xcord",
        "clientx",
        "pagex",
        "screenx",
        "xpos",
        "posx",
        "mousex",
        "cursorx",
        "xpx",
        "dx",
    ),
    "y": (
        "y",
        "ycord",
        "clienty",
        "pagey",
        "screeny",
        "ypos",
        "posy",
        "mousey",
        "cursory",
        "ypx",
        "dy",
    ),
    "state": ("state", "event", "type", "action", "pressed", "eventtype", "msg"),
    "user": (
        *("user", "userid", "participant", "participantid", "subject", "subjectid", "subjectnr"),
        *("prolificid", "person"),
    ),
    "session": ("session", "sessionid", "trial", "trialindex"),
}
"""Setting → what its column is usually called, in small letters alone, the likeliest first."""


@dataclass(frozen=True)
class Layout:
    """What to look for in a file.

    Args:
        columns: Setting (t, x, y, state …) → the file's own name of the column, its number from 1, or
            in JSON the path to it with dots. None at all finds the line of usual names.
        separator: Character between the fields, or None to find it.
        points: Column or path of the list of points within each record, or None.
        line: Regular expression of a line of text, its groups named like columns, or None.
        shape: Name of a form of JSON in `humouse.data.reading.shapes`, or None.
    """

    columns: dict[str, str]
    separator: str | None = None
    points: str | None = None
    line: str | None = None
    shape: str | None = None

    def places(self, names: Sequence[str]) -> list[int] | None:
        """Return which of these columns are needed, or None if one is missing."""
        found: list[int] = []
        for name in self.columns.values():
            if (at := place(name, names)) is None:
                return None
            found.append(at)
        return found

    @property
    def numbered(self) -> bool:
        """Whether every column is given by its number."""
        return bool(self.columns) and all(name.isdecimal() for name in self.columns.values())

    def begins_with(self, fields: Sequence[str]) -> bool:
        """Return whether these fields are the names, or with columns by number the first row."""
        if not self.columns:
            return has_usual(fields)
        places = self.places(fields)
        if places is None or not self.numbered:
            return places is not None
        needed = dict(zip(self.columns, places, strict=True))
        return all(is_number(fields[needed[key]]) for key in ("x", "y") if key in needed)

    def chosen(self, path: Path, names: Sequence[str]) -> dict[str, str]:
        """Return setting → name among `names`.

        Raises:
            InputError: One is missing.
        """
        missing = {key: name for key, name in self.columns.items() if place(name, names) is None}
        if missing:
            raise InputError(f"{path}: {_missing(missing, names)}")
        chosen = {key: names[place(name, names) or 0] for key, name in self.columns.items()}
        # Whether "Down" is a button's or a wheel's, the column of buttons alone can say.
        button = place("button", names)
        if "state" in chosen and "button" not in chosen and button is not None:
            chosen["button"] = names[button]
        return chosen


def has_usual(names: Sequence[str]) -> bool:
    """Return whether a time and a position are among these names, as they are usually called."""
    short = {letters(name.rsplit(".", 1)[-1]) for name in names}
    return all(short & set(USUAL[key]) for key in ("t", "x", "y"))


def place(name: str, names: Sequence[str]) -> int | None:
    """Return where a column stands: by its name, its letters alone, or its number."""
    if name in names:
        return names.index(name)
    for plain in (str.strip, letters):
        alike = [at for at, other in enumerate(names) if plain(other) == plain(name)]
        if len(alike) == 1 and plain(name):
            return alike[0]
    if name.isdecimal() and 0 < int(name) <= len(names):
        return int(name) - 1
    return None


@lru_cache(4096)
def letters(name: str) -> str:
    """Return "time" of "Time (ms)", and nothing of what is too long to be a name."""
    if len(name) > _LONGEST:  # many brackets take the square of their number
        return ""
    return re.sub(r"[\W_]", "", re.sub(r"[(\[{].*?[)\]}]", "", name)).lower()


_LONGEST = 200


def _missing(missing: dict[str, str], names: Sequence[str]) -> str:
    """Return what to say where columns are missing."""
    key, name = next(iter(missing.items()))
    shown = in_short(names)
    if sum(is_number(cell) for cell in names) >= 2:
        return (
            f"no column {name!r}: its first line, {shown}, holds no names; say which column is which by "
            f"number, as in source.columns.{key}=1"
        )
    usual = [one for one in names if letters(one) in USUAL.get(key, ())]
    close = usual or closest(name, names)
    return (
        f"no column {name!r}; its columns are {shown}; say which is which, as in "
        f"source.columns.{key}={close[0] if close else 'NAME'}, or try source=auto"
    )


def is_number(text: str) -> bool:
    """Return whether a cell holds a number, with a decimal point or comma."""
    return re.fullmatch(r"\s*[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?\s*", text) is not None


def separator_of(word: str | None) -> str | None:
    """Return the character that a setting names: itself, or "tab", "semicolon" and the like.

    Raises:
        InputError: It names none.
    """
    if not word:
        return None
    character = SEPARATORS.get(word, word)
    if len(character) != 1 or not character.isascii():
        raise InputError(
            f"source.separator={word!r}: give one character, or {', '.join(SEPARATORS)}"
        )
    return character
