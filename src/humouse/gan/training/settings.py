"""Checks of the settings of training a GAN."""

from humouse.errors import InputError
from humouse.settings import GanTrainSettings
from humouse.settings.checks import check_above_zero, check_at_least
from humouse.training.run_settings import check_run_settings


def check_settings(settings: GanTrainSettings) -> None:
    """Raise InputError for the first setting that makes no sense."""
    s = settings
    check_run_settings(s)
    check_at_least(
        {
            "model.latent_dim": (s.model.latent_dim, 1),
            "model.step_noise": (s.model.step_noise, 0),
            "model.generator_width": (s.model.generator_width, 2),
            "model.discriminator_width": (s.model.discriminator_width, 2),
            "model.feature_dim": (s.model.feature_dim, 1),
            "optim.r1_gamma": (s.optim.r1_gamma, 0),
            "optim.r1_interval": (s.optim.r1_interval, 1),
        }
    )
    check_above_zero({"optim.discriminator_lr": s.optim.discriminator_lr})
    if s.data.autoencoder is not None:
        raise InputError(
            f"data.autoencoder={s.data.autoencoder}: a GAN trains on movements, not on latents; leave "
            "it out"
        )
    if s.diffusion_ckpt is not None and not s.use_diffusion_eval:
        raise InputError(
            f"diffusion_ckpt={s.diffusion_ckpt}: goes with use_diffusion_eval=true; give both"
        )
