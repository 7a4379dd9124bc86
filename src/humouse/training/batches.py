"""Training batches, each a pure function of its step number.

Which gestures a step sees, how they are augmented and what is drawn beside them: all of it follows
from (seed, step). A resumed run therefore needs no generator state, several processes cut one and
the same batch among them, and loader processes may work ahead in any order.
"""

from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.utils.data import Dataset

from humouse.codec import CONDITION_GROUPS, Codec, valid_steps
from humouse.data.augment import AugmentRules, augment
from humouse.randomness import generator
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class Draws:
    """How a batch is drawn.

    Args:
        batch_size: Gestures a step, over all processes.
        seed: Seed of the run.
        cond_dim: Number of conditions.
        cond_dropout: Share of gestures that are told none of their conditions, and of the others
            the share that each of them is withheld from.
    """

    batch_size: int
    seed: int
    cond_dim: int = 0
    cond_dropout: float = 0.1


@runtime_checkable
class StepShare(Protocol):
    """One process's part of a step's batch, whatever else is in it."""

    @property
    def gestures(self) -> Tensor:
        """Rows of the train split that the whole batch holds, for error messages."""


@dataclass(frozen=True)
class Encoded:
    """Gestures of a step on the networks' scale.

    Args:
        x0: [B, T, C] clean data, zero at padding.
        mask: [B, T] True where valid.
        lengths: [B] number of valid steps.
        cond: [B, K] conditions, NaN where not told, or None for a model without any.
    """

    x0: Float[Tensor, "B T C"]
    mask: Bool[Tensor, "B T"]
    lengths: Int[Tensor, "B"]
    cond: Float[Tensor, "B K"] | None


Item = TypeVar("Item", bound=StepShare)


class GestureBatches(Dataset[Item]):
    """The gestures of each step; a subclass makes item k, the batch of step k, from them.

    Args:
        train: The train split; every movement must fit the codec.
        codec: Fitted on it.
        rules: Augmentations.
        draws: Sizes and seed.
    """

    def __init__(
        self, train: Trajectories, codec: Codec, rules: AugmentRules, draws: Draws
    ) -> None:
        self.train = train
        self.codec = codec
        self.rules = rules
        self.draws = draws
        self._orders: dict[int, Tensor] = {}

    @property
    def steps_per_epoch(self) -> int:
        """Steps until every gesture has been seen once, rounded up."""
        return -(-len(self.train) // self.draws.batch_size)

    def _order(self, epoch: int) -> Int[Tensor, "N"]:
        """Return the shuffled rows of an epoch, remembering the last few."""
        if epoch not in self._orders:
            g = generator(self.draws.seed, "epoch", epoch)
            newest = dict(list(self._orders.items())[-1:])
            self._orders = newest | {epoch: torch.randperm(len(self.train), generator=g)}
        return self._orders[epoch]

    def gestures(self, step: int) -> Int[Tensor, "B"]:
        """[B] rows of the train split that step `step` sees: endless shuffled epochs, cut evenly."""
        size, N = self.draws.batch_size, len(self.train)
        places = torch.arange(step * size, (step + 1) * size)
        epochs = (places // N).unique().tolist()
        return torch.cat([self._order(e)[places[places // N == e] % N] for e in epochs])

    def encoded(self, rows: Int[Tensor, "B"], g: torch.Generator) -> Encoded:
        """Return these gestures, augmented and encoded, some without their conditions.

        Args:
            rows: Rows of the train split.
            g: Where the chance comes from; one that follows from (seed, step).
        """
        movements = self._augmented(self.train[rows], g)
        x0, frame = self.codec.encode(movements)
        B, T, _ = x0.shape
        cond = self.codec.conditions_for(frame, self.draws.cond_dim)
        if cond is not None:
            cond = cond.masked_fill(self._withheld(B, g), torch.nan)
        steps = self.codec.steps(frame.lengths)
        return Encoded(x0, valid_steps(steps, T), steps, cond)

    def _withheld(self, B: int, g: torch.Generator) -> Bool[Tensor, "B K"]:
        """Return which conditions each gesture is not told: all, or one by one, for any can be asked."""
        none, share = torch.rand(B, 1, generator=g), self.draws.cond_dropout
        alone = torch.rand(B, max(CONDITION_GROUPS) + 1, generator=g)
        groups = list(CONDITION_GROUPS[: self.draws.cond_dim])
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
