"""Pages of help: every setting with its value and meaning."""

import dataclasses
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence

from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from humouse.errors import InputError
from humouse.settings.compose import chosen_options, compose, config_groups, flat, shown
from humouse.settings.typed import schema_of


def print_page(text: str) -> None:
    """Print a page of text, whose reader may stop early: `humouse --help | head -3`."""
    try:
        print(text, flush=True)
    except BrokenPipeError:  # what is left in the buffer goes nowhere, and says nothing of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def help_text(config: str, schema: type, usage: str, overrides: Sequence[str] = ()) -> str:
    """Return the page that `--help` prints: every setting with its value and meaning.

    Args:
        config: Name of the primary configuration.
        schema: Dataclass with the settings' meanings.
        usage: First line.
        overrides: What stands beside `--help`; where that is wrong, only the groups' options in it
            count, for the page is what helps to mend the rest.
    """
    settings = settings_of(config, schema, overrides)
    lines = [usage, "", "Settings are given as key=value, for example seed=7.", ""]
    for group, options in config_groups(config).items():
        lines += wrapped(f"{group}={' | '.join(options)}", _window(), "  ", "      ")
    lines += [""] if config_groups(config) else []
    width = min(max(len(f"{key}={value}") for key, value, _ in settings) + 2, 44)
    for key, value, meaning in settings:
        lines += _wrapped(f"{key}={value}", meaning, width)
    lines += [
        "",
        "Hydra's flags work too: --cfg job shows the composed settings, --multirun sweeps.",
    ]
    return "\n".join(lines)


def settings_of(
    config: str, schema: type, overrides: Sequence[str] = ()
) -> list[tuple[str, str, str]]:
    """Return the name, the value and the meaning of every setting; for the arguments see `help_text`."""
    try:
        composed = compose(config, overrides)
        values, meanings = dict(flat(composed)), dict(_meanings(schema, composed))
    except (InputError, OmegaConfBaseException):
        composed = compose(config, chosen_options(config, overrides))
        values, meanings = dict(flat(composed)), dict(_meanings(schema, composed))
    return [(key, shown(value), meanings.get(key, "")) for key, value in values.items()]


def _wrapped(setting: str, meaning: str, width: int) -> list[str]:
    """Return a setting and its meaning beside it, wrapped as the window asks."""
    window = max(_window(), width + 40)
    first = f"  {setting:<{width}}  "
    rest = " " * (width + 4)
    # A value that is a text of its own wraps alone, and the meaning stands below it.
    above = wrapped(setting, window, "  ", "      ") if len(first + meaning) > window else []
    if len(setting) <= width or not above:
        return wrapped(meaning, window, first, rest) or [first.rstrip()]
    return above + wrapped(meaning, window, rest, rest)


def _window() -> int:
    """Return how many characters a line holds."""
    return shutil.get_terminal_size((100, 24)).columns


def wrapped(text: str, window: int, first: str, rest: str) -> list[str]:
    """Return a text as lines of a window's width that begin with `first` and then with `rest`."""
    return textwrap.wrap(
        text,
        window,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _meanings(schema: type, composed: DictConfig, prefix: str = "") -> Iterator[tuple[str, str]]:
    for field in dataclasses.fields(schema):
        section = schema_of(field, composed)
        if section is None:
            yield f"{prefix}{field.name}", field.metadata.get("help", "")
        else:
            inner = composed[field.name]
            yield from _meanings(section, inner, f"{prefix}{field.name}.")
