"""Checks of the settings of training an autoencoder."""

from humouse.errors import InputError
from humouse.settings import AutoencoderSettings
from humouse.settings.checks import check_at_least
from humouse.training.run_settings import check_adamw_settings, check_run_settings


def check_settings(settings: AutoencoderSettings) -> None:
    """Raise InputError for the first setting that makes no sense."""
    s = settings
    check_run_settings(s)
    check_adamw_settings(s.optim)
    if s.data.autoencoder is not None:
        raise InputError(
            f"data.autoencoder={s.data.autoencoder}: an autoencoder trains on movements; leave it out"
        )
    check_at_least(
        {
            "model.latent_channels": (s.model.latent_channels, 1),
            "model.base_channels": (s.model.base_channels, 1),
            "model.depth": (s.model.depth, 1),
            "model.latent_noise": (s.model.latent_noise, 0),
            "model.cell_softness": (s.model.cell_softness, 0),
        }
    )
    if len(s.model.channel_mults) < 2:
        raise InputError(
            f"model.channel_mults={s.model.channel_mults}: give two widths or more; each after the first "
            "halves the length"
        )
