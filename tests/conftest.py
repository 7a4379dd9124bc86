"""What every test may ask for."""

import os
import resource
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from beartype.roar import BeartypeDecorHintPep585DeprecationWarning

with warnings.catch_warnings():
    # OmegaConf's DictConfig is a typing.MutableMapping, which beartype finds old-fashioned.
    warnings.simplefilter("ignore", BeartypeDecorHintPep585DeprecationWarning)
    from humouse.commands.dataset import prepare_dataset
    from humouse.commands.train import run as train
    from humouse.settings import PrepareSettings, TrainSettings
    from humouse.settings.compose import settings_from


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of people's recordings (SapiMouse, Balabit); the test is skipped where it is absent."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    root = Path(os.environ.get("HUMOUSE_DATA", beside)).resolve()
    if not (root / "sapimouse").is_dir():
        pytest.skip(
            f"no recordings at {root}; set HUMOUSE_DATA to the folder that holds sapimouse/"
        )
    return root


_TINY = (
    "model.base_channels=16",
    "model.dropout=0.1",
    "data.sequence_length=32",
    "data.batch_size=8",
    "data.num_workers=0",
    "data.feature_mode=kinematic",
    "optim.max_steps=6",
    "optim.lr=1e-3",
    "optim.amp=false",
    "logging.num_eval_samples=32",
    "logging.log_interval=1",
    "logging.eval_interval=0",
    "logging.sample_interval=0",
    "experiment_name=tiny",
    "device=cpu",
)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a prepared dataset: some hundred gestures of six synthetic people."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    overrides = ["source.users=6", "source.gestures_per_user=20", f"out_dir={folder}"]
    prepare_dataset(settings_from("prepare", PrepareSettings, overrides), shown=False)
    return folder


@pytest.fixture(scope="session")
def twelve_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a prepared dataset of twelve synthetic people; four of them, 46 gestures, are val."""
    folder = tmp_path_factory.mktemp("prepared") / "twelve people"
    few = ["source.users=12", "source.gestures_per_user=12", "source.seed=5"]
    overrides = [*few, "split.val_fraction=0.34", f"out_dir={folder}"]
    prepare_dataset(settings_from("prepare", PrepareSettings, overrides), shown=False)
    return folder


@pytest.fixture(scope="session")
def tiny_overrides(tiny_data: Path) -> Callable[..., list[str]]:
    """Return what to put on the command line for a tiny run that writes below a folder."""

    def overrides(folder: Path, *more: str) -> list[str]:
        places = (
            f"data.dir={tiny_data}",
            f"checkpoint_dir={folder / 'checkpoints'}",
            f"logging.dir={folder / 'runs'}",
        )
        return [*_TINY, *places, *more]

    return overrides


@pytest.fixture(scope="session")
def tiny_settings(tiny_overrides: Callable[..., list[str]]) -> Callable[..., TrainSettings]:
    """Return the settings of a tiny run that writes below a folder."""

    def settings(folder: Path, *more: str) -> TrainSettings:
        return settings_from("diffusion/train", TrainSettings, tiny_overrides(folder, *more))

    return settings


@pytest.fixture(scope="session")
def tiny_checkpoint(
    tiny_settings: Callable[..., TrainSettings], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Checkpoint of a tiny run."""
    return train(tiny_settings(tmp_path_factory.mktemp("canonical")))


@pytest.fixture(scope="session")
def event_checkpoint(
    tiny_settings: Callable[..., TrainSettings], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Checkpoint of a tiny run with the event codec and two conditions."""
    more = ("data.codec=event", "data.sequence_length=200", "model.cond_dim=2", "optim.max_steps=4")
    return train(tiny_settings(tmp_path_factory.mktemp("event"), *more))


@pytest.fixture(scope="session")
def call() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python ARGUMENTS…` as a user would, and return its exit status and output."""

    def run(*arguments: str, cwd: Path | None = None, **env: str):
        hidden = ("PYTHONPATH", "HUMOUSE_CKPT")
        inherited = {name: value for name, value in os.environ.items() if name not in hidden}
        # As many threads as this process has: sums over threads must round alike.
        threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env={**inherited, **threads, **env},
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run


@pytest.fixture
def small_disk() -> Callable:
    """Let no file grow beyond so many bytes in a block, which ends a write as a full disk does."""

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited
