"""The dataset that a command's settings name: prepared if it is missing, loaded once per run."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from humouse.data.dataset import load_dataset
from humouse.data.prepare import prepare
from humouse.data.prepared import MANIFEST, Prepared
from humouse.data.sources import make_source
from humouse.gestures import GestureRules
from humouse.progress import progress_bar
from humouse.settings import DataSettings, PrepareSettings
from humouse.settings.compose import settings_from
from humouse.training.data import TrainingData

DATA = Path("data")

EMBEDDED = "humouse_default"
"""The dataset that needs no recordings."""


def prepare_dataset(
    settings: PrepareSettings, *, shown: bool = True, wait: bool = False
) -> Prepared:
    """Prepare a dataset as the settings say, with a progress bar.

    Args:
        settings: What to prepare, and how.
        shown: Show the bar.
        wait: Wait where another process is at it.

    Raises:
        InputError: A setting or a recording cannot be used, or another process is at it.
    """
    options: dict[str, Any] = asdict(settings.source)
    name = options.pop("name")
    if settings.root is not None:
        options["root"] = settings.root
    source = make_source(name, **options)
    with progress_bar(f"preparing {name}", len(source.files()), shown=shown) as advance:
        return prepare(
            source,
            out_dir=settings.out_dir or _folder_of(name),
            rules=GestureRules(**vars(settings.gestures)),
            val_fraction=settings.split.val_fraction,
            test_fraction=settings.split.test_fraction,
            seed=settings.split.seed,
            by=settings.split.by,
            progress=lambda done, total: advance(),
            wait=wait,
        )


def _folder_of(name: str) -> Path:
    """Return where a dataset is prepared unless somebody says it."""
    return DATA if name == EMBEDDED else DATA / name


def dataset(data: DataSettings, *, shown: bool = True) -> Prepared:
    """Return the prepared dataset of a run; the embedded one is made where it is missing.

    Of processes that need it at the same time, as those of one training, the first makes it for all.

    Raises:
        InputError: It is not prepared yet (the message says how), is damaged, or is another.
    """
    if data.dataset_id == EMBEDDED and not (Path(data.dir) / MANIFEST).is_file():
        defaults = settings_from("prepare", PrepareSettings, [f"source={EMBEDDED}"])
        return prepare_dataset(replace(defaults, out_dir=data.dir), shown=shown, wait=True)
    return load_dataset(data.dir, data.dataset_id)


def training_data(data: DataSettings) -> TrainingData:
    """Return the splits of a run's dataset; see `dataset`."""
    return TrainingData.read(dataset(data), data.held_out_share)
