"""From plain values to typed settings; needs no Hydra, so that a checkpoint opens without it."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from humouse.errors import InputError
from humouse.settings.renamed import RENAMED

Settings = TypeVar("Settings")


def typed(composed: DictConfig, schema: type[Settings]) -> Settings:
    """Return a composed configuration as an object of its schema.

    Raises:
        InputError: A key is unknown to the schema, or a value is of the wrong type.
    """
    try:
        merged = OmegaConf.merge(_structured(schema, composed), composed)
        return OmegaConf.to_object(merged)  # type: ignore[return-value]
    except OmegaConfBaseException as error:
        if new_name := RENAMED.get(error.full_key or ""):
            raise InputError(f"{error.full_key}: is now called {new_name}") from error
        message = str(error).splitlines()[0]
        raise InputError(f"{error.full_key}: {message}".removeprefix(": ")) from error


def _structured(schema: type, composed: DictConfig) -> DictConfig:
    """Return the schema as a configuration, with the variants that `composed` names."""
    structured = OmegaConf.structured(schema)
    for field in dataclasses.fields(schema):
        if "variants" in field.metadata and isinstance(composed[field.name], DictConfig):
            structured[field.name] = OmegaConf.structured(schema_of(field, composed))
    return structured


def schema_of(field: dataclasses.Field[Any], composed: DictConfig) -> type:
    """Return the schema of a section, which may depend on the name that is in it.

    Raises:
        InputError: There is no schema for that name.
    """
    variants: Mapping[str, type] | None = field.metadata.get("variants")
    if variants is None:
        return field.type  # type: ignore[return-value]
    name = OmegaConf.select(composed, f"{field.name}.name")
    if name not in variants:
        raise InputError(
            f"{field.name}.name={name}: no such choice; choose one of {', '.join(variants)}"
        )
    return variants[name]
