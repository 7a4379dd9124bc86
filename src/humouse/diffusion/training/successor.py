"""A run that builds on a trained model: whether it may, and what it takes over of its settings."""

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from omegaconf import OmegaConf

from humouse.data.dataset import dataset
from humouse.diffusion.model import Model
from humouse.errors import InputError
from humouse.settings import (
    DataSettings,
    DiffusionSettings,
    EarlyStoppingSettings,
    LoggingSettings,
    ModelSettings,
    TrainSettings,
)
from humouse.settings.compose import typed


def check_successor(model: Model, checkpoint_dir: str, experiment_name: str, what: str) -> None:
    """Raise InputError if a run's own checkpoint would take the place of the one it builds on.

    Args:
        model: What the run builds on.
        checkpoint_dir: Where its own checkpoint goes.
        experiment_name: Its name.
        what: What the model is to the run, for the message.
    """
    own = Path(checkpoint_dir) / f"{experiment_name}.pt"
    if own.resolve() == model.path.resolve():
        raise InputError(f"experiment_name={experiment_name}: {own} is {what}; give another name")


def section(model: Model, values: dict[str, Any], schema: type) -> Any:
    """Return a section of a model's configuration as settings.

    Raises:
        InputError: The configuration is another version's.
    """
    try:
        return typed(OmegaConf.create(values), schema)
    except InputError as error:
        raise InputError(f"{model.path}: does not fit this version of humouse ({error})") from error


@runtime_checkable
class SuccessorSettings(Protocol):
    """The settings that every run that builds on a trained model has."""

    experiment_name: str
    seed: int
    device: str
    resume: bool
    checkpoint_dir: str
    data_dir: str | None
    batch_size: int
    logging: LoggingSettings
    early_stopping: EarlyStoppingSettings


def inherited(
    settings: SuccessorSettings,
    model: Model,
    *,
    network: dict[str, Any] | None = None,
    diffusion: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a run's configuration but for what is its kind's own: the model's, with its changes.

    Args:
        settings: The run's settings.
        model: What it builds on.
        network: What changes in the section `model`.
        diffusion: What changes in the section `diffusion`.

    Raises:
        InputError: The model's configuration is another version's.
    """
    s, config = settings, model.config
    data: dict[str, Any] = {"batch_size": s.batch_size}
    data |= {} if s.data_dir is None else {"dir": s.data_dir}
    return {
        "experiment_name": s.experiment_name,
        "seed": s.seed,
        "device": s.device,
        "resume": s.resume,
        "checkpoint_dir": s.checkpoint_dir,
        "data": section(model, config["data"] | data, DataSettings),
        "model": section(model, config["model"] | (network or {}), ModelSettings),
        "diffusion": section(model, config["diffusion"] | (diffusion or {}), DiffusionSettings),
        "logging": s.logging,
        "early_stopping": s.early_stopping,
    }


def check_own_data(run: TrainSettings, model: Model, key: str) -> None:
    """Raise InputError if the run's data are not those that the model was trained on.

    Args:
        run: The run's settings.
        model: What it builds on.
        key: The setting that names the folder of the data.
    """
    prepared = dataset(run.data)
    if prepared.sha256 != model.data["sha256"]:
        raise InputError(
            f"{prepared.folder}: holds other data than {model.path} was trained on; name the folder "
            f"of those with {key}=…"
        )
