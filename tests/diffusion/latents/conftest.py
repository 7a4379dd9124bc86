"""A tiny autoencoder, untrained and trained."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from humouse.codec import EventCodec
from humouse.commands.train_autoencoder import run as train
from humouse.diffusion.latents.autoencoder import TemporalAutoencoder
from humouse.settings import AutoencoderSettings
from humouse.settings.compose import settings_from
from humouse.trajectories import Trajectories

_TINY = (
    "model.base_channels=8",
    "model.channel_mults=[1,2,2]",
    "model.depth=1",
    "data.sequence_length=200",
    "data.batch_size=8",
    "data.num_workers=0",
    "optim.max_steps=6",
    "optim.lr_decay=constant",  # a run of fewer steps begins as a longer one
    "logging.num_eval_samples=32",
    "logging.log_interval=1",
    "logging.eval_interval=0",
    "logging.sample_interval=0",
    "experiment_name=tiny",
    "device=cpu",
)


@pytest.fixture(scope="session")
def autoencoder_overrides(tiny_data: Path) -> Callable[..., list[str]]:
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
def autoencoder_settings(
    autoencoder_overrides: Callable[..., list[str]],
) -> Callable[..., AutoencoderSettings]:
    """Return the settings of a tiny run that writes below a folder."""

    def settings(folder: Path, *more: str) -> AutoencoderSettings:
        words = autoencoder_overrides(folder, *more)
        return settings_from("diffusion/autoencoder", AutoencoderSettings, words)

    return settings


@pytest.fixture(scope="session")
def autoencoder_checkpoint(
    autoencoder_settings: Callable[..., AutoencoderSettings], once: Callable[..., Path]
) -> Path:
    """Checkpoint of a tiny autoencoder."""
    return once("autoencoder", lambda folder: train(autoencoder_settings(folder)))


@pytest.fixture(scope="session")
def people(tiny_data: Path) -> Trajectories:
    """Gestures of the tiny train split that fit 64 steps."""
    train = Trajectories.load(tiny_data / "train.parquet")
    return train[EventCodec(sequence_length=64).fits(train)]


@pytest.fixture
def autoencoder() -> TemporalAutoencoder:
    """Return a small one that does something in every layer."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = TemporalAutoencoder(3, latent_channels=8, widths=(8, 16, 16), depth=1)
        for weights in network.parameters():
            torch.nn.init.normal_(weights, std=0.3)
    return network
