"""Training the diffusion model (§3, §4), and the decoder of one."""

from functools import partial
from pathlib import Path

from humouse.codec import Codec
from humouse.diffusion.latents.codec import restore_codec
from humouse.diffusion.latents.load import latent_codec
from humouse.diffusion.model import DIFFUSION, DiffusionModel
from humouse.diffusion.training.decoder.learner import DecoderLearner
from humouse.diffusion.training.learner import DiffusionLearner
from humouse.settings import DecodedSettings, TrainSettings
from humouse.training.checkpoint import Checkpoint
from humouse.training.data import TrainingData
from humouse.training.resuming import checkpoint_to_resume, own_codec
from humouse.training.trainer import TRAINING_BAR, Bar, run_training


def train(settings: TrainSettings, data: TrainingData, bar: Bar = TRAINING_BAR) -> Path:
    """Train a model; return the path of its checkpoint.

    Args:
        settings: The whole configuration, checked.
        data: The splits that it names.
        bar: Shows the progress.

    Raises:
        InputError: The data, an autoencoder or a checkpoint to resume cannot be used, or the loss
            stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    saved = checkpoint_to_resume(settings, DIFFUSION)
    return run_training(
        settings,
        data,
        fitted_codec(settings, data, saved),
        partial(DiffusionLearner, settings),
        kind=DIFFUSION,
        saved=saved,
        amp=settings.optim.amp,
        accumulate=settings.optim.grad_accum,
        bar=bar,
    )


def train_decoder(
    settings: DecodedSettings, data: TrainingData, model: DiffusionModel, bar: Bar = TRAINING_BAR
) -> Path:
    """Train a decoder for a model; return the path of the checkpoint that holds both.

    Args:
        settings: The whole configuration, checked.
        data: The splits that the model was trained on.
        model: The diffusion model, which stays as it is.
        bar: Shows the progress.

    Raises:
        InputError: A checkpoint to resume cannot be used, or the loss stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    return run_training(
        settings,
        data,
        model.codec,
        lambda context: DecoderLearner(settings, context, model),
        kind=DIFFUSION,
        saved=checkpoint_to_resume(settings, DIFFUSION),
        amp=settings.optim.amp,
        bar=bar,
    )


def fitted_codec(
    settings: TrainSettings, data: TrainingData, saved: Checkpoint | None = None
) -> Codec:
    """Return the fitted codec: the checkpoint's own where a run goes on."""
    if settings.data.autoencoder is None:
        return own_codec(settings.data, data, saved)
    return latent_codec(settings.data, data) if saved is None else restore_codec(saved.codec)
