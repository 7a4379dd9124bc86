"""Training batches, each a pure function of its step number.

Which gestures a step sees, how they are augmented and what is drawn beside them: all of it follows
from (seed, step). A resumed run therefore needs no generator state, several processes share one
batch, and loader processes may work ahead in any order.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.utils.data import Dataset

from humouse.codec import CONDITION_GROUPS, Codec, valid_steps
from humouse.data.augment import AugmentRules, augment
from humouse.ragged import Movements, Ragged
from humouse.randomness import generator
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class BatchPlan:
    """How batches are drawn.

    Args:
        batch_size: Gestures a step, over all processes.
        seed: Seed of the run.
        cond_dim: Number of conditions.
        cond_dropout: Share of gestures that come without any condition, and share of the others
            that each condition is withheld from.
        balance: How often several set-ups are drawn: 1 as often as they have gestures, 0 equally often.
    """

    batch_size: int
    seed: int
    cond_dim: int = 0
    cond_dropout: float = 0.1
    balance: float = 1.0


BatchT = TypeVar("BatchT")


@dataclass(frozen=True)
class Shard(Generic[BatchT]):
    """One process's part of a step's batch.

    Args:
        batch: The part, sorted by length.
        gestures: [B] rows of the train split that the whole batch holds, for error messages; None
            where it holds something else.
    """

    batch: BatchT
    gestures: Int[Tensor, "B"] | None


ShardT = TypeVar("ShardT", bound=Shard)


class Batches(Dataset[ShardT], ABC):
    """Item k is what step k learns from."""

    @property
    @abstractmethod
    def steps_per_epoch(self) -> int:
        """Steps until everything has been seen once, rounded up."""

    @abstractmethod
    def __getitem__(self, step: int) -> ShardT:
        """Return this process's part of the batch of step `step`."""


@dataclass(frozen=True)
class Encoded:
    """Gestures of a step on the networks' scale.

    Args:
        x0: [B, T, C] clean data, zero at padding.
        mask: [B, T] True where valid.
        lengths: [B] number of valid steps.
        cond: [B, K] conditions, NaN where withheld, or None for a model without any.
    """

    x0: Float[Tensor, "B T C"]
    mask: Bool[Tensor, "B T"]
    lengths: Int[Tensor, "B"]
    cond: Float[Tensor, "B K"] | None


class GestureBatches(Batches[ShardT]):
    """The gestures of each step; a subclass makes the step's batch from them.

    Args:
        train: The train split; every movement must fit the codec.
        codec: Fitted on it.
        rules: Augmentations.
        plan: Sizes and seed.
    """

    def __init__(
        self, train: Movements, codec: Codec, rules: AugmentRules, plan: BatchPlan
    ) -> None:
        self.train = self.shown = Ragged.of(train)  # a subclass may show more than the split holds
        self.codec = codec
        self.rules = rules
        self.plan = plan
        self._orders: dict[int, Tensor] = {}

    @property
    def steps_per_epoch(self) -> int:
        """Steps until every gesture has been seen once, rounded up."""
        return -(-len(self.train) // self.plan.batch_size)

    def _order(self, epoch: int) -> Int[Tensor, "N"]:
        """Return the shuffled rows of an epoch, remembering the last few."""
        if epoch not in self._orders:
            g = generator(self.plan.seed, "epoch", epoch)
            newest = dict(list(self._orders.items())[-1:])
            self._orders = newest | {epoch: _shuffled(self.train.setup, self.plan.balance, g)}
        return self._orders[epoch]

    def gestures(self, step: int) -> Int[Tensor, "B"]:
        """[B] rows of the train split that step `step` sees: endless shuffled epochs, cut evenly.

        An epoch has as many rows as the split; where set-ups are balanced, some twice and some not.
        """
        size, N = self.plan.batch_size, len(self.train)
        places = torch.arange(step * size, (step + 1) * size)
        epochs = (places // N).unique().tolist()
        return torch.cat([self._order(e)[places[places // N == e] % N] for e in epochs])

    def encoded(self, rows: Int[Tensor, "B"], g: torch.Generator) -> Encoded:
        """Return these gestures, augmented and encoded, some without their conditions.

        Args:
            rows: Rows of what is shown: the train split's, and whatever a subclass adds after them.
            g: Source of randomness, seeded by (seed, step).
        """
        movements = self._augmented(self.shown[rows], g)
        x0, frame = self.codec.encode(movements)
        B, T, _ = x0.shape
        cond = self.codec.conditions_for(frame, self.plan.cond_dim)
        if cond is not None:
            cond = cond.masked_fill(self._withheld(B, g), torch.nan)
        steps = self.codec.steps(frame.lengths)
        return Encoded(x0, valid_steps(steps, T), steps, cond)

    def _withheld(self, B: int, g: torch.Generator) -> Bool[Tensor, "B K"]:
        """Return which conditions each gesture comes without: all of them, or each by itself.

        A sampler may set any subset of the conditions.
        """
        none, share = torch.rand(B, 1, generator=g), self.plan.cond_dropout
        alone = torch.rand(B, max(CONDITION_GROUPS) + 1, generator=g)
        groups = list(CONDITION_GROUPS[: self.plan.cond_dim])
        return (none < share) | (alone < share)[:, groups]

    def _augmented(self, movements: Trajectories, g: torch.Generator) -> Trajectories:
        changed = augment(movements, self.rules, g)
        fits = self.codec.fits(changed)
        if bool(fits.all()):
            return changed
        # An augmentation can merge a gesture away or stretch it past T: keep the original then.
        return replace(
            changed,
            deltas=torch.where(fits[:, None, None], changed.deltas, movements.deltas),
            start=torch.where(fits[:, None], changed.start, movements.start),
            lengths=torch.where(fits, changed.lengths, movements.lengths),
        )


def _shuffled(setup: np.ndarray, balance: float, g: torch.Generator) -> Int[Tensor, "N"]:
    """Return the rows of an epoch in the order drawn, each set-up's share its size to the power `balance`.

    A set-up that gets more places than it has rows comes again, as evenly as can be.

    Args:
        setup: [N] of each row.
        balance: 1 for every row once.
        g: Source of randomness.
    """
    N = len(setup)
    names, of_row, sizes = np.unique(setup, return_inverse=True, return_counts=True)
    if len(names) == 1 or balance == 1:
        return torch.randperm(N, generator=g)
    weight = sizes.astype(float) ** balance
    ends = np.r_[0, np.round(np.cumsum(weight) / weight.sum() * N)].astype(int)
    drawn = []
    for number, places in enumerate(np.diff(ends)):
        rows = torch.from_numpy(np.flatnonzero(of_row == number))
        times = -(-int(places) // len(rows))
        again = [rows[torch.randperm(len(rows), generator=g)] for _ in range(times)]
        drawn.append(torch.cat(again)[:places])
    everything = torch.cat(drawn)
    return everything[torch.randperm(N, generator=g)]
