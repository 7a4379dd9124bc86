"""Checks of the settings of training a diffusion model."""

from humouse.settings import TrainSettings
from humouse.settings.checks import check_above_zero, check_at_least, check_below_one, check_shares
from humouse.training.run_settings import check_adamw_settings, check_run_settings


def check_settings(settings: TrainSettings) -> None:
    """Raise InputError for the first setting that makes no sense."""
    s = settings
    check_run_settings(s)
    check_adamw_settings(s.optim)
    check_at_least(
        {
            "model.base_channels": (s.model.base_channels, 1),
            "optim.grad_accum": (s.optim.grad_accum, 1),
        }
    )
    check_shares(
        {
            "diffusion.low_noise_share": s.diffusion.low_noise_share,
            "diffusion.self_condition_prob": s.diffusion.self_condition_prob,
        }
    )
    check_below_one({"model.dropout": s.model.dropout})
    check_above_zero({"diffusion.min_snr_gamma": s.diffusion.min_snr_gamma})
