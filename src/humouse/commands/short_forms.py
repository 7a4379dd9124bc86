"""Short forms on the command line: flags and folders that stand for settings."""

from collections.abc import Callable
from pathlib import Path

from humouse.settings.compose import as_override, quoted

Expand = Callable[[list[str]], list[str]]


def long_flags(*flags: str) -> Expand:
    """Return what turns `--name` into `name=true` for these flags."""

    def expand(words: list[str]) -> list[str]:
        return [f"{word[2:]}=true" if word in flags else word for word in words]

    return expand


def folders_as(setting: str) -> Expand:
    """Return what turns words that are no settings into `setting=FOLDER`.

    "runs" takes a list of folders, any other name one.
    """

    def expand(words: list[str]) -> list[str]:
        folders, rest = _folders(words)
        if setting == "runs":
            return rest + ([f"runs=[{','.join(map(quoted, folders))}]"] if folders else [])
        return rest + [f"{setting}={quoted(folder)}" for folder in folders]

    return expand


def option_of(group: str) -> Expand:
    """Return what turns a word that is no setting into `group=WORD`."""

    def expand(words: list[str]) -> list[str]:
        # What follows a flag is the flag's: --cfg job.
        after_flag = [before.startswith("--") for before in ["", *words]]
        return [
            word if flag or "=" in word or word.startswith("-") else f"{group}={as_override(word)}"
            for word, flag in zip(words, after_flag, strict=False)
        ]

    return expand


def _folders(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the words that name folders, and the others."""
    # What follows a flag is the flag's: --cfg job.
    flags = [word.startswith("-") for word in ["", *words]]
    folders = [
        word for word, flag in zip(words, flags, strict=False) if not flag and _names_a_folder(word)
    ]
    return folders, [word for word in words if word not in folders]


def _names_a_folder(word: str) -> bool:
    # A run's folder may be called after its settings: runs/lr=0.001. But run=a is a setting.
    named = word.startswith(("run=", "runs=", "out="))
    return not word.startswith("-") and ("=" not in word or (not named and Path(word).is_dir()))
