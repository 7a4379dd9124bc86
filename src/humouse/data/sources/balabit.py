"""Balabit Mouse Dynamics Challenge: people at work through a remote desktop.

Fülöp, Kovács, Kurics, Windhager-Pokol, *Balabit Mouse Dynamics Challenge data set* (2016). The
client's clock is used (the record timestamp is the network's), from seconds to whole ms. A wheel
event has no position: it is marked "scroll", and gestures pass over it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humouse.data.sources.folder import recordings
from humouse.data.sources.source import Events, Source, SourceFile
from humouse.data.sources.table import STATE_WORDS, LogFormat, read_events

# Balabit's "Up" and "Down" are the wheel's, not the button's.
_WORDS = {**STATE_WORDS, "up": "scroll", "down": "scroll"}
_LOG = LogFormat(t="client timestamp", ms_per_unit=1000.0, words=_WORDS)


@dataclass(frozen=True)
class Balabit(Source):
    """The training files of the Balabit data set; its test files do not name the person.

    Args:
        folder: The folder that holds `training_files/`, or that folder itself.
    """

    folder: Path
    name = "balabit"
    public = True

    @property
    def root(self) -> Path:
        """The folder that holds the people's folders."""
        inner = self.folder / "training_files"
        return inner if inner.is_dir() else self.folder

    def settings(self) -> dict[str, Any]:
        """Return no settings."""
        return {}

    def files(self) -> list[SourceFile]:
        """Return every training session of every person."""
        return recordings(
            self.root, "user*/session_*", expected="userN/session_…", public=self.name
        )

    def events(self, file: SourceFile) -> Events:
        """Return one session's events."""
        assert file.path is not None
        return read_events(file.path, _LOG, file.user)
