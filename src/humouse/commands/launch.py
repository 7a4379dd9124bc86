"""From the command line to a task: Hydra composes, schemas check, errors come out as one line."""

import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import fields
from typing import Any, TextIO

import hydra
from omegaconf import DictConfig

from humouse.commands.help import help_text, print_page
from humouse.errors import InputError, OutOfRangeWarning, nearest
from humouse.interrupt import STATUS
from humouse.settings.compose import CONFIGS, SEE_HELP, settings_from
from humouse.settings.typed import Settings, typed

# Hydra composes and sweeps; it makes no folder and writes no file of its own.
_QUIET = (
    "hydra.run.dir=.",
    "hydra.output_subdir=null",
    "hydra.sweep.subdir=.",
    "hydra/job_logging=none",
    "hydra/hydra_logging=none",
)

_HYDRA_FLAGS = (
    "--help",
    "--hydra-help",
    "--cfg",
    "--resolve",
    "--package",
    "--multirun",
    "--info",
    "--config-path",
    "--config-name",
    "--config-dir",
)


def launch(
    config: str, schema: type[Settings], task: Callable[[Settings], None], usage: str
) -> None:
    """Run `task` with the settings that the command line asks for, then exit.

    `--help` lists the settings with their meaning, as the words beside it set them; `--multirun`,
    `--cfg job` and the other flags are Hydra's own. The working directory stays as it is.

    Args:
        config: Name of the primary configuration under `humouse/configs`.
        schema: Dataclass with the settings' types and meanings.
        task: What to do with them.
        usage: First line of the help.
    """
    with user_errors():
        arguments = _as_settings(sys.argv[1:], schema)
    if {"--help", "-h"} & set(arguments):
        print_page(help_text(config, schema, usage, [w for w in arguments if "=" in w]))
        return
    with user_errors():
        if not any(word.startswith("-") for word in arguments):
            task(settings_from(config, schema, arguments))
            return

    @hydra.main(version_base="1.3", config_path=f"pkg://{CONFIGS}", config_name=config)
    def run(composed: DictConfig) -> None:
        with user_errors():
            task(typed(composed, schema))

    with tempfile.TemporaryDirectory() as folder:  # the sweeper cannot but write a file
        sys.argv[1:] = [*_flags_first(arguments), *_QUIET, f"hydra.sweep.dir={folder}"]
        run()


def _flags_first(words: list[str]) -> list[str]:
    """Return the flags, each with what belongs to it, and then the settings.

    Hydra's own parser takes no settings on both sides of a flag.
    """
    after_flag = [before.startswith("-") for before in ["", *words]]
    flags = [
        word.startswith("-") or (after and "=" not in word)
        for word, after in zip(words, after_flag, strict=False)
    ]
    parted = sorted(zip(flags, words, strict=True), key=lambda pair: not pair[0])
    return [word for _, word in parted]


def _as_settings(words: list[str], schema: type) -> list[str]:
    """Return the words with `--n 10` and `--n=10` written as Hydra has them: n=10.

    Raises:
        InputError: A flag is neither a setting nor one of Hydra's.
    """
    names = {field.name for field in fields(schema)}
    result, rest = [], list(words)
    while rest:
        word = rest.pop(0)
        name, equals, _ = word.removeprefix("--").partition("=")
        if not word.startswith("--") or word.partition("=")[0] in _HYDRA_FLAGS:
            result.append(word)
            continue
        if name.split(".")[0] not in names:
            hint = nearest(name, sorted(names), SEE_HELP)
            raise InputError(f"{word}: no such flag; {hint} Settings are given as n=10")
        if equals:
            result.append(word.removeprefix("--"))
        elif rest and "=" not in rest[0] and not rest[0].startswith("-"):
            result.append(f"{name}={rest.pop(0)}")
        else:
            result.append(f"{name}=true")
    return result


class user_errors:  # noqa: N801 — reads as a statement
    """Turn an `InputError` in the block into one line on stderr and exit status 2.

    An `OutOfRangeWarning` becomes one line on stderr, too.
    """

    def __enter__(self) -> None:
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("default", OutOfRangeWarning)
        shown = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, OutOfRangeWarning):
                print(f"warning: {message}", file=sys.stderr)
            else:
                shown(message, category, filename, lineno, file, line)

        warnings.showwarning = show

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._warnings.__exit__(None, None, None)
        if isinstance(error, InputError):
            print(f"humouse: {error}", file=sys.stderr)
            raise SystemExit(2) from None
        if isinstance(error, KeyboardInterrupt):
            print("humouse: interrupted", *error.args, file=sys.stderr)
            raise SystemExit(STATUS) from None
