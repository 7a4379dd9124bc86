"""The prepared dataset that a run asks for."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from humouse.data.gestures import GestureRules
from humouse.data.prepare import prepare
from humouse.data.prepared import MANIFEST, Prepared
from humouse.data.sources import make_source
from humouse.errors import InputError
from humouse.progress import progress_bar
from humouse.settings import DataSettings, PrepareSettings
from humouse.settings.compose import settings_from

EMBEDDED = "humouse_default"


def prepare_as(settings: PrepareSettings, *, shown: bool = True) -> Prepared:
    """Prepare a dataset as the settings say, with a progress bar.

    Raises:
        InputError: A setting or a recording cannot be used.
    """
    options: dict[str, Any] = asdict(settings.source)
    name = options.pop("name")
    if settings.root is not None:
        options["root"] = settings.root
    source = make_source(name, **options)
    with progress_bar(f"preparing {name}", len(source.files()), shown=shown) as advance:
        return prepare(
            source,
            out_dir=settings.out_dir,
            rules=GestureRules(**vars(settings.gestures)),
            val_fraction=settings.split.val_fraction,
            test_fraction=settings.split.test_fraction,
            seed=settings.split.seed,
            progress=lambda done, total: advance(),
        )


def dataset(data: DataSettings, *, shown: bool = True) -> Prepared:
    """Return the prepared dataset of a run; the embedded one is made where it is missing.

    Raises:
        InputError: It is not prepared yet (the message says how), is damaged, or is another.
    """
    folder = Path(data.dir)
    if (folder / MANIFEST).is_file():
        prepared = Prepared.load(folder)
        found = prepared.manifest["source"]["name"]
        if found != data.dataset_id:
            raise InputError(
                f"{folder}: holds dataset {found}, but data.dataset_id={data.dataset_id}; set "
                f"data.dataset_id={found} to use it, or data.dir to the folder of {data.dataset_id}"
            )
        if not prepared.is_whole():
            raise InputError(
                f"{folder}: a split is missing or is not the one that {MANIFEST} describes; prepare "
                "the data again"
            )
        return prepared
    if data.dataset_id == EMBEDDED:
        defaults = settings_from("prepare", PrepareSettings, [f"source={EMBEDDED}"])
        return prepare_as(replace(defaults, out_dir=str(folder)), shown=shown)
    raise InputError(
        f"{folder}: dataset {data.dataset_id} is not prepared; run: humouse data prepare "
        f"source={data.dataset_id} root=FOLDER_OF_THE_RECORDINGS out_dir={folder}"
    )
