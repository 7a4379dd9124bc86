"""`humouse data prepare`, and the prepared dataset that a run asks for."""

from humouse.commands.help import print_page
from humouse.data.dataset import prepare_as
from humouse.data.prepared import MANIFEST
from humouse.settings import PrepareSettings


def run(settings: PrepareSettings) -> None:
    """Prepare a dataset and say what came of it."""
    prepared = prepare_as(settings)
    place = f"prepared data: {prepared.folder}/ (train, val, test.parquet and {MANIFEST})"
    print_page(f"{prepared.summary()}\n{place}")
