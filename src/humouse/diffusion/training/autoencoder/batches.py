"""Training batches of the autoencoder: gestures, and the noise on what they are squeezed to."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from humouse.codec import Codec
from humouse.data.augment import AugmentRules
from humouse.randomness import generator
from humouse.training.batches import Draws, GestureBatches
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class Lesson:
    """Movements to take in and give back.

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

    def __getitem__(self, rows: slice | Tensor) -> "Lesson":
        return Lesson(self.x0[rows], self.mask[rows], self.noise[rows])

    def trimmed(self, factor: int) -> "Lesson":
        """Return the same movements with no more padding than the longest one needs."""
        longest = int(self.mask.sum(1).max())
        latent_steps = -(-longest // factor)
        return Lesson(self.x0[:, :longest], self.mask[:, :longest], self.noise[:, :latent_steps])

    def to(self, device: torch.device | str) -> "Lesson":
        """Return the same lesson on another device."""
        return Lesson(*(part.to(device, non_blocking=True) for part in vars(self).values()))


@dataclass(frozen=True)
class LessonShare:
    """A step's lesson, sorted by length, and the rows of the train split that it came from."""

    lesson: Lesson
    gestures: Int[Tensor, "B"]


class LessonBatches(GestureBatches[LessonShare]):
    """Item k is the lesson of step k.

    Args:
        train: The train split; every movement must fit the codec.
        codec: Fitted on it.
        rules: Augmentations.
        draws: Sizes and seed.
        factor: Steps of a movement that become one latent step.
        latent_channels: Channels of it.
    """

    def __init__(
        self,
        train: Trajectories,
        codec: Codec,
        rules: AugmentRules,
        draws: Draws,
        *,
        factor: int,
        latent_channels: int,
    ) -> None:
        super().__init__(train, codec, rules, draws)
        self.factor = factor
        self.latent_channels = latent_channels

    def __getitem__(self, step: int) -> LessonShare:
        rows = self.gestures(step)
        g = generator(self.draws.seed, "step", step)
        clean = self.encoded(rows, g)
        B, T, _ = clean.x0.shape
        noise = torch.randn(B, -(-T // self.factor), self.latent_channels, generator=g)
        order = clean.lengths.argsort(stable=True)
        return LessonShare(Lesson(clean.x0, clean.mask, noise)[order], rows)
