"""A tiny event model with a decoder, as its training makes it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from humouse.commands.train_decoder import run as train
from humouse.diffusion.model import DiffusionModel, load_model
from humouse.settings import TrainDecoderSettings
from humouse.settings.compose import settings_from

_TINY = (
    "batch_size=16",
    "amp=false",
    "decoder.hidden=16",
    "optim.max_steps=6",
    "optim.lr_warmup_steps=1",
    "optim.lr_decay=constant",  # a run of fewer steps begins as a longer one
    "logging.num_eval_samples=20",
    "logging.log_interval=1",
    "logging.eval_interval=0",
    "device=cpu",
)


@pytest.fixture(scope="session")
def make(event_checkpoint: Path) -> Callable[..., TrainDecoderSettings]:
    """Return the settings of a tiny decoder's training that writes below a folder."""

    def settings(folder: Path, *more: str) -> TrainDecoderSettings:
        places = (f"checkpoint_dir={folder / 'checkpoints'}", f"logging.dir={folder / 'runs'}")
        overrides = [f"ckpt={event_checkpoint}", *_TINY, *places, *more]
        return settings_from("diffusion/decoder", TrainDecoderSettings, overrides)

    return settings


@pytest.fixture(scope="session")
def decoded(make: Callable, once: Callable[..., Path]) -> Path:
    """Checkpoint of a tiny event model with a decoder."""
    return once("decoded", lambda folder: train(make(folder)))


@pytest.fixture(scope="session")
def model(decoded: Path) -> DiffusionModel:
    return load_model(decoded)
