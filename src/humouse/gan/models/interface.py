"""The interfaces of generators and discriminators."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


@dataclass(frozen=True)
class Latent:
    """The noise that a batch of movements is generated from.

    Args:
        movement: [B, Z] a normal vector for each movement.
        steps: [B, T, S] a normal vector for each step; S is 0 for generators without step noise.
    """

    movement: Float[Tensor, "B Z"]
    steps: Float[Tensor, "B T S"]


class Generator(ABC, nn.Module):
    """Noise, lengths and conditions → normalised steps.

    Args:
        latent_dim: Z, normal numbers for each movement.
        step_noise: S, normal numbers for each step.
    """

    def __init__(self, *, latent_dim: int, step_noise: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.step_noise = step_noise

    @abstractmethod
    def forward(
        self,
        latent: Latent,
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Return [B, T, C] normalised steps, zero at padding.

        Args:
            latent: The noise.
            mask: [B, T] True where a step is valid.
            cond: [B, K] conditions on the networks' scale; NaN where an entry is not given.
        """


class Discriminator(ABC, nn.Module):
    """Normalised steps → one score for each movement: above 0 recorded, below 0 generated.

    Args:
        feature_dim: D, the number of penultimate features.
    """

    def __init__(self, *, feature_dim: int) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        self.head = nn.Linear(feature_dim, 1)

    @abstractmethod
    def features(
        self,
        x: Float[Tensor, "B T C"],
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None = None,
    ) -> Float[Tensor, "B D"]:
        """Return [B, D] penultimate features; a row depends only on its own movement.

        Args:
            x: [B, T, C] normalised steps; padding is ignored.
            mask: [B, T] True where a step is valid.
            cond: [B, K] conditions on the networks' scale; NaN where an entry is not given.
        """

    def forward(
        self,
        x: Float[Tensor, "B T C"],
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None = None,
    ) -> Float[Tensor, "B"]:
        """Return [B] scores: a linear function of `features`."""
        return self.head(self.features(x, mask, cond)).squeeze(1)


def condition_channels(
    cond: Float[Tensor, "B K"] | None, like: Float[Tensor, "B Z"], cond_dim: int
) -> Float[Tensor, "B K2"]:
    """Return [B, 2K] the conditions, then a flag for each; both are 0 where one is not given.

    Raises:
        ValueError: A condition of the wrong size was given.
    """
    if cond is None:
        return like.new_zeros(len(like), 2 * cond_dim)
    if cond.shape[1] != cond_dim:
        raise ValueError(f"the network takes {cond_dim} conditions, not {cond.shape[1]}")
    given = ~cond.isnan()
    return torch.cat([torch.where(given, cond, 0), given.to(cond.dtype)], 1)


def place_channels(mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T 4"]:
    """Return the position of each step in its movement, zero at padding: [B, T, 4].

    The mask, the fraction of the movement from −1 to 1, and the logarithms of the numbers of steps
    from the start and to the end.
    """
    valid = mask.float()
    done = valid.cumsum(1)
    count = done[:, -1:].clamp(min=1)
    logs = [torch.log2(done.clamp(min=1)) / 4 - 1, torch.log2(count - done + 1) / 4 - 1]
    return torch.stack([valid, 2 * (done - 0.5) / count - 1, *logs], 2) * valid[..., None]
