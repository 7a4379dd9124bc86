"""The definitions that come with humouse, one file each in `humouse/configs/source`."""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from humouse import configs
from humouse.data.events.definition import Definition
from humouse.errors import InputError, nearest

_FOLDER = Path(configs.__file__).parent / "source"
_BASE = "base"
NAMES = (
    *(
        "sapimouse",
        "balabit",
        "kh2017",
        "csv",
        "auto",
        "pynput",
        "pynput_text",
        "browser",
        "rrweb",
        "jspsych",
        "mousetrap",
        "psychopy",
        "bogazici",
        "dfl",
        "attentive_cursor",
        "iliou",
        "minecraft",
        "humouse",
    ),
)


@cache
def _file(name: str) -> dict[str, Any]:
    content = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text())
    return {key: value for key, value in content.items() if key != "defaults"}


def definition(name: str, options: Mapping[str, Any]) -> Definition:
    """Return the definition called `name`, with some of its values replaced by options.

    Args:
        name: One of `NAMES`.
        options: Values of `Definition`; `columns` and `states` replace single entries.

    Raises:
        InputError: An option is none, or has a value that cannot be used.
    """
    known = [field.name for field in fields(Definition)]
    for option in options:
        if option not in known:
            hint = nearest(option, ["root", *known[1:]])
            raise InputError(f"{option}: source={name} has no such setting; {hint}")
    values = _merged(_merged(_file(_BASE), _file(name)), options)
    states = {state: tuple(words) for state, words in values.pop("states").items()}
    marks = tuple(values.pop("marks"))
    origin = tuple(float(value) for value in values.pop("origin_px"))
    return Definition(states=states, marks=marks, origin_px=origin, **values)


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        inner = merged.get(key)
        merged[key] = {**inner, **value} if isinstance(inner, dict) else value
    return merged
