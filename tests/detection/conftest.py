"""What tests of detectors share."""

from pathlib import Path

import pytest

from humouse.commands.dataset import prepare_dataset
from humouse.settings import PrepareSettings
from humouse.settings.compose import settings_from


@pytest.fixture(scope="session")
def many_gestures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a prepared dataset of eight synthetic people with some 80 gestures each."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    few = ["source.users=8", "source.gestures_per_user=100", "split.val_fraction=0.25"]
    prepare_dataset(
        settings_from("prepare", PrepareSettings, [*few, f"out_dir={folder}"]), shown=False
    )
    return folder
