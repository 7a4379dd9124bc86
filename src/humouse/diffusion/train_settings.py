"""Which training settings make sense, which may change on resuming, and the learning rate's course."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from humouse.data.codec import CODECS, CanonicalCodec, Codec, EventCodec
from humouse.diffusion.validation import FOLLOWED
from humouse.errors import InputError
from humouse.eval.plausibility import FEWEST
from humouse.eval.rule import FEATURE_MODES, check_seed
from humouse.settings import DataSettings, OptimSettings, TrainSettings

_DECAYS = ("constant", "cosine")
# These change where a run writes or when it stops, not the weights at a given step.
_FREE_TO_CHANGE = (
    "resume",
    "device",
    "checkpoint_dir",
    "logging",
    "early_stopping",
    "optim.epochs",
    "optim.max_steps",
    "data.dir",
    "data.num_workers",
)


def check_settings(settings: TrainSettings) -> None:
    """Raise InputError for the first setting that makes no sense."""
    s = settings
    at_least = {
        "data.batch_size": (s.data.batch_size, 1),
        "data.num_workers": (s.data.num_workers, 0),
        "model.base_channels": (s.model.base_channels, 1),
        "model.cond_dim": (s.model.cond_dim, 0),
        "optim.grad_accum": (s.optim.grad_accum, 1),
        "optim.epochs": (s.optim.epochs, 1),
        "optim.max_steps": (1 if s.optim.max_steps is None else s.optim.max_steps, 1),
        "optim.lr_warmup_steps": (s.optim.lr_warmup_steps, 0),
        "optim.weight_decay": (s.optim.weight_decay, 0),
        "optim.grad_clip": (s.optim.grad_clip, 0),
        "logging.log_interval": (s.logging.log_interval, 1),
        "logging.eval_interval": (s.logging.eval_interval, 0),
        "logging.sample_interval": (s.logging.sample_interval, 0),
        "logging.num_eval_samples": (s.logging.num_eval_samples, FEWEST),
        "logging.checkpoint_interval": (s.logging.checkpoint_interval, 0),
        "early_stopping.patience": (s.early_stopping.patience, 0),
    }
    for name, (value, least) in at_least.items():
        if not value >= least:
            raise InputError(f"{name}={value}: must be at least {least}")
    shares = {
        "model.cond_dropout": s.model.cond_dropout,
        "diffusion.self_condition_prob": s.diffusion.self_condition_prob,
        "optim.ema_decay": s.optim.ema_decay,
    }
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise InputError(f"{name}={share}: must lie between 0 and 1")
    check_seed(s.seed)
    if not 0 <= s.model.dropout < 1:
        raise InputError(f"model.dropout={s.model.dropout}: must lie in 0…1, below 1")
    if not s.optim.lr > 0 or not s.diffusion.min_snr_gamma > 0:
        raise InputError("optim.lr and diffusion.min_snr_gamma must be above 0")
    if len(s.optim.betas) != 2 or not all(0 <= beta < 1 for beta in s.optim.betas):
        raise InputError(f"optim.betas={s.optim.betas}: give two numbers in 0…1, below 1")
    _check_choices(s)


def _check_choices(s: TrainSettings) -> None:
    choices = {
        "optim.lr_decay": (s.optim.lr_decay, _DECAYS),
        "early_stopping.score": (s.early_stopping.score, (*FOLLOWED, "none")),
        "data.codec": (s.data.codec, tuple(CODECS)),
        "data.feature_mode": (s.data.feature_mode, tuple(FEATURE_MODES)),
    }
    for name, (value, known) in choices.items():
        if value not in known:
            raise InputError(f"{name}={value}: unknown; choose one of {', '.join(known)}")
    if s.model.cond_dim == 1:
        raise InputError(
            "model.cond_dim=1: half a goal says nothing; 2 is goal_dx_px and goal_dy_px"
        )
    if s.model.cond_dim > 4:
        raise InputError(f"model.cond_dim={s.model.cond_dim}: there are 4 conditions to learn")
    if not s.experiment_name or "/" in s.experiment_name:
        raise InputError(f"experiment_name={s.experiment_name!r}: give a plain file name")


def make_codec(data: DataSettings) -> Codec:
    """Return the unfitted codec that a run's data settings describe."""
    if data.codec == EventCodec.name:
        return EventCodec(
            sequence_length=data.sequence_length,
            companding_px=data.companding_px,
            merge_zero_moves=data.merge_zero_moves,
            normalize=data.normalize_sequences,
        )
    return CanonicalCodec(
        sequence_length=data.sequence_length,
        canonicalize_path=data.canonicalize_path,
        canonicalize_duration=data.canonicalize_duration,
        rotate_to_plus_x=data.rotate_to_plus_x,
        normalize=data.normalize_sequences,
    )


def learning_rate(optim: OptimSettings, step: int, steps: int) -> float:
    """Return the learning rate of step `step` (from 0) of `steps`."""
    warm = optim.lr_warmup_steps
    if step < warm:
        return optim.lr * (step + 1) / warm
    if optim.lr_decay == "constant":
        return optim.lr
    return optim.lr * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def differences(saved: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return "key: saved → now" for each setting that a resumed run must not change."""
    before, after = dict(_flat(saved)), dict(_flat(now))
    # Where the rate decays, the last step decides the rate of every step before it.
    free_keys = set(_FREE_TO_CHANGE)
    if after.get("optim.lr_decay", "constant") != "constant":
        free_keys -= {"optim.epochs", "optim.max_steps"}
    return [
        f"{key}: {before.get(key)} → {after.get(key)}"
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
        and not any(key == free or key.startswith(f"{free}.") for free in free_keys)
    ]


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
