"""Whether a run may go on from a checkpoint: with the same settings, data and processes it may."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from humouse.data.prepared import Prepared
from humouse.errors import InputError
from humouse.training.checkpoint import Checkpoint

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


def check_resumable(
    saved: Checkpoint,
    path: Path,
    config: Mapping[str, Any],
    data: Prepared,
    gestures_per_step: int,
) -> None:
    """Raise InputError if a run that goes on from `saved` would not be the same run.

    Args:
        saved: The checkpoint.
        path: Where it lies.
        config: The configuration now.
        data: The prepared data now.
        gestures_per_step: Over all processes, now.
    """
    if changed := differences(saved.config, config):
        raise InputError(
            f"{path}: trained with other settings, so it cannot be resumed: "
            f"{'; '.join(changed)}; give the same ones, or another experiment_name"
        )
    per_step = saved.data["gestures_per_step"]
    if per_step != gestures_per_step:
        raise InputError(
            f"{path}: trained with {per_step} gestures a step over all processes, now it "
            f"would be {gestures_per_step}; use the same number of processes"
        )
    if saved.data["sha256"] != data.sha256:
        raise InputError(
            f"{path}: trained on other data than {data.folder} holds now; prepare "
            "the same data again, or give another experiment_name"
        )


def data_record(data: Prepared, gestures_per_step: int) -> dict[str, Any]:
    """Return what a checkpoint says about its data, for samplers and for going on."""
    return {
        "folder": str(data.folder),
        "origin": data.manifest["origin"],
        "synthetic": data.synthetic,
        "sha256": data.sha256,
        "gestures_per_step": gestures_per_step,
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
