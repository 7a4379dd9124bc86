"""Checks of the tuning's settings, and the tuned model's configuration."""

from humouse.diffusion.model import DiffusionModel
from humouse.diffusion.training.derived import check_own_checkpoint, inherit_config
from humouse.errors import InputError
from humouse.files import sha256
from humouse.settings import (
    OptimSettings,
    TunedSettings,
    TuneSettings,
    TuningRecord,
)
from humouse.settings.checks import check_above_zero, check_at_least, check_below_one


def check_tuner_settings(settings: TuneSettings) -> None:
    """Raise InputError for the first of the critic's settings that makes no sense."""
    how = settings.tuning
    check_at_least(
        {
            "tuning.head_start": (how.head_start, 0),
            "tuning.diffusion_steps": (how.diffusion_steps, 1),
            "tuning.critic_cond_noise": (how.critic_cond_noise, 0),
            "tuning.critic_duration_noise": (how.critic_duration_noise, 0),
        }
    )
    check_above_zero({"tuning.critic_lr": how.critic_lr})
    check_below_one({"tuning.critic_dropout": how.critic_dropout})


def check_model(settings: TuneSettings, model: DiffusionModel) -> None:
    """Raise InputError if a model cannot be tuned."""
    check_own_checkpoint(settings, model, "the model itself")
    if model.decoder_settings is None:
        raise InputError(
            f"{model.path}: has no decoder to tune; train one with: humouse train decoder ckpt={model.path}"
        )
    if isinstance(model.settings, TunedSettings):
        raise InputError(
            f"{model.path}: was tuned already; give ckpt={model.settings.tuning.model}"
        )


def tuned_settings(settings: TuneSettings, model: DiffusionModel) -> TunedSettings:
    """Return the configuration of the tuned model: the decoded model's, but for what tuning changes."""
    s = settings
    if model.decoder_settings is None:
        raise ValueError("there is no decoder to tune")
    return TunedSettings(
        **inherit_config(s, model.settings),
        optim=OptimSettings(**vars(s.optim), grad_accum=1, amp=False),
        decoder=model.decoder_settings,
        tuning=TuningRecord(
            **vars(s.tuning), model=str(model.path), model_sha256=sha256(model.path)
        ),
    )
