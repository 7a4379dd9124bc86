"""Short forms on the command line: flags and folders that stand for settings."""

from collections.abc import Callable
from pathlib import Path

from humouse.errors import InputError
from humouse.files import has_shape, read_json
from humouse.settings.compose import as_override, config_groups, quoted, shell_word

Expand = Callable[[list[str]], list[str]]
DATA = Path("data")
"""Where prepared data lie, a folder for each dataset."""
_MANIFEST = "manifest.json"  # `humouse.data.prepared` has it, too, but loads torch


def long_flags(*flags: str) -> Expand:
    """Return what turns `--name` into `name=true` for these flags."""

    def expand(words: list[str]) -> list[str]:
        return [f"{word[2:]}=true" if word in flags else word for word in words]

    return expand


def folders_as(setting: str) -> Expand:
    """Return what turns words that are no settings into `setting=FOLDER`.

    "runs" and "dirs" take a list of folders, any other name one.
    """

    def expand(words: list[str]) -> list[str]:
        folders, rest = _folders(words)
        if setting in ("runs", "dirs"):
            return rest + ([f"{setting}=[{','.join(map(quoted, folders))}]"] if folders else [])
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
    named = word.startswith(("run=", "runs=", "out=", "dirs="))
    return not word.startswith("-") and ("=" not in word or (not named and Path(word).is_dir()))


def prepared_data(words: list[str]) -> list[str]:
    """Turn `data=NAME` into the settings of the prepared data in data/NAME, or in NAME.

    A name that the group `data` knows stays as it is.
    """
    asks_for_help = bool({"--help", "-h"} & set(words))
    return [new for word in words for new in _data_settings(word, asks_for_help)]


def _data_settings(word: str, asks_for_help: bool) -> list[str]:
    key, _, name = word.partition("=")
    known = config_groups("diffusion/train")["data"]
    if key != "data" or not name or set(name.split(",")) <= set(known):  # a list is to be swept
        return [word]
    for folder in (DATA / name, Path(name)):
        if (folder / _MANIFEST).is_file():
            manifest = read_json(folder / _MANIFEST)
            if not has_shape(manifest, {"source": {"name": str}}):
                raise InputError(f"{folder / _MANIFEST}: names no source; prepare the data again")
            source = manifest["source"]["name"]
            # Forms that are no dataset share the settings of a plain table.
            named = (
                [f"data={source}"] if source in known else ["data=csv", f"data.dataset_id={source}"]
            )
            return [*named, f"data.dir={quoted(str(folder))}"]
    if asks_for_help:
        return [word]
    place = shell_word("out_dir", str(DATA / name))
    raise InputError(
        f"{word}: nothing is prepared in {DATA / name}; choose one of {', '.join(known)}, or prepare "
        f"your own recordings with: humouse data prepare source=csv root=FOLDER_OF_THE_RECORDINGS {place}"
    )
