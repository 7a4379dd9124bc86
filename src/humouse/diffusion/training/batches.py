"""Training batches of the diffusion model: gestures with noise and noise times, a step each."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Int
from torch import Tensor

from humouse.codec import Codec
from humouse.data.augment import AugmentRules
from humouse.diffusion.noise.schedule import Schedule
from humouse.diffusion.objective import NoisyBatch
from humouse.randomness import generator
from humouse.training import batches
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class Draws(batches.Draws):
    """How a batch is drawn.

    Args:
        self_condition: Share of gestures that get a previous answer.
    """

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


class StepBatches(batches.GestureBatches[Share]):
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

    draws: Draws

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
        super().__init__(train, codec, rules, draws)
        self.schedule = schedule
        self.rank = rank
        self.processes = processes

    def __getitem__(self, step: int) -> Share:
        rows = self.gestures(step)
        g = generator(self.draws.seed, "step", step)
        clean = self.encoded(rows, g)
        B, T, C = clean.x0.shape
        # Times are spread evenly over the batch: one draw, B places, each still uniform.
        u = (torch.rand(1, generator=g) + torch.arange(B) / B).remainder(1)
        u = u[torch.randperm(B, generator=g)]
        batch = NoisyBatch(
            x0=clean.x0,
            mask=clean.mask,
            cond=clean.cond,
            t=self.schedule.training_time(u),
            eps=torch.randn(B, T, C, generator=g),
            self_condition=torch.rand(B, generator=g) < self.draws.self_condition,
        )
        # Sorted by length, neighbours need the same padding; every process gets all lengths.
        order = clean.lengths.argsort(stable=True)[self.rank :: self.processes]
        return Share(batch[order], int(clean.lengths.sum()) * C, rows)
