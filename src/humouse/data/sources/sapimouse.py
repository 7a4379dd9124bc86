"""SapiMouse: browser events of people who click and drag shapes on a page.

Antal, Fejér, Buza, *SapiMouse: Mouse Dynamics-based User Authentication Using Deep Feature
Learning* (2021). Two sessions a person, of 1 and of 3 minutes; times in whole ms.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humouse.data.sources.folder import recordings
from humouse.data.sources.source import Events, Source, SourceFile
from humouse.data.sources.table import LogFormat, read_events

_LOG = LogFormat(t="client timestamp")


@dataclass(frozen=True)
class SapiMouse(Source):
    """The SapiMouse data set.

    Args:
        folder: The folder that holds `userN/session_….csv`.
    """

    folder: Path
    name = "sapimouse"
    public = True

    @property
    def root(self) -> Path:
        """The folder that holds the people's folders."""
        return self.folder

    def settings(self) -> dict[str, Any]:
        """Return no settings."""
        return {}

    def files(self) -> list[SourceFile]:
        """Return every session of every person."""
        return recordings(
            self.folder, "user*/session_*.csv", expected="userN/session_….csv", public=self.name
        )

    def events(self, file: SourceFile) -> Events:
        """Return one session's events."""
        assert file.path is not None
        return read_events(file.path, _LOG, file.user)
