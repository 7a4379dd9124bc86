"""Training batches, each a pure function of its step number.

Which gestures a step sees, how they are augmented, their noise and noise times: all of it follows
from (seed, step). A resumed run therefore needs no generator state, several processes cut one and
the same batch among them, and loader processes may work ahead in any order.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Int
from torch import Tensor
from torch.utils.data import Dataset

from humouse.data.augment import AugmentRules, augment
from humouse.data.codec import Codec, valid_steps
from humouse.diffusion.noise.schedule import Schedule
from humouse.diffusion.objective import NoisyBatch
from humouse.randomness import generator
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class Draws:
    """How a batch is drawn.

    Args:
        batch_size: Gestures a step, over all processes.
        seed: Seed of the run.
        cond_dim: Number of conditions.
        cond_dropout: Share of gestures that are not told their conditions.
        self_condition: Share of gestures that get a previous answer.
    """

    batch_size: int
    seed: int
    cond_dim: int = 0
    cond_dropout: float = 0.1
    self_condition: float = 0.5


@dataclass(frozen=True)
class Share:
    """One process's part of a step's batch.

    Args:
        batch: The part, sorted by length.
        total_values: Valid steps × channels of the whole batch, which the loss is divided by.
        gestures: Rows of the train split that the whole batch holds, for error messages.
    """

    batch: NoisyBatch
    total_values: int
    gestures: Int[Tensor, "B"]

    def pin_memory(self) -> "Share":
        """Return the same part in memory that a GPU can copy from in the background."""
        return replace(self, batch=self.batch.pin_memory())


class StepBatches(Dataset[Share]):
    """Item k is the batch of step k.

    Args:
        train: The train split; every movement must fit the codec.
        codec: Fitted on it.
        schedule: Maps uniform draws to training times.
        rules: Augmentations.
        draws: Sizes and seed.
        rank: This process's number.
        processes: How many there are.
    """

    def __init__(
        self,
        train: Trajectories,
        codec: Codec,
        schedule: Schedule,
        rules: AugmentRules,
        draws: Draws,
        *,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        self.train = train
        self.codec = codec
        self.schedule = schedule
        self.rules = rules
        self.draws = draws
        self.rank = rank
        self.processes = processes
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

    def __getitem__(self, step: int) -> Share:
        rows = self.gestures(step)
        g = generator(self.draws.seed, "step", step)
        movements = self._augmented(self.train[rows], g)
        x0, frame = self.codec.encode(movements)
        B, T, C = x0.shape
        cond = self.codec.condition(movements, self.draws.cond_dim)
        if cond is not None:
            forgotten = torch.rand(B, 1, generator=g) < self.draws.cond_dropout
            cond = self.codec.encode_condition(cond).masked_fill(forgotten, torch.nan)
        # Times are spread evenly over the batch: one draw, B places, each still uniform.
        u = (torch.rand(1, generator=g) + torch.arange(B) / B).remainder(1)
        u = u[torch.randperm(B, generator=g)]
        batch = NoisyBatch(
            x0=x0,
            mask=valid_steps(frame.lengths, T),
            cond=cond,
            t=self.schedule.training_time(u),
            eps=torch.randn(B, T, C, generator=g),
            self_condition=torch.rand(B, generator=g) < self.draws.self_condition,
        )
        # Sorted by length, neighbours need the same padding; every process gets all lengths.
        order = frame.lengths.argsort(stable=True)[self.rank :: self.processes]
        return Share(batch[order], int(frame.lengths.sum()) * C, rows)

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
