"""Recordings in delimited text files whose columns are named by settings."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from humouse.data.sources.folder import recordings
from humouse.data.sources.source import Events, Source, SourceFile
from humouse.data.sources.table import STATE_WORDS, LogFormat, read_events
from humouse.errors import InputError
from humouse.time_unit import MS_PER_UNIT

_COLUMNS = ("t", "x", "y", "state", "user", "session")


@dataclass(frozen=True)
class Csv(Source):
    """Recordings in delimited text files with a line of column names.

    Args:
        folder: A file, or the folder that the files lie in.
        columns: Names of the columns: `t`, `x`, `y`, and where the files have them `state` (move,
            drag, pressed, released, scroll and the like; without it every row is a move), `user`
            and `session`.
        time_unit: Unit of the column `t`: "s", "ms" or "us".
        pattern: Which files in the folder, as a glob.
        user_from: Where no column names the user: "file" (the file's name without its ending) or
            "folder" (the name of the folder that the file lies in).
        separator: Character between the fields.

    Raises:
        InputError: A setting is none of those.
    """

    folder: Path
    columns: dict[str, str | None] = field(default_factory=lambda: {"t": "t", "x": "x", "y": "y"})
    time_unit: str = "ms"
    pattern: str = "**/*.csv"
    user_from: str = "file"
    separator: str = ","
    name = "csv"

    def __post_init__(self) -> None:
        for key in self.columns:
            if key not in _COLUMNS:
                raise InputError(
                    f"columns.{key}: no such column; choose from {', '.join(_COLUMNS)}"
                )
        for key in ("t", "x", "y"):
            if not self.columns.get(key):
                raise InputError(f"columns.{key}: name the column that holds it")
        if self.time_unit not in MS_PER_UNIT:
            raise InputError(f"time_unit={self.time_unit}: choose s, ms or us")
        if self.user_from not in ("file", "folder"):
            raise InputError(f"user_from={self.user_from}: choose file or folder")
        if len(self.separator) != 1 or not self.separator.isascii():
            raise InputError(f"separator={self.separator!r}: give one ASCII character")

    @property
    def root(self) -> Path:
        """The file or folder."""
        return self.folder

    def settings(self) -> dict[str, Any]:
        """Return the columns, units and patterns."""
        return {
            "columns": {key: name for key, name in sorted(self.columns.items()) if name},
            "time_unit": self.time_unit,
            "pattern": self.pattern,
            "user_from": self.user_from,
            "separator": self.separator,
        }

    def files(self) -> list[SourceFile]:
        """Return the files that match the pattern."""
        found = recordings(
            self.folder, self.pattern, expected=self.pattern, user_from=self.user_from
        )
        return [replace(file, user=None) for file in found] if self.columns.get("user") else found

    def events(self, file: SourceFile) -> Events:
        """Return one file's events, each person's and session's rows together."""
        assert file.path is not None
        column = self.columns.get
        log = LogFormat(
            t=column("t") or "",
            x=column("x") or "",
            y=column("y") or "",
            state=column("state"),
            user=column("user"),
            session=column("session"),
            ms_per_unit=MS_PER_UNIT[self.time_unit],
            separator=self.separator,
            quote='"',
            words=STATE_WORDS,
        )
        return read_events(file.path, log, file.user)
