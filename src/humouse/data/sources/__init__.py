"""Sources of data, one file each: from raw logs to tables of events."""

import inspect
from pathlib import Path
from typing import Any

from humouse.data.sources.balabit import Balabit
from humouse.data.sources.csv import Csv
from humouse.data.sources.humouse_default import HumouseDefault
from humouse.data.sources.kh2017 import Kh2017
from humouse.data.sources.sapimouse import SapiMouse
from humouse.data.sources.source import EVENT_SCHEMA, Events, Source, SourceFile
from humouse.errors import InputError, nearest

SOURCES: dict[str, type[Source]] = {
    source.name: source for source in (SapiMouse, Balabit, Kh2017, Csv, HumouseDefault)
}


def make_source(name: str, **options: Any) -> Source:
    """Return the source called `name` with its options, as a configuration gives them.

    Args:
        name: A key of `SOURCES`.
        **options: The source's settings; `root` is the folder or file of the recordings.

    Raises:
        InputError: No source or option is called that, or a root is needed and missing.
    """
    if name not in SOURCES:
        raise InputError(f"source={name}: no such source; {nearest(name, list(SOURCES))}")
    parameters = inspect.signature(SOURCES[name]).parameters
    if "folder" in parameters:
        root = options.pop("root", None)
        if not root:
            raise InputError(f"root: source={name} needs root=FOLDER, where its recordings lie")
        options["folder"] = Path(root).expanduser()
    for option in options:
        if option not in parameters:
            known = ["root" if key == "folder" else key for key in parameters]
            raise InputError(
                f"{option}: source={name} has no such setting; {nearest(option, known)}"
            )
    return SOURCES[name](**options)


__all__ = ["EVENT_SCHEMA", "SOURCES", "Events", "Source", "SourceFile", "make_source"]
