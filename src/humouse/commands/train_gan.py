"""`humouse train gan`: train a GAN, compared with a diffusion model if asked (§8)."""

from pathlib import Path

from humouse.codec.from_settings import codec_differences
from humouse.commands.dataset import training_data
from humouse.errors import InputError
from humouse.gan.model import GAN
from humouse.gan.training.diffusion_comparison import DrawLike
from humouse.gan.training.learner import GanLearner
from humouse.gan.training.settings import check_settings
from humouse.generator import load_generator
from humouse.progress import progress_bar
from humouse.randomness import derive_seed
from humouse.settings import GanTrainSettings
from humouse.training.device import resolve_device
from humouse.training.resuming import checkpoint_to_resume, own_codec
from humouse.training.trainer import run_training
from humouse.trajectories import Trajectories


def run(settings: GanTrainSettings) -> Path:
    """Train a GAN as the settings say; return the path of its checkpoint.

    Raises:
        InputError: A setting, the data or a checkpoint cannot be used, or a loss stopped being
            finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    check_settings(settings)
    draw_like = _diffusion_samples(settings) if settings.use_diffusion_eval else None
    data = training_data(settings.data)
    saved = checkpoint_to_resume(settings, GAN)
    return run_training(
        settings,
        data,
        own_codec(settings.data, data, saved),
        lambda context: GanLearner(settings, context, draw_like),
        kind=GAN,
        saved=saved,
    )


def _diffusion_samples(settings: GanTrainSettings) -> DrawLike:
    """Return what draws samples of the diffusion model in `diffusion_ckpt`.

    Raises:
        InputError: There is none, or its codec is another, which alone would separate its movements.
    """
    model = load_generator(settings.diffusion_ckpt, resolve_device(settings.device))
    if model.family != "diffusion":
        raise InputError(
            f"diffusion_ckpt: {model.path} holds a {model.family}; name a diffusion model's"
        )
    if different := codec_differences(model.codec, settings.data):
        raise InputError(
            f"{model.path}: made with another codec ({different}); name a diffusion_ckpt of this one, "
            "or give the same data settings"
        )

    def draw(people: Trajectories, role: str) -> Trajectories:
        people = people[model.codec.fits(people)]
        n = len(people)
        with progress_bar("diffusion samples", model.calls(n)) as advance:
            return model.sample(
                n, like=people, seed=derive_seed(settings.seed, role), progress=advance
            )

    return draw
