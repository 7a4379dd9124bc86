"""Sources of data: from recordings to tables of events."""

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

from humouse.data.events.definition import Definition
from humouse.data.events.event import EVENT_SCHEMA, Events
from humouse.data.sources.definitions import NAMES, definition
from humouse.data.sources.humouse_default import HumouseDefault
from humouse.data.sources.recognise import first_known, pattern_of, taken_for
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
    folder = Path(root).expanduser()
    if name == "auto":
        return _recognised(folder, options)
    return Recordings(definition(name, options), folder)


def _recognised(folder: Path, options: dict[str, Any]) -> Recordings:
    """Return the recordings of a folder as what the first file is that is known.

    Files of other endings, such as a README.txt beside tables, are left out.
    """
    plain, asked = definition("auto", {}), definition("auto", options)
    given = {key: value for key, value in options.items() if _differs(key, value, plain)}
    first, found = first_known(sorted(Recordings(asked, folder).paths()), given)
    found = replace(found, pattern=given.get("pattern", pattern_of(first)))
    ways = ["file", "folder", "USER/*/*"] if asked.user_from == plain.user_from else []
    for user_from in (found.user_from, *ways):
        chosen = replace(found, user_from=user_from)
        source = Recordings(chosen, folder, taken_for(first, chosen))
        try:
            source.files()
        except InputError:  # the names of the files are no people's: those of their folders may be
            continue
        return source
    return Recordings(replace(found, user_from="file"), folder, taken_for(first, found))


def _differs(key: str, value: Any, plain: Definition) -> bool:
    """Return whether somebody has set an option of source=auto."""
    before = getattr(plain, key)
    if isinstance(value, dict):
        value = {
            name: one for name, one in value.items() if tuple(one or ()) or isinstance(one, str)
        }
        before = {name: one for name, one in before.items() if one}
        return {k: v if isinstance(v, str) else tuple(v) for k, v in value.items()} != before
    return (tuple(value) if isinstance(value, list) else value) != before


def _synthetic(options: dict[str, Any]) -> HumouseDefault:
    known = list(inspect.signature(HumouseDefault).parameters)
    for option in options:
        if option not in known:
            hint = nearest(option, known)
            raise InputError(f"{option}: source={HumouseDefault.name} has no such setting; {hint}")
    return HumouseDefault(**options)


__all__ = ["EVENT_SCHEMA", "SOURCES", "Events", "Source", "SourceFile", "make_source"]
