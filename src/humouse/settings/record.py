"""Settings of the recorder."""

from dataclasses import dataclass

from humouse.settings.fields import setting


@dataclass
class RecordSettings:
    """`humouse record`: a page in which a person records how he moves."""

    out: str = setting("folder for the recordings, a file for each session")
    person: str = setting("name of whom it records, for data that are divided by people")
    port: int = setting("port of the page on this machine; 0 for any free one")
