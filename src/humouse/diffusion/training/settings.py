"""Which settings of training a diffusion model make sense."""

from humouse.diffusion.training.validation import FOLLOWED
from humouse.errors import InputError
from humouse.settings import TrainSettings
from humouse.settings.checks import check_at_least, check_shares
from humouse.training.run_settings import check_run_settings


def check_settings(settings: TrainSettings) -> None:
    """Raise InputError for the first setting that makes no sense."""
    s = settings
    check_run_settings(s, FOLLOWED)
    check_at_least(
        {
            "model.base_channels": (s.model.base_channels, 1),
            "optim.grad_accum": (s.optim.grad_accum, 1),
            "optim.weight_decay": (s.optim.weight_decay, 0),
            "optim.grad_clip": (s.optim.grad_clip, 0),
        }
    )
    check_shares({"diffusion.self_condition_prob": s.diffusion.self_condition_prob})
    if not 0 <= s.model.dropout < 1:
        raise InputError(f"model.dropout={s.model.dropout}: must lie in 0…1, below 1")
    if not s.diffusion.min_snr_gamma > 0:
        raise InputError(f"diffusion.min_snr_gamma={s.diffusion.min_snr_gamma}: must be above 0")
