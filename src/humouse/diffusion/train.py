"""Training the diffusion model (§3, §4)."""

from pathlib import Path

from humouse.codec import Codec
from humouse.diffusion.latents.codec import restored
from humouse.diffusion.latents.load import latent_codec
from humouse.diffusion.training.learner import DiffusionLearner
from humouse.diffusion.training.settings import check_settings
from humouse.settings import TrainSettings
from humouse.training.checkpoint import DIFFUSION
from humouse.training.trainer import run_training


def train(settings: TrainSettings) -> Path:
    """Train a model as the settings say; return the path of its checkpoint.

    Raises:
        InputError: A setting, the data or a checkpoint to resume cannot be used, or the loss
            stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    check_settings(settings)
    return run_training(
        settings,
        DIFFUSION,
        lambda material: DiffusionLearner(settings, material),
        amp=settings.optim.amp,
        accumulate=settings.optim.grad_accum,
        codec=_latents(settings),
        restored=restored,
    )


def _latents(settings: TrainSettings) -> Codec | None:
    """Return the codec of a new run on latents; a run that goes on has its own in the checkpoint."""
    own = Path(settings.checkpoint_dir) / f"{settings.experiment_name}.pt"
    if settings.data.autoencoder is None or (settings.resume and own.is_file()):
        return None
    return latent_codec(settings.data)
