"""The interface between a kind of model and the training loop, `Trainer`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic

from matplotlib.figure import Figure
from torch import Tensor

from humouse.training.batches import Batches, ShardT
from humouse.training.checkpoint import Checkpoint
from humouse.training.optimisation import NetworkOptimiser, NetworkT


class Learner(ABC, Generic[ShardT]):
    """A model in training with its average and its optimisers: takes steps, validates, saves its state."""

    batches: Batches[ShardT]
    """Item k is what step k learns from."""

    @property
    @abstractmethod
    def parameter_count(self) -> int:
        """Number of learned parameters."""

    @abstractmethod
    def step(self, shard: ShardT, step: int, steps: int) -> Mapping[str, float]:
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


class NetworkLearner(Learner[ShardT], Generic[ShardT, NetworkT]):
    """A learner of one network with AdamW; a subclass computes the gradients of a step."""

    optimiser: NetworkOptimiser[NetworkT]

    @property
    def network(self) -> NetworkT:
        """The network in training."""
        return self.optimiser.network

    @property
    def parameter_count(self) -> int:
        """Number of learned parameters."""
        return sum(weights.numel() for weights in self.network.parameters())

    def averaged(self) -> Mapping[str, Tensor]:
        """Return the averaged weights, of which a run keeps the best."""
        return self.optimiser.ema.weights

    def state(self) -> dict[str, Any]:
        """Return the fields model, ema, optimizer and scaler of a checkpoint."""
        return self.optimiser.state()

    def load(self, saved: Checkpoint) -> None:
        """Take over the state in a checkpoint."""
        self.optimiser.load(saved)

    def step(self, shard: ShardT, step: int, steps: int) -> dict[str, float]:
        """Take optimiser step `step` (from 0) of `steps`; return the loss and the gradient's norm.

        Raises:
            BadLossError: One of the two is not finite.
        """
        self.network.train()
        self.optimiser.clear()
        return self.optimiser.take(self.add_gradients(shard, step), step, steps)

    @abstractmethod
    def add_gradients(self, shard: ShardT, step: int) -> float:
        """Add the gradients of a step's loss to the network's; return the loss."""
