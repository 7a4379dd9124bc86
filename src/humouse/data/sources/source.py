"""The interface of every dataset: named files, and the events of each in one form."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humouse.data.events.event import Events, joined


@dataclass(frozen=True)
class SourceFile:
    """One recording: a file, or a virtual person's session, which has no file.

    Args:
        name: Path relative to the source's root with forward slashes, or the virtual session's
            name; unique within the source.
        path: Where the file lies, or None where the events are computed.
        user: Who moved, or None where the file's own column says it.
        session: Name of the session.
    """

    name: str
    path: Path | None
    user: str | None
    session: str


class Source(ABC):
    """A dataset: where its recordings are and how to read one.

    `name` is its name in the configuration; `synthetic` is True where no person moved;
    `note` is a sentence on how the recordings were understood, where there is something to say.
    """

    name: str
    synthetic: bool = False
    note: str = ""

    @property
    def origin(self) -> str:
        """The origin of its trajectories, marked where they are synthetic."""
        return f"{self.name} (synthetic)" if self.synthetic else self.name

    @property
    def root(self) -> Path | None:
        """Folder or file that the recordings lie in, or None where they are computed."""
        return None

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Return all that determines the events besides the files' content, as plain JSON values."""

    @abstractmethod
    def files(self) -> list[SourceFile]:
        """Return the recordings in a fixed order, whatever the file system's.

        Raises:
            InputError: The root is missing or holds no recording.
        """

    @abstractmethod
    def parts(self, file: SourceFile) -> Iterator[Events]:
        """Yield the events of one recording, a long one in parts; see `read_parts`. An empty file has none.

        Raises:
            InputError: The file cannot be read, a column is missing, or the rows cannot be right.
        """

    def events(self, file: SourceFile) -> Events:
        """Return all events of one recording; see `parts`."""
        return joined(list(self.parts(file)))
