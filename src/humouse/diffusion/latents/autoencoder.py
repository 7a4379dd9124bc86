"""A tiny temporal autoencoder: T steps of a movement ⇄ T/4 latent ones (§6)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from humouse.diffusion.latents.layers import PairConv, PairDeconv, ResidualConv
from humouse.diffusion.models.convolution import StepConv
from humouse.diffusion.models.embedding import POSITION_CHANNELS, position_channels
from humouse.diffusion.models.validity import Validity


class TemporalAutoencoder(nn.Module):
    """x0 [B, T, C] ⇄ latents [B, ⌈T/f⌉, K], f = 2^levels, by strided convolutions.

    A latent step is valid if any of its f steps is; one movement's latents, and what becomes of
    them, depend on its valid steps alone. Both halves see each step's place in the sequence.

    Args:
        channels: C, of the codec whose x0 it takes and gives.
        latent_channels: K.
        widths: Channels at full length, at half of it, …: one more than there are levels.
        depth: Residual blocks at each resolution of each half.

    Raises:
        ValueError: A size makes no sense.
    """

    def __init__(
        self, channels: int, *, latent_channels: int, widths: Sequence[int], depth: int
    ) -> None:
        super().__init__()
        if min(channels, latent_channels, depth, *widths) < 1 or len(widths) < 2:
            raise ValueError("an autoencoder needs positive sizes, and two widths or more")
        self.channels, self.latent_channels = channels, latent_channels
        self.widths, self.depth = tuple(widths), depth
        self.factor = 2 ** (len(widths) - 1)
        ways = list(pairwise(widths))
        self.enter = StepConv(channels + POSITION_CHANNELS, widths[0])
        self.down_blocks = nn.ModuleList(_blocks(width, depth) for width in widths)
        self.downs = nn.ModuleList(PairConv(a, b) for a, b in ways)
        self.squeeze = nn.Linear(widths[-1], latent_channels)
        self.widen = StepConv(latent_channels + POSITION_CHANNELS, widths[-1])
        self.up_blocks = nn.ModuleList(_blocks(width, depth) for width in reversed(widths))
        self.ups = nn.ModuleList(PairDeconv(b, a) for a, b in reversed(ways))
        self.leave = nn.Linear(widths[0], channels)

    def sizes(self) -> dict[str, Any]:
        """Return the arguments that make an equal, untrained autoencoder."""
        return {
            "channels": self.channels,
            "latent_channels": self.latent_channels,
            "widths": list(self.widths),
            "depth": self.depth,
        }

    def latent_steps(self, lengths: Int[Tensor, "*B"]) -> Int[Tensor, "*B"]:
        """Return how many valid latent steps movements of these lengths have."""
        return -(-lengths // self.factor)

    def latent_mask(self, mask: Bool[Tensor, "B T"]) -> Bool[Tensor, "B t"]:
        """[B, ⌈T/f⌉] True where a latent step is valid."""
        return self._levels(mask)[-1].mask[..., 0] > 0

    def encode(
        self, x0: Float[Tensor, "B T C"], mask: Bool[Tensor, "B T"]
    ) -> Float[Tensor, "B t K"]:
        """Return latents [B, ⌈T/f⌉, K], zero at padding.

        Args:
            x0: [B, T, C] on the codec's scale; what stands at padding is never read.
            mask: [B, T] True where valid.
        """
        x = torch.where(mask[..., None], x0, x0.new_zeros(()))
        features = torch.cat([x, position_channels(mask).to(x.dtype)], 2)
        levels = self._levels(mask)
        x = levels[0].zeroed(self.enter(F.pad(features, (0, 0, 0, -x.shape[1] % self.factor))))
        for index, blocks in enumerate(self.down_blocks):
            if index:
                x = levels[index].zeroed(self.downs[index - 1](x))
            x = _through(blocks, x, levels[index])
        return levels[-1].zeroed(self.squeeze(x))

    def decode(
        self, latents: Float[Tensor, "B t K"], mask: Bool[Tensor, "B T"]
    ) -> Float[Tensor, "B T C"]:
        """Return x0 [B, T, C], zero at padding.

        Args:
            latents: [B, ⌈T/f⌉, K]; what stands at padding is never read.
            mask: [B, T] True where a step of the movement is valid.
        """
        levels = self._levels(mask)
        valid = levels[-1].mask[..., 0] > 0
        z = torch.where(valid[..., None], latents, latents.new_zeros(()))
        features = torch.cat([z, position_channels(valid).to(z.dtype)], 2)
        x = levels[-1].zeroed(self.widen(features))
        for index, blocks in enumerate(self.up_blocks):
            level = levels[-1 - index]
            if index:
                x = level.zeroed(self.ups[index - 1](x))
            x = _through(blocks, x, level)
        return levels[0].zeroed(self.leave(x))[:, : mask.shape[1]]

    def _levels(self, mask: Tensor) -> list[Validity]:
        """Return which steps are valid at full length, at half of it, …."""
        levels = [Validity.of(mask, self.factor)]
        for _ in self.downs:
            levels.append(levels[-1].halved())
        return levels


def _blocks(width: int, depth: int) -> nn.ModuleList:
    return nn.ModuleList(ResidualConv(width) for _ in range(depth))


def _through(blocks: nn.Module, x: Tensor, validity: Validity) -> Tensor:
    for block in cast(nn.ModuleList, blocks):
        x = block(x, validity)
    return x
