"""`humouse tune`: a decoded model → one whose own movements were held against people's.

What comes out is a decoded checkpoint as before; the critic stays behind.
"""

from pathlib import Path

from humouse.diffusion.latents.codec import restored
from humouse.diffusion.model import Model, load_model
from humouse.diffusion.training.decoder.tuner import DecoderTuner
from humouse.diffusion.training.settings import check_settings
from humouse.diffusion.training.successor import check_own_data, check_successor, inherited, section
from humouse.errors import InputError
from humouse.files import sha256
from humouse.settings import (
    DecoderRecord,
    OptimSettings,
    TunedSettings,
    TuneSettings,
    TuningRecord,
)
from humouse.settings.checks import check_at_least
from humouse.training.checkpoint import DIFFUSION
from humouse.training.trainer import run_training


def run(settings: TuneSettings) -> Path:
    """Tune a decoder as the settings say; return the path of the tuned model's checkpoint.

    Raises:
        InputError: A setting, the model, the data or a checkpoint to resume cannot be used, or the
            loss stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    _check(settings)
    model = _model(settings)
    run = tuned_settings(settings, model)
    check_settings(run)
    check_own_data(run, model, "data_dir")
    return run_training(
        run,
        DIFFUSION,
        lambda material: DecoderTuner(run, material, model),
        codec=model.codec,
        restored=restored,
    )


def _check(settings: TuneSettings) -> None:
    how = settings.tuning
    check_at_least(
        {
            "tuning.head_start": (how.head_start, 0),
            "tuning.diffusion_steps": (how.diffusion_steps, 1),
            "tuning.critic_cond_noise": (how.critic_cond_noise, 0),
            "tuning.critic_duration_noise": (how.critic_duration_noise, 0),
        }
    )
    if not how.critic_lr > 0:
        raise InputError(f"tuning.critic_lr={how.critic_lr}: must be above 0")
    if not 0 <= how.critic_dropout < 1:
        raise InputError(f"tuning.critic_dropout={how.critic_dropout}: must lie in 0…1, below 1")


def _model(settings: TuneSettings) -> Model:
    model = load_model(settings.ckpt)
    check_successor(model, settings.checkpoint_dir, settings.experiment_name, "the model itself")
    if model.decoder is None:
        raise InputError(
            f"{model.path}: has no decoder to tune; train one with: humouse train decoder ckpt={model.path}"
        )
    if "tuning" in model.config:
        raise InputError(
            f"{model.path}: was tuned already; give ckpt={model.config['tuning']['model']}"
        )
    return model


def tuned_settings(settings: TuneSettings, model: Model) -> TunedSettings:
    """Return the configuration of the tuned model: the decoded model's, but for what tuning changes.

    Raises:
        InputError: The model's configuration is another version's.
    """
    s = settings
    return TunedSettings(
        **inherited(s, model),
        optim=OptimSettings(**vars(s.optim), grad_accum=1, amp=False),
        decoder=section(model, model.config["decoder"], DecoderRecord),
        tuning=TuningRecord(
            **vars(s.tuning), model=str(model.path), model_sha256=sha256(model.path)
        ),
    )
