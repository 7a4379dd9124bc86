"""Training batches of the autoencoder: gestures, and the noise on their latents."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from humouse.codec import Codec
from humouse.data.augment import AugmentRules
from humouse.ragged import Movements
from humouse.randomness import generator
from humouse.training.batches import BatchPlan, GestureBatches, Shard


@dataclass(frozen=True)
class AutoencoderBatch:
    """Movements to encode and decode again.

    Args:
        x0: [B, T, C] clean data, zero at padding.
        mask: [B, T] True where valid.
        noise: [B, t, K] standard normal numbers for the latents.
    """

    x0: Float[Tensor, "B T C"]
    mask: Bool[Tensor, "B T"]
    noise: Float[Tensor, "B t K"]

    def __len__(self) -> int:
        return len(self.x0)

    def __getitem__(self, rows: slice | Tensor) -> "AutoencoderBatch":
        return AutoencoderBatch(self.x0[rows], self.mask[rows], self.noise[rows])

    def trimmed(self, factor: int) -> "AutoencoderBatch":
        """Return the same movements with no more padding than the longest one needs."""
        longest = int(self.mask.sum(1).max())
        latent_steps = -(-longest // factor)
        return AutoencoderBatch(
            self.x0[:, :longest], self.mask[:, :longest], self.noise[:, :latent_steps]
        )

    def to(self, device: torch.device | str) -> "AutoencoderBatch":
        """Return the same movements on another device."""
        return AutoencoderBatch(
            *(part.to(device, non_blocking=True) for part in vars(self).values())
        )


class AutoencoderBatches(GestureBatches[Shard[AutoencoderBatch]]):
    """Item k is the batch of step k.

    Args:
        train: The train split; every movement must fit the codec.
        codec: Fitted on it.
        rules: Augmentations.
        plan: Sizes and seed.
        factor: Steps of a movement that become one latent step.
        latent_channels: Channels of it.
    """

    def __init__(
        self,
        train: Movements,
        codec: Codec,
        rules: AugmentRules,
        plan: BatchPlan,
        *,
        factor: int,
        latent_channels: int,
    ) -> None:
        super().__init__(train, codec, rules, plan)
        self.factor = factor
        self.latent_channels = latent_channels

    def __getitem__(self, step: int) -> Shard[AutoencoderBatch]:
        rows = self.gestures(step)
        g = generator(self.plan.seed, "step", step)
        clean = self.encoded(rows, g)
        B, T, _ = clean.x0.shape
        noise = torch.randn(B, -(-T // self.factor), self.latent_channels, generator=g)
        order = clean.lengths.argsort(stable=True)
        return Shard(AutoencoderBatch(clean.x0, clean.mask, noise)[order], rows)
