"""`humouse data prepare`: raw recordings → gestures, split by people."""

from humouse.commands.dataset import prepare_dataset
from humouse.commands.help import print_page
from humouse.data.prepared import MANIFEST
from humouse.settings import PrepareSettings


def run(settings: PrepareSettings) -> None:
    """Prepare a dataset and print a summary."""
    prepared = prepare_dataset(settings)
    place = f"prepared data: {prepared.folder}/ (train, val, test.parquet and {MANIFEST})"
    print_page(f"{prepared.summary()}\n{place}")
