"""Training batches of the GAN: recorded movements, and the latents to generate as many."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from humouse.codec import Codec
from humouse.data.augment import AugmentRules
from humouse.gan.models import Latent
from humouse.ragged import Movements
from humouse.randomness import generator
from humouse.training.batches import BatchPlan, GestureBatches, Shard


@dataclass(frozen=True)
class GanBatch:
    """Recorded movements, and the latents of as many generated ones of the same lengths.

    Args:
        x0: [B, T, C] recorded, normalised, zero at padding.
        mask: [B, T] True where valid.
        cond: [B, K] conditions, NaN where withheld, or None.
        latent: Input of the generator.
    """

    x0: Float[Tensor, "B T C"]
    mask: Bool[Tensor, "B T"]
    cond: Float[Tensor, "B K"] | None
    latent: Latent

    def __len__(self) -> int:
        return len(self.x0)

    def __getitem__(self, rows: slice | Tensor) -> "GanBatch":
        chosen = Latent(self.latent.movement[rows], self.latent.steps[rows])
        cond = None if self.cond is None else self.cond[rows]
        return GanBatch(self.x0[rows], self.mask[rows], cond, chosen)

    def trimmed(self) -> "GanBatch":
        """Return the same with no more padding than its longest row needs."""
        longest = int(self.mask.sum(1).max())
        latent = replace(self.latent, steps=self.latent.steps[:, :longest])
        return replace(self, x0=self.x0[:, :longest], mask=self.mask[:, :longest], latent=latent)

    def to(self, device: torch.device | str) -> "GanBatch":
        """Return the same on another device."""
        cond = None if self.cond is None else self.cond.to(device)
        latent = Latent(self.latent.movement.to(device), self.latent.steps.to(device))
        return GanBatch(self.x0.to(device), self.mask.to(device), cond, latent)


class GanBatches(GestureBatches[Shard[GanBatch]]):
    """Item k is the batch of step k.

    Args:
        train: The train split; every movement must fit the codec.
        codec: Fitted on it.
        rules: Augmentations.
        plan: Sizes and seed.
        latent_dim: Normal numbers a movement.
        step_noise: Normal numbers a step.
    """

    def __init__(
        self,
        train: Movements,
        codec: Codec,
        rules: AugmentRules,
        plan: BatchPlan,
        *,
        latent_dim: int,
        step_noise: int,
    ) -> None:
        super().__init__(train, codec, rules, plan)
        self.latent_dim = latent_dim
        self.step_noise = step_noise

    def __getitem__(self, step: int) -> Shard[GanBatch]:
        rows = self.gestures(step)
        g = generator(self.plan.seed, "step", step)
        clean = self.encoded(rows, g)
        B, T, _ = clean.x0.shape
        latent = Latent(
            torch.randn(B, self.latent_dim, generator=g),
            torch.randn(B, T, self.step_noise, generator=g),
        )
        batch = GanBatch(clean.x0, clean.mask, clean.cond, latent)
        order = clean.lengths.argsort(stable=True)
        return Shard(batch[order], rows)
