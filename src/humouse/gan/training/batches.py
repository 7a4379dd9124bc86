"""Training batches of the GAN: recorded movements and the chance to make as many, a step each."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from humouse.codec import Codec
from humouse.data.augment import AugmentRules
from humouse.gan.models import Latent
from humouse.randomness import generator
from humouse.training.batches import Draws, GestureBatches
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class Deal:
    """Recorded movements, and the chance that as many are made from, of the same lengths.

    Args:
        x0: [B, T, C] recorded, normalised, zero at padding.
        mask: [B, T] True where valid.
        cond: [B, K] conditions, NaN where not told, or None.
        latent: For the generator.
    """

    x0: Float[Tensor, "B T C"]
    mask: Bool[Tensor, "B T"]
    cond: Float[Tensor, "B K"] | None
    latent: Latent

    def __len__(self) -> int:
        return len(self.x0)

    def __getitem__(self, rows: slice | Tensor) -> "Deal":
        chosen = Latent(self.latent.movement[rows], self.latent.steps[rows])
        cond = None if self.cond is None else self.cond[rows]
        return Deal(self.x0[rows], self.mask[rows], cond, chosen)

    def trimmed(self) -> "Deal":
        """Return the same with no more padding than its longest row needs."""
        longest = int(self.mask.sum(1).max())
        latent = replace(self.latent, steps=self.latent.steps[:, :longest])
        return replace(self, x0=self.x0[:, :longest], mask=self.mask[:, :longest], latent=latent)

    def to(self, device: torch.device | str) -> "Deal":
        """Return the same on another device."""
        cond = None if self.cond is None else self.cond.to(device)
        latent = Latent(self.latent.movement.to(device), self.latent.steps.to(device))
        return Deal(self.x0.to(device), self.mask.to(device), cond, latent)


@dataclass(frozen=True)
class DealShare:
    """What a step learns from.

    Args:
        deal: The whole batch, sorted by length.
        gestures: Rows of the train split that it holds, for error messages.
    """

    deal: Deal
    gestures: Int[Tensor, "B"]

    def pin_memory(self) -> "DealShare":
        """Return the same; it is small enough to be copied as it is."""
        return self


class DealBatches(GestureBatches[DealShare]):
    """Item k is the batch of step k.

    Args:
        train: The train split; every movement must fit the codec.
        codec: Fitted on it.
        rules: Augmentations.
        draws: Sizes and seed.
        latent_dim: Normal numbers a movement.
        step_noise: Normal numbers a step.
    """

    def __init__(
        self,
        train: Trajectories,
        codec: Codec,
        rules: AugmentRules,
        draws: Draws,
        *,
        latent_dim: int,
        step_noise: int,
    ) -> None:
        super().__init__(train, codec, rules, draws)
        self.latent_dim = latent_dim
        self.step_noise = step_noise

    def __getitem__(self, step: int) -> DealShare:
        rows = self.gestures(step)
        g = generator(self.draws.seed, "step", step)
        clean = self.encoded(rows, g)
        B, T, _ = clean.x0.shape
        latent = Latent(
            torch.randn(B, self.latent_dim, generator=g),
            torch.randn(B, T, self.step_noise, generator=g),
        )
        deal = Deal(clean.x0, clean.mask, clean.cond, latent)
        order = clean.lengths.argsort(stable=True)
        return DealShare(deal[order], rows)
