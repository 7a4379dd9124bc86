"""Training batches of the diffusion model: gestures with noise and noise times, a step each."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Int
from torch import Tensor

from humouse.codec import Codec
from humouse.codec.style import StylePool
from humouse.data.augment import AugmentRules
from humouse.diffusion.noise.schedule import Schedule
from humouse.diffusion.noisy_batch import NoisyBatch
from humouse.diffusion.training.virtual import virtual_people
from humouse.ragged import Movements, Ragged
from humouse.randomness import generator
from humouse.training.batches import BatchPlan, GestureBatches, Shard

_LOW_NOISE = 0.25


@dataclass(frozen=True)
class NoisyPlan(BatchPlan):
    """How batches with noise are drawn.

    Args:
        low_noise: Share of gestures whose noise time is drawn from the lowest quarter alone.
        self_condition: Share of gestures that get a previous answer.
        styles: Whether gestures come with the style of their set-up.
        virtual: Share of gestures that are shown as virtual people on other devices make them.
    """

    low_noise: float = 0.0
    self_condition: float = 0.5
    styles: bool = False
    virtual: float = 0.0


@dataclass(frozen=True)
class NoisyShard(Shard[NoisyBatch]):
    """One process's part of a step's batch.

    Args:
        total_values: Valid steps × channels of the whole batch, which the loss is divided by.
    """

    total_values: int

    def pin_memory(self) -> "NoisyShard":
        """Return the same part in memory that a GPU can copy from in the background."""
        return replace(self, batch=self.batch.pin_memory())


class NoisyBatches(GestureBatches[NoisyShard]):
    """Item k is the batch of step k.

    Args:
        train: The train split; every movement must fit the codec.
        codec: Fitted on it.
        schedule: Maps uniform draws to training times.
        rules: Augmentations.
        plan: Sizes and seed.
        rank: This process's number.
        processes: How many there are.
    """

    plan: NoisyPlan

    def __init__(
        self,
        train: Movements,
        codec: Codec,
        schedule: Schedule,
        rules: AugmentRules,
        plan: NoisyPlan,
        *,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        super().__init__(train, codec, rules, plan)
        self.source = torch.arange(len(self.train))
        if plan.styles and plan.virtual:
            virtual, source = virtual_people(self.train, codec, plan.seed)
            self.shown = Ragged.joined([self.train, virtual])
            self.source = torch.cat([self.source, source])
        self.styles = StylePool.of(self.shown, codec.canonicalize) if plan.styles else None
        self.schedule = schedule
        self.rank = rank
        self.processes = processes

    def __getitem__(self, step: int) -> NoisyShard:
        g = generator(self.plan.seed, "step", step)
        rows = self._some_virtual(self.gestures(step), g)
        clean = self.encoded(rows, g)
        B, T, C = clean.x0.shape
        # Times are spread evenly over the batch: one draw, B places, each still uniform.
        u = (torch.rand(1, generator=g) + torch.arange(B) / B).remainder(1)
        u = u[torch.randperm(B, generator=g)]
        low = torch.arange(B) < round(self.plan.low_noise * B)
        time = self.schedule.training_time
        batch = NoisyBatch(
            x0=clean.x0,
            mask=clean.mask,
            cond=clean.cond,
            t=torch.where(low, time(u, _LOW_NOISE), time(u)),
            eps=torch.randn(B, T, C, generator=g),
            self_condition=torch.rand(B, generator=g) < self.plan.self_condition,
            style=None if self.styles is None else self.styles.for_training(rows, g),
        )
        # Sorted by length, neighbours need the same padding; every process gets all lengths.
        order = clean.lengths.argsort(stable=True)[self.rank :: self.processes]
        return NoisyShard(batch[order], self.source[rows], int(clean.lengths.sum()) * C)

    def _some_virtual(self, rows: Int[Tensor, "B"], g: torch.Generator) -> Int[Tensor, "B"]:
        """Return the rows with a share of them replaced by virtual people's."""
        real, virtual = len(self.train), len(self.shown) - len(self.train)
        if not virtual:
            return rows
        drawn = real + torch.randint(virtual, (len(rows),), generator=g)
        return torch.where(torch.rand(len(rows), generator=g) < self.plan.virtual, drawn, rows)
