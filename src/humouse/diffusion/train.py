"""Training the diffusion model (§3, §4)."""

from functools import partial
from pathlib import Path

from humouse.codec import Codec
from humouse.diffusion.latents.codec import restore_codec
from humouse.diffusion.latents.load import latent_codec
from humouse.diffusion.model import DIFFUSION
from humouse.diffusion.training.learner import DiffusionLearner
from humouse.settings import TrainSettings
from humouse.training.checkpoint import Checkpoint
from humouse.training.data import TrainingData
from humouse.training.resuming import checkpoint_to_resume, own_codec
from humouse.training.trainer import run_training


def train(settings: TrainSettings, data: TrainingData) -> Path:
    """Train a model; return the path of its checkpoint.

    Args:
        settings: The whole configuration, checked.
        data: The splits that it names.

    Raises:
        InputError: The data, an autoencoder or a checkpoint to resume cannot be used, or the loss
            stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    saved = checkpoint_to_resume(settings, DIFFUSION)
    return run_training(
        settings,
        data,
        _codec(settings, data, saved),
        partial(DiffusionLearner, settings),
        kind=DIFFUSION,
        saved=saved,
        amp=settings.optim.amp,
        accumulate=settings.optim.grad_accum,
    )


def _codec(settings: TrainSettings, data: TrainingData, saved: Checkpoint | None) -> Codec:
    """Return the fitted codec: the checkpoint's own where a run goes on."""
    if settings.data.autoencoder is None:
        return own_codec(settings.data, data, saved)
    return latent_codec(settings.data, data) if saved is None else restore_codec(saved.codec)
