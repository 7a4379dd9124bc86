"""`humouse train autoencoder`: train what latent diffusion works on (§6)."""

from dataclasses import replace
from pathlib import Path

from humouse.data.prepared import Prepared
from humouse.diffusion.latents.gate import verdict
from humouse.diffusion.latents.load import load_autoencoder
from humouse.diffusion.training.autoencoder.learner import AutoencoderLearner
from humouse.diffusion.training.autoencoder.settings import check_settings
from humouse.diffusion.training.autoencoder.validation import RoundTrip
from humouse.settings import AutoencoderSettings
from humouse.training.checkpoint import AUTOENCODER, Checkpoint
from humouse.training.trainer import run_training


def run(settings: AutoencoderSettings) -> Path:
    """Train an autoencoder as the settings say, and hold it to the gate; return its checkpoint.

    Raises:
        InputError: A setting, the data or a checkpoint to resume cannot be used, or the loss
            stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    check_settings(settings)
    path = run_training(
        settings, AUTOENCODER, lambda material: AutoencoderLearner(settings, material)
    )
    gate, moved = _gate(settings, path)
    saved = Checkpoint.load(path, AUTOENCODER)
    replace(saved, history={**saved.history, "gate": gate}).save(path)
    print(verdict(gate, path))
    print(f"moved most: {moved}")
    return path


def _gate(settings: AutoencoderSettings, path: Path) -> tuple[dict[str, float], str]:
    """Return what the weights that will be used do to the people of the validation split."""
    codec = load_autoencoder(path)
    check = RoundTrip.choose(
        Prepared.load(settings.data.dir).split("val"),
        codec,
        settings.logging.num_eval_samples,
        seed=settings.seed,
        feature_mode=settings.data.feature_mode,
    )
    areas, moved = check.gate(codec)
    numbers = check.numbers(codec, softness=settings.model.cell_softness)
    numbers.pop("val_loss")
    return areas | numbers, moved
