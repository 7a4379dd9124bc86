"""Derived runs, which build on a trained model: what they inherit, and when they may not start."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from humouse.diffusion.model import DiffusionModel
from humouse.errors import InputError
from humouse.settings import EarlyStoppingSettings, LoggingSettings, TrainSettings
from humouse.training.data import TrainingData


@runtime_checkable
class DerivedSettings(Protocol):
    """The settings that every derived run has."""

    experiment_name: str
    seed: int
    device: str
    resume: bool
    checkpoint_dir: str
    data_dir: str | None
    batch_size: int
    logging: LoggingSettings
    early_stopping: EarlyStoppingSettings


def check_own_checkpoint(settings: DerivedSettings, model: DiffusionModel, what: str) -> None:
    """Raise InputError if a run's own checkpoint would replace the one that it builds on.

    Args:
        settings: The run's settings.
        model: What it builds on.
        what: What the model is to the run, for the message.
    """
    own = Path(settings.checkpoint_dir) / f"{settings.experiment_name}.pt"
    if own.resolve() == model.path.resolve():
        raise InputError(
            f"experiment_name={settings.experiment_name}: {own} is {what}; give another name"
        )


def check_same_data(data: TrainingData, model: DiffusionModel) -> None:
    """Raise InputError if a run's data are not those that the model it builds on was trained on."""
    if data.prepared.sha256 != model.data["sha256"]:
        raise InputError(
            f"{data.prepared.folder}: holds other data than {model.path} was trained on; name the "
            "folder of those with data_dir=…"
        )


def inherit_config(
    settings: DerivedSettings,
    theirs: TrainSettings,
    *,
    network: dict[str, Any] | None = None,
    diffusion: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the sections that a derived run shares with every other: the model's, with its changes.

    Args:
        settings: The run's settings.
        theirs: Those of the model that it builds on.
        network: What changes in the section `model`.
        diffusion: What changes in the section `diffusion`.
    """
    s = settings
    data: dict[str, Any] = {"batch_size": s.batch_size}
    data |= {} if s.data_dir is None else {"dir": s.data_dir}
    return {
        "experiment_name": s.experiment_name,
        "seed": s.seed,
        "device": s.device,
        "resume": s.resume,
        "checkpoint_dir": s.checkpoint_dir,
        "start_from": theirs.start_from,
        "data": replace(theirs.data, **data),
        "model": replace(theirs.model, **(network or {})),
        "diffusion": replace(theirs.diffusion, **(diffusion or {})),
        "logging": s.logging,
        "early_stopping": s.early_stopping,
    }
