"""Checks of a decoder's settings, and the decoded model's configuration."""

from dataclasses import replace
from pathlib import Path

from humouse.codec import EventCodec
from humouse.diffusion.model import DiffusionModel
from humouse.diffusion.training.derived import check_own_checkpoint, inherit_config
from humouse.errors import InputError
from humouse.files import sha256
from humouse.settings import (
    DecodedSettings,
    DecoderRecord,
    OptimSettings,
    TrainDecoderSettings,
    TrainSettings,
)
from humouse.settings.checks import check_above_zero, check_at_least, check_below_one, check_shares


def check_decoder_settings(settings: TrainDecoderSettings) -> None:
    """Raise InputError for the first of the decoder's settings that makes no sense."""
    how = settings.decoder
    check_shares(
        {
            "decoder.t_min": how.t_min,
            "decoder.draw_least": how.draw_least,
            "decoder.virtual": how.virtual,
        }
    )
    check_at_least(
        {
            "decoder.hidden": (how.hidden, 1),
            "decoder.style": (how.style, 0),
            "decoder.exact_ms": (how.exact_ms, 1),
            "decoder.goal_noise_px": (how.goal_noise_px, 0),
            "decoder.duration_noise": (how.duration_noise, 0),
            "decoder.path_noise": (how.path_noise, 0),
            "decoder.cond_noise": (how.cond_noise, 0),
        }
    )
    if how.virtual and not how.style:
        raise InputError(
            f"decoder.virtual={how.virtual}: virtual people teach a style, and decoder.style=0 has none; "
            "give decoder.style=16, or decoder.virtual=0"
        )
    check_above_zero({"decoder.draw_scale": how.draw_scale})
    check_below_one({"decoder.dropout": how.dropout})
    if not max(how.t_min, 1e-3) <= how.t_switch <= 1:
        raise InputError(
            f"decoder.t_switch={how.t_switch}: must lie between decoder.t_min={how.t_min} and 1"
        )


def check_model(settings: TrainDecoderSettings, model: DiffusionModel) -> None:
    """Raise InputError if a model cannot have a decoder."""
    check_own_checkpoint(settings, model, "the model itself")
    if not isinstance(model.codec, EventCodec):
        raise InputError(
            f"{model.path}: its codec is '{model.codec.name}', and a decoder writes events; train a "
            "model with: humouse train experiment=events"
        )
    if not model.codec.merge_zero_moves:
        raise InputError(
            f"{model.path}: trained with data.merge_zero_moves=false, and a decoder needs steps "
            "that all move; train a model with true"
        )
    if model.decoder_settings is not None:
        raise InputError(
            f"{model.path}: has a decoder already; give ckpt={model.decoder_settings.model}"
        )
    if model.distillation is not None:
        raise InputError(
            f"{model.path}: distilled to {model.distillation.steps} steps down to no noise, where a decoder "
            f"has nothing to do; give the model it was made from, {model.distillation.teacher}"
        )


def decoded_settings(
    settings: TrainDecoderSettings, theirs: TrainSettings, origin: Path | None = None
) -> DecodedSettings:
    """Return the configuration of the decoded model: the model's, but for what its training changes.

    Args:
        settings: The decoder's.
        theirs: The diffusion model's.
        origin: Its checkpoint; None for one that is not trained yet.
    """
    s = settings
    record = DecoderRecord(**vars(s.decoder))
    if origin is not None:
        record = replace(record, model=str(origin), model_sha256=sha256(origin))
    return DecodedSettings(
        **inherit_config(s, theirs),
        optim=OptimSettings(**vars(s.optim), grad_accum=1, amp=s.amp),
        decoder=record,
    )
