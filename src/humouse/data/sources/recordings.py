"""Recordings of any declared dataset."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humouse.data.events.definition import Definition
from humouse.data.events.event import Events
from humouse.data.events.read import read_parts
from humouse.data.names import natural_key
from humouse.data.reading.packed import PACKED
from humouse.data.sources.people import people_of
from humouse.data.sources.source import Source, SourceFile
from humouse.errors import InputError


@dataclass(frozen=True)
class Recordings(Source):
    """The recordings below a folder, written as a definition says.

    Args:
        definition: What the files hold.
        folder: The folder, or one file.
        note: What the recordings were taken for, where nobody said it.
    """

    definition: Definition
    folder: Path
    note: str = ""

    def __post_init__(self) -> None:
        people_of([], self.definition.user_from)

    @property
    def name(self) -> str:  # type: ignore[override]
        """What the dataset is called."""
        return self.definition.name

    @property
    def root(self) -> Path:
        """The folder or file."""
        return self.folder

    def settings(self) -> dict[str, Any]:
        """Return the definition."""
        return self.definition.settings()

    def files(self) -> list[SourceFile]:
        """Return the files that match the pattern, in natural order (user2 before user10)."""
        base = self.folder if self.folder.is_dir() else self.folder.parent
        found = {path.relative_to(base).as_posix(): path for path in self.paths()}
        names = sorted(found, key=natural_key)
        if self.definition.columns.get("user"):
            return [SourceFile(name, found[name], None, Path(name).stem) for name in names]
        people = people_of(names, self.definition.user_from)
        return [
            SourceFile(name, found[name], user, session)
            for name, (user, session) in zip(names, people, strict=True)
        ]

    def paths(self) -> list[Path]:
        """Return the paths of the files; of one that lies there both packed and not, the packed one.

        Raises:
            InputError: The root is missing, or nothing below it matches.
        """
        if self.folder.is_file():
            return [self.folder]
        pattern = self.definition.pattern
        if not self.folder.is_dir():
            download = self.definition.downloaded
            fetch = f", or fetch them: humouse data download {self.name}" if download else ""
            raise InputError(
                f"root={self.folder}: no such folder; give the one that holds "
                f"{_shown(pattern)}{fetch}"
            )
        found = [path for one in pattern.split() for path in self.folder.glob(one)]
        found = [path for path in found if path.is_file() and not path.name.startswith(".")]
        if not found:
            raise InputError(
                f"root={self.folder}: no file {_shown(pattern)} in it; give the folder that holds "
                "them, or name them, as in source.pattern=**/*.txt"
            )
        packed = {path.with_suffix("") for path in found if path.suffix in PACKED}
        return [path for path in found if path not in packed]

    def parts(self, file: SourceFile) -> Iterator[Events]:
        """Yield the events of one recording."""
        assert file.path is not None
        return read_parts(file.path, self.definition, file.user)


def _shown(pattern: str) -> str:
    first, *more = pattern.split()
    return f"{first} or the like" if more else first
