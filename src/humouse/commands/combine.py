"""`humouse data combine`: several prepared datasets → one that a model can learn from at once."""

from humouse.commands.help import print_page
from humouse.data.combine import combine
from humouse.data.prepared import MANIFEST
from humouse.errors import InputError
from humouse.settings import CombineSettings


def run(settings: CombineSettings) -> None:
    """Combine the datasets and print a summary."""
    if settings.out_dir is None:
        raise InputError("out_dir: name the folder to write to, e.g. out_dir=data/all")
    prepared = combine(settings.dirs, out_dir=settings.out_dir)
    place = f"prepared data: {prepared.folder}/ (train, val, test.parquet and {MANIFEST})"
    print_page(f"{prepared.summary()}\n{place}")
