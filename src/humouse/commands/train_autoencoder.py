"""`humouse train autoencoder`: train the autoencoder of latent diffusion (§6)."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from humouse.commands.dataset import training_data
from humouse.diffusion.latents.load import AUTOENCODER, load_autoencoder, reconstruction_summary
from humouse.diffusion.training.autoencoder.learner import AutoencoderLearner
from humouse.diffusion.training.autoencoder.settings import check_settings
from humouse.diffusion.training.autoencoder.validation import RoundTrip
from humouse.ragged import Ragged
from humouse.settings import AutoencoderSettings
from humouse.training.checkpoint import Checkpoint
from humouse.training.resuming import checkpoint_to_resume, own_codec
from humouse.training.trainer import run_training


def run(settings: AutoencoderSettings) -> Path:
    """Train an autoencoder as the settings say, measure its reconstruction, return its checkpoint.

    Raises:
        InputError: A setting, the data or a checkpoint to resume cannot be used, or the loss
            stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    check_settings(settings)
    data = training_data(settings.data)
    saved = checkpoint_to_resume(settings, AUTOENCODER)
    path = run_training(
        settings,
        data,
        own_codec(settings.data, data, saved),
        partial(AutoencoderLearner, settings),
        kind=AUTOENCODER,
        saved=saved,
    )
    gate, moved = _gate(settings, data.val, path)
    trained = Checkpoint.load(path, AUTOENCODER)
    replace(trained, history={**trained.history, "gate": gate}).save(path)
    print(reconstruction_summary(gate, path))
    print(f"moved most: {moved}")
    return path


def _gate(settings: AutoencoderSettings, val: Ragged, path: Path) -> tuple[dict[str, float], str]:
    """Return what the weights that will be used do to the people of the validation split."""
    codec = load_autoencoder(path)
    check = RoundTrip.choose(
        val,
        codec,
        settings.logging.num_eval_samples,
        seed=settings.seed,
        feature_mode=settings.data.feature_mode,
    )
    areas, moved = check.gate(codec)
    numbers = check.numbers(codec, softness=settings.model.cell_softness)
    numbers.pop("val_loss")
    return areas | numbers, moved
