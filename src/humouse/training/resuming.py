"""Resuming from a checkpoint: allowed with the same settings, data and number of processes."""

from collections.abc import Iterator, Mapping
from typing import Any

from humouse.codec import Codec, codec_from_state
from humouse.codec.from_settings import make_codec
from humouse.errors import InputError
from humouse.settings import DataSettings
from humouse.training.checkpoint import Checkpoint, Kind
from humouse.training.context import TrainingContext
from humouse.training.data import TrainingData
from humouse.training.run_settings import RunSettings, checkpoint_path

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


def checkpoint_to_resume(settings: RunSettings, kind: Kind) -> Checkpoint | None:
    """Return the checkpoint that a run goes on from, or None for a run that begins.

    Args:
        settings: The whole configuration.
        kind: What the checkpoint must hold.

    Raises:
        InputError: It cannot be read, or holds something else.
    """
    path = checkpoint_path(settings)
    if not settings.resume or not path.is_file():
        return None
    return Checkpoint.load(path, kind)


def own_codec(settings: DataSettings, data: TrainingData, saved: Checkpoint | None) -> Codec:
    """Return the fitted codec of a run on movements: the checkpoint's own where the run goes on.

    Args:
        settings: The run's data settings.
        data: The splits that they name.
        saved: The checkpoint to go on from; None to begin.
    """
    if saved is not None:
        return codec_from_state(saved.codec)
    return make_codec(settings).fit(data.train)


def check_resumable(saved: Checkpoint, context: TrainingContext) -> None:
    """Raise InputError if a run that goes on from `saved` would not be the same run."""
    path, prepared = context.path, context.prepared
    if changed := differences(saved.config, context.config):
        raise InputError(
            f"{path}: trained with other settings, so it cannot be resumed: "
            f"{'; '.join(changed)}; give the same ones, or another experiment_name"
        )
    per_step = saved.data["gestures_per_step"]
    if per_step != context.gestures_per_step:
        raise InputError(
            f"{path}: trained with {per_step} gestures a step over all processes, now it "
            f"would be {context.gestures_per_step}; use the same number of processes"
        )
    if saved.data["sha256"] != prepared.sha256:
        raise InputError(
            f"{path}: trained on other data than {prepared.folder} holds now; prepare "
            "the same data again, or give another experiment_name"
        )


def data_record(context: TrainingContext) -> dict[str, Any]:
    """Return what a checkpoint says about its data, for samplers and for going on."""
    prepared = context.prepared
    return {
        "folder": str(prepared.folder),
        "origin": prepared.manifest["origin"],
        "synthetic": prepared.synthetic,
        "sha256": prepared.sha256,
        "gestures_per_step": context.gestures_per_step,
    }


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
