"""What one kind of model brings to training; the loop around it is `Trainer`'s."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from matplotlib.figure import Figure
from torch import Tensor

from humouse.codec import Codec
from humouse.training.batches import GestureBatches, StepShare
from humouse.training.checkpoint import Checkpoint
from humouse.trajectories import Trajectories


class BadLossError(Exception):
    """The loss or the gradient stopped being finite; the weights are as they were before."""


@dataclass(frozen=True, eq=False)
class Material:
    """What a learner is made from, beside its settings.

    Args:
        accelerator: Knows the device, the precision and the other processes.
        codec: Fitted on the train split.
        train: The train split, as far as it fits the codec.
        val: The validation split.
        config: The whole configuration as plain dictionaries.
        path: Where the checkpoint goes.
        gestures_per_step: Over all processes.
    """

    accelerator: Accelerator
    codec: Codec
    train: Trajectories
    val: Trajectories
    config: dict[str, Any]
    path: Path
    gestures_per_step: int


class Learner(ABC):
    """A model with its average and its optimisers: takes a step, measures itself, saves itself."""

    batches: GestureBatches[Any]
    """Item k is what step k learns from."""

    @property
    @abstractmethod
    def parameter_count(self) -> int:
        """Number of learned parameters."""

    @abstractmethod
    def step(self, share: StepShare, step: int, steps: int) -> Mapping[str, float]:
        """Take optimiser step `step` (from 0) of `steps`; return "loss" and other numbers.

        Raises:
            BadLossError: One of them is not finite.
        """

    @abstractmethod
    def averaged(self) -> Mapping[str, Tensor]:
        """Return the averaged weights, of which a run keeps the best."""

    @abstractmethod
    def measure(self, *, scored: bool) -> tuple[dict[str, float], dict[str, Figure]]:
        """Return what a validation round of the averaged weights shows: numbers and pictures.

        Args:
            scored: Whether fresh samples are due, scored and drawn.
        """

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return the fields model, ema, optimizer and scaler of a checkpoint."""

    @abstractmethod
    def load(self, saved: Checkpoint) -> None:
        """Take over the state in a checkpoint."""
