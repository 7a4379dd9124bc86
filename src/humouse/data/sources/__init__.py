"""Sources of data: from recordings to tables of events."""

import inspect
from pathlib import Path
from typing import Any

from humouse.data.events.event import EVENT_SCHEMA, Events
from humouse.data.sources.definitions import NAMES, definition
from humouse.data.sources.humouse_default import HumouseDefault
from humouse.data.sources.recordings import Recordings
from humouse.data.sources.source import Source, SourceFile
from humouse.errors import InputError, nearest

SOURCES = (*NAMES, HumouseDefault.name)


def make_source(name: str, **options: Any) -> Source:
    """Return the source called `name` with its options, as a configuration gives them.

    Args:
        name: One of `SOURCES`.
        **options: The source's settings; `root` is the folder or file of the recordings.

    Raises:
        InputError: No source or option is called that, or a root is needed and missing.
    """
    if name not in SOURCES:
        raise InputError(f"source={name}: no such source; {nearest(name, SOURCES)}")
    if name == HumouseDefault.name:
        return _synthetic(options)
    root = options.pop("root", None) or definition(name, {}).downloaded
    if not root:
        raise InputError(f"root: source={name} needs root=FOLDER, where its recordings lie")
    return Recordings(definition(name, options), Path(root).expanduser())


def _synthetic(options: dict[str, Any]) -> HumouseDefault:
    known = list(inspect.signature(HumouseDefault).parameters)
    for option in options:
        if option not in known:
            hint = nearest(option, known)
            raise InputError(f"{option}: source={HumouseDefault.name} has no such setting; {hint}")
    return HumouseDefault(**options)


__all__ = ["EVENT_SCHEMA", "SOURCES", "Events", "Source", "SourceFile", "make_source"]
