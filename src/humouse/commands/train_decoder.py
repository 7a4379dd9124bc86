"""`humouse train decoder`: a diffusion model of events → one that writes them whole.

What comes out is an ordinary diffusion checkpoint with a decoder beside the network: sampling runs the
network down to the decoder's noise time, and the decoder from there.
"""

from pathlib import Path

from humouse.codec import EventCodec
from humouse.diffusion.latents.codec import restored
from humouse.diffusion.model import Model, load_model
from humouse.diffusion.training.decoder.learner import DecoderLearner
from humouse.diffusion.training.settings import check_settings
from humouse.diffusion.training.successor import check_own_data, check_successor, inherited
from humouse.errors import InputError
from humouse.files import sha256
from humouse.settings import (
    DecodedSettings,
    DecoderRecord,
    OptimSettings,
    TrainDecoderSettings,
)
from humouse.settings.checks import check_at_least, check_shares
from humouse.training.checkpoint import DIFFUSION
from humouse.training.trainer import run_training


def run(settings: TrainDecoderSettings) -> Path:
    """Train a decoder as the settings say; return the path of the decoded model's checkpoint.

    Raises:
        InputError: A setting, the model, the data or a checkpoint to resume cannot be used, or the
            loss stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    _check(settings)
    model = _model(settings)
    run = decoded_settings(settings, model)
    check_settings(run)
    check_own_data(run, model, "data_dir")
    return run_training(
        run,
        DIFFUSION,
        lambda material: DecoderLearner(run, material, model),
        amp=settings.amp,
        codec=model.codec,
        restored=restored,
    )


def _check(settings: TrainDecoderSettings) -> None:
    how = settings.decoder
    check_at_least({"decoder.hidden": (how.hidden, 1)})
    check_shares({"decoder.t_min": how.t_min, "decoder.draw_least": how.draw_least})
    check_at_least(
        {
            "decoder.goal_noise_px": (how.goal_noise_px, 0),
            "decoder.duration_noise": (how.duration_noise, 0),
            "decoder.path_noise": (how.path_noise, 0),
            "decoder.cond_noise": (how.cond_noise, 0),
        }
    )
    if not how.draw_scale > 0:
        raise InputError(f"decoder.draw_scale={how.draw_scale}: must be greater than 0")
    if not 0 <= how.dropout < 1:
        raise InputError(f"decoder.dropout={how.dropout}: must lie in 0…1, below 1")
    if not max(how.t_min, 1e-3) <= how.t_switch <= 1:
        raise InputError(
            f"decoder.t_switch={how.t_switch}: must lie between decoder.t_min={how.t_min} and 1"
        )


def _model(settings: TrainDecoderSettings) -> Model:
    model = load_model(settings.ckpt)
    check_successor(model, settings.checkpoint_dir, settings.experiment_name, "the model itself")
    if not isinstance(model.codec, EventCodec):
        raise InputError(
            f"{model.path}: its codec is '{model.codec.name}', and a decoder writes events; train a "
            "model with: humouse train experiment=events"
        )
    if not model.codec.merge_zero_moves:
        raise InputError(
            f"{model.path}: trained with data.merge_zero_moves=false, and a decoder's every step moves; "
            "train a model with true"
        )
    if model.decoder is not None:
        base = model.config["decoder"]["model"]
        raise InputError(f"{model.path}: has a decoder already; give ckpt={base}")
    if model.distilled_steps is not None:
        raise InputError(
            f"{model.path}: distilled to {model.distilled_steps} steps down to no noise, where a decoder "
            f"has nothing to do; give the model it was made from, {model.config['distillation']['teacher']}"
        )
    return model


def decoded_settings(settings: TrainDecoderSettings, model: Model) -> DecodedSettings:
    """Return the configuration of the decoded model: the model's, but for what its training changes.

    Raises:
        InputError: The model's configuration is another version's.
    """
    s = settings
    return DecodedSettings(
        **inherited(s, model),
        optim=OptimSettings(**vars(s.optim), grad_accum=1, amp=s.amp),
        decoder=DecoderRecord(
            **vars(s.decoder), model=str(model.path), model_sha256=sha256(model.path)
        ),
    )
