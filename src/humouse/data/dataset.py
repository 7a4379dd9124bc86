"""Loads a prepared dataset, and checks that it is the named one and complete."""

import shlex
from pathlib import Path

from humouse.data.combine import COMBINED
from humouse.data.prepared import MANIFEST, Prepared
from humouse.data.sources.definitions import NAMES, definition
from humouse.errors import InputError


def load_dataset(folder: str | Path, dataset_id: str) -> Prepared:
    """Return the prepared dataset in a folder.

    Args:
        folder: Holds the three splits and their manifest.
        dataset_id: The source that they must come from.

    Raises:
        InputError: It is not prepared yet (the message says how), is damaged, or is another one.
    """
    folder = Path(folder)
    if not (folder / MANIFEST).is_file():
        raise InputError(
            f"{folder}: dataset {dataset_id} is not prepared; {_how(folder, dataset_id)}"
        )
    prepared = Prepared.load(folder)
    found = prepared.manifest["source"]["name"]
    if found != dataset_id:
        raise InputError(
            f"{folder}: holds dataset {found}, but data.dataset_id={dataset_id}; set "
            f"data.dataset_id={found} to use it, or data.dir to the folder of {dataset_id}"
        )
    if not prepared.is_whole():
        raise InputError(
            f"{folder}: a split is missing or is not the one that {MANIFEST} describes; prepare "
            "the data again"
        )
    return prepared


def _how(folder: Path, dataset_id: str) -> str:
    """Return how to prepare a dataset."""
    out_dir = shlex.quote(f"out_dir={folder}")
    if dataset_id == COMBINED:
        return f"run: humouse data combine FOLDER FOLDER … {out_dir}"
    prepare = f"humouse data prepare source={dataset_id}"
    if dataset_id in NAMES and definition(dataset_id, {}).downloaded:
        return f"run: humouse data download {dataset_id}, then: {prepare} {out_dir}"
    return f"run: {prepare} root=FOLDER_OF_THE_RECORDINGS {out_dir}"
