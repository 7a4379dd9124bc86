"""Tiny GANs of both kinds."""

from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from humouse.commands.train_gan import run as train
from humouse.figures import gesture_gallery, kinematic_overlays, velocity_spectra
from humouse.settings import GanTrainSettings
from humouse.settings.compose import settings_from
from humouse.training import validation

_TINY = (
    "model.generator_width=8",
    "model.discriminator_width=8",
    "model.feature_dim=12",
    "data.batch_size=8",
    "data.num_workers=0",
    "data.feature_mode=kinematic",
    "optim.max_steps=5",
    "logging.num_eval_samples=32",
    "logging.log_interval=1",
    "logging.sample_interval=0",
    "experiment_name=tiny",
    "device=cpu",
)


@pytest.fixture(scope="session")
def gan_overrides(tiny_data: Path) -> Callable[..., list[str]]:
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
def gan_settings(gan_overrides: Callable[..., list[str]]) -> Callable[..., GanTrainSettings]:
    """Return the settings of a tiny run that writes below a folder."""

    def settings(folder: Path, *more: str) -> GanTrainSettings:
        return settings_from("gan/train", GanTrainSettings, gan_overrides(folder, *more))

    return settings


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let rounds score samples without drawing them, which takes most of a tiny run's time."""
    for draw in (gesture_gallery, kinematic_overlays, velocity_spectra):
        monkeypatch.setattr(validation, draw.__name__, lambda *given: Figure(figsize=(1, 1)))


@pytest.fixture(scope="session")
def conv_checkpoint(
    gan_settings: Callable[..., GanTrainSettings], once: Callable[..., Path]
) -> Path:
    """Checkpoint of a tiny convolutional GAN."""
    return once("conv", lambda folder: train(gan_settings(folder)))


@pytest.fixture(scope="session")
def lstm_checkpoint(
    gan_settings: Callable[..., GanTrainSettings], once: Callable[..., Path]
) -> Path:
    """Checkpoint of a tiny LSTM GAN."""
    more = ("gan/experiment=lstm", "optim.max_steps=2")
    return once("lstm", lambda folder: train(gan_settings(folder, *more)))
