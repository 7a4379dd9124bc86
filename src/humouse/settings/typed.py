"""From plain values to typed settings; needs no Hydra, so that a checkpoint opens without it."""

import dataclasses
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from humouse.errors import InputError, nearest
from humouse.settings.renamed import RENAMED

Settings = TypeVar("Settings")

_STORED = re.compile(r"(s3a?|gc?s|az|abfss?|adl|oci|oss|hf|memory|sftp|ssh|ftp|smb|(web)?hdfs)://")
_TAKEN = (
    "addresses are for humouse sample and detect negatives (out_dir), and for detect score and features "
    "(movements, out)"
)


def typed(composed: DictConfig, schema: type[Settings]) -> Settings:
    """Return a composed configuration as an object of its schema.

    Raises:
        InputError: A key is unknown to the schema, a value is of the wrong type, there is no such choice, or
            a file is at an address where only paths are taken.
    """
    try:
        merged = OmegaConf.merge(_structured(schema, composed), composed)
        settings = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        if new_name := RENAMED.get(error.full_key or ""):
            raise InputError(f"{error.full_key}: is now called {new_name}") from error
        message = str(error).splitlines()[0]
        raise InputError(f"{error.full_key}: {message}".removeprefix(": ")) from error
    except OverflowError as error:  # OmegaConf's, which does not say where
        key = next(_beyond_floats(OmegaConf.to_container(composed)), "a number")
        raise InputError(f"{key}: larger than any number that can be used") from error
    _check_values(settings)
    return settings  # type: ignore[return-value]


def _beyond_floats(value: Any, key: str = "") -> Iterator[str]:
    """Yield the keys of whole numbers that no float holds."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _beyond_floats(part, f"{key}.{name}".lstrip("."))
    elif isinstance(value, int) and abs(value) > sys.float_info.max:
        yield key


def _check_values(settings: Any, prefix: str = "") -> None:
    """Raise InputError for the first value that is none of its setting's choices, or elsewhere."""
    for field in dataclasses.fields(settings):
        value, choices = getattr(settings, field.name), field.metadata.get("choices", ())
        if dataclasses.is_dataclass(value):
            _check_values(value, f"{prefix}{field.name}.")
        if not field.metadata.get("address"):
            _check_is_here(value, f"{prefix}{field.name}")
        if not choices or value is None:
            continue
        for name in [value] if isinstance(value, str) else value:
            if name.partition(":")[0] not in choices:  # cuda:1 is a cuda
                key = f"{prefix}{field.name}"
                what = (
                    f"{key}={name}: no such choice"
                    if name is value
                    else f"{key}: there is no {name!r}"
                )
                raise InputError(f"{what}; {nearest(name, choices)}")


def _check_is_here(value: Any, key: str) -> None:
    """Raise InputError if a value is, or holds, the address of a file elsewhere."""
    if isinstance(value, str) and _STORED.match(value):
        raise InputError(f"{key}={value}: takes a path of this machine, so copy it here; {_TAKEN}")
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            _check_is_here(one, key)


def _structured(schema: type, composed: DictConfig) -> DictConfig:
    """Return the schema as a configuration, with the variants that `composed` names."""
    structured = OmegaConf.structured(schema)
    for field in dataclasses.fields(schema):
        if "variants" in field.metadata and isinstance(composed[field.name], DictConfig):
            structured[field.name] = OmegaConf.structured(schema_of(field, composed))
    return structured


def schema_of(field: dataclasses.Field[Any], composed: DictConfig) -> type | None:
    """Return the schema of a section, which may depend on the name that is in it.

    None for a plain setting, and for a section that is null.

    Raises:
        InputError: There is no schema for that name.
    """
    variants: Mapping[str, type] | None = field.metadata.get("variants")
    if variants is None:
        types = get_args(field.type) or (field.type,)  # X | None is a section that may be null
        section: Any = next((one for one in types if dataclasses.is_dataclass(one)), None)
        return None if section is None or composed[field.name] is None else section
    name = OmegaConf.select(composed, f"{field.name}.name")
    if name not in variants:
        raise InputError(
            f"{field.name}.name={name}: no such choice; {nearest(str(name), list(variants))}"
        )
    return variants[name]
