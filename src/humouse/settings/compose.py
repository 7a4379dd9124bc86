"""From Hydra files and overrides to typed settings."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import hydra
import yaml
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from humouse import configs
from humouse.errors import InputError, nearest
from humouse.settings.renamed import RENAMED
from humouse.settings.typed import Settings, typed

CONFIGS = "humouse.configs"
SEE_HELP = "see --help for those there are"


def settings_from(config: str, schema: type[Settings], overrides: list[str]) -> Settings:
    """Return the settings of a primary configuration under Hydra overrides.

    Raises:
        InputError: A key is misspelt (the nearest right one is named), or a value is of the wrong
            type.
    """
    return typed(compose(config, overrides), schema)


def command_of(verb: str, config: str, settings: Any) -> str:
    """Return the command line that gives these settings: those that are not the defaults.

    Args:
        verb: What stands first, "humouse eval".
        config: Name of the primary configuration.
        settings: An object of its schema.
    """
    defaults = dict(_flat_values(settings_from(config, type(settings), [])))
    given = [
        shell_word(key, value) for key, value in _flat_values(settings) if value != defaults[key]
    ]
    return " ".join([verb, *given])


def shell_word(key: str, value: Any) -> str:
    """Return `key=value` as a shell takes it, whatever stands in the value."""
    text = f"{key}={as_override(value)}"
    # In double quotes where single ones stand in it already.
    if "'" in text and not set(text) & set('"$`\\!'):
        return f'"{text}"'
    return shlex.quote(text)


def _flat_values(settings: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every setting of an object by its dotted name, with its value."""
    for key, value in vars(settings).items():
        if is_dataclass(value):
            yield from _flat_values(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def quoted(text: str) -> str:
    """Return what Hydra reads as this text, whatever stands in it."""
    # Backslashes are doubled before a quote only; elsewhere they stand for themselves.
    inside = re.sub(r"(\\*)('|$)", lambda m: 2 * m[1] + ("\\'" if m[2] else ""), text)
    # Before an interpolation, too, a backslash would be read as taking the next one's meaning away.
    return "'" + re.sub(r"(\\*)\$\{", lambda m: 2 * m[1] + r"\${", inside) + "'"


# Hydra reads these words as text without quotes, unless they are a value of another kind.
_PLAIN = re.compile(r"(\.{0,2}/)?[A-Za-z_][\w./+-]*", re.ASCII)
_OTHER_KINDS = ("null", "true", "false", "nan", "inf")


def as_override(value: Any) -> str:
    """Return what stands after `key=` to give a setting this value."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _OTHER_KINDS
        return value if plain else quoted(value)
    if isinstance(value, list):
        return f"[{','.join(map(as_override, value))}]"
    if isinstance(value, dict):  # Hydra takes no quotes around keys
        return f"{{{','.join(f'{key}:{as_override(one)}' for key, one in value.items())}}}"
    return shown(value)


def compose(config: str, overrides: Sequence[str]) -> DictConfig:
    """Return a primary configuration under Hydra overrides, its keys and types not yet checked.

    Raises:
        InputError: An override names no setting or no option that there is.
    """
    overrides = [_readable(text) for text in overrides]
    running, GlobalHydra.instance().hydra = GlobalHydra.instance().hydra, None
    try:
        with hydra.initialize_config_module(CONFIGS, version_base="1.3"):
            try:
                return hydra.compose(config, list(overrides))
            # A choice that is a number is a ValueError to Hydra.
            except (HydraException, OmegaConfBaseException, ValueError) as error:
                # The keys there are can only be listed from a composition that works.
                defaults = hydra.compose(config, chosen_options(config, overrides))
                raise InputError(_explain(config, overrides, defaults, error)) from error
    finally:  # a sweep's own Hydra goes on after a job that composed something else
        GlobalHydra.instance().hydra = running


def _readable(text: str) -> str:
    """Return an override as Hydra reads it: `columns.t=Time (ms)` gets the quotes that it needs."""
    found = re.fullmatch(r"(?P<key>\+{0,2}[\w./@-]+)=(?P<value>.+)", text, re.DOTALL)
    if found is None:
        return text
    try:
        OverridesParser.create().parse_override(text)
    except HydraException:
        plain = not found["value"].startswith(("[", "{", "'", '"', "${"))
        return f"{found['key']}={quoted(found['value'])}" if plain else text
    return text if found["value"].strip() else f"{found['key']}={quoted(found['value'])}"


def chosen_options(config: str, overrides: Sequence[str]) -> list[str]:
    """Return the overrides that choose an option of a group, if there is such an option."""
    groups, chosen = config_groups(config), {}
    for text in overrides:
        key, _, option = text.lstrip("+").partition("=")
        if option in groups.get(key, []):
            chosen[key] = f"{key}={option}"
    return list(chosen.values())


def _explain(config: str, overrides: Sequence[str], defaults: DictConfig, error: Exception) -> str:
    groups = config_groups(config)
    keys = [key for key, _ in flat(defaults)] + list(groups)
    for text in overrides:
        try:
            override = OverridesParser.create().parse_override(text)
        except HydraException:
            return f"{text}: not of the form key=value (quote it if it holds spaces or brackets)"
        key = override.key_or_group
        if key in groups and str(override.value()) not in groups[key]:
            return f"{text}: no such choice; {nearest(str(override.value()), groups[key])}"
        if key not in keys and RENAMED.get(key) in keys:
            return f"{key}: is now called {RENAMED[key]}"
        if override.is_add() or override.is_delete() or key in keys:
            continue
        if OmegaConf.select(defaults, key) is None:
            return f"{key}: no such setting; {nearest(key, keys, SEE_HELP)}"
    return " ".join(str(error).split("\n")[:2])


def flat(config: DictConfig, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every setting by its dotted name, with its value."""
    for key in map(str, config):
        value = OmegaConf.select(config, key)
        if isinstance(value, DictConfig):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@cache
def config_groups(config: str) -> dict[str, list[str]]:
    """Return the groups that a primary configuration chooses from, with their options."""
    root = Path(configs.__file__).parent
    file = yaml.safe_load((root / f"{config}.yaml").read_text())
    chosen = [item for item in file.get("defaults", []) if isinstance(item, dict)]
    names = [name.lstrip("/") for item in chosen for name in item]
    options = {name: sorted(path.stem for path in (root / name).glob("*.yaml")) for name in names}
    return {name: [stem for stem in stems if stem != "base"] for name, stems in options.items()}


def shown(value: Any) -> str:
    """Return a setting's value as it stands in YAML."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value).replace(" ", "")
