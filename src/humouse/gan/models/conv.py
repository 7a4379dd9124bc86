"""The convolutional GAN: the generator goes from coarse to fine in time, the discriminator back.

The generator makes a movement at a quarter of its steps first and doubles the resolution twice. Its
latent vector, length and conditions are the style of all blocks, and each step has its own noise (as
in StyleGAN: Karras et al. 2019, arXiv:1812.04948). The discriminator halves the resolution three
times. Beside the steps it gets the distances to start and end, the speed, and Fourier features that
magnify small differences.
"""

import math
from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from humouse.gan.models.interface import (
    Discriminator,
    Generator,
    Latent,
    condition_channels,
    place_channels,
)
from humouse.gan.models.layers import PlainBlock, StyledBlock, TimeConv, doubled, halved, scales

_PLACE = 4
_STYLE = 128


class ConvGenerator(Generator):
    """Styled blocks at a quarter, half and all of the steps.

    Args:
        channels: C, channels of the data.
        width: Channels of the finest blocks; the coarser ones have 1.5 times as many.
        latent_dim: Z, normal numbers for each movement.
        step_noise: S, normal numbers for each step.
        cond_dim: K, conditions; 0 for none.
    """

    def __init__(
        self,
        channels: int,
        *,
        width: int = 48,
        latent_dim: int = 64,
        step_noise: int = 8,
        cond_dim: int = 0,
    ) -> None:
        super().__init__(latent_dim=latent_dim, step_noise=step_noise)
        self.cond_dim = cond_dim
        self.widths = (width, width * 3 // 2, width * 3 // 2)  # the finest first
        style_inputs = latent_dim + 2 * cond_dim + 1
        self.style = nn.Sequential(
            nn.Linear(style_inputs, _STYLE), nn.SiLU(), nn.Linear(_STYLE, _STYLE), nn.SiLU()
        )
        self.inputs = nn.ModuleList(TimeConv(_PLACE + step_noise, w) for w in self.widths)
        self.narrow = nn.Linear(self.widths[1], self.widths[0])
        self.blocks = nn.ModuleList(
            nn.ModuleList(StyledBlock(w, _STYLE) for _ in range(2)) for w in self.widths
        )
        self.out = TimeConv(self.widths[0], channels)

    def forward(
        self,
        latent: Latent,
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Return [B, T, C]; see `Generator.forward`."""
        T = mask.shape[1]
        mask = F.pad(mask, (0, -T % 4))
        noise = F.pad(latent.steps, (0, 0, 0, -T % 4))
        style = self._style(latent.movement, mask, cond)
        valid = scales(mask.float()[..., None], 3)
        h: Tensor | None = None
        for level in (2, 1, 0):
            stride = 2**level
            inputs = [place_channels(mask[:, ::stride]), noise[:, ::stride]]
            entering = self.inputs[level](torch.cat(inputs, 2) * valid[level]) * valid[level]
            if h is not None:
                h = self.narrow(h) if level == 0 else h
                entering = entering + doubled(h, valid[level])
            h = entering
            for block in cast(nn.ModuleList, self.blocks[level]):
                h = block(h, valid[level], style)
        assert h is not None
        x = self.out(F.leaky_relu(h, 0.2)) * valid[0]
        return x[:, :T]

    def _style(
        self,
        z: Float[Tensor, "B Z"],
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None,
    ) -> Float[Tensor, "B E"]:
        conditions = condition_channels(cond, z, self.cond_dim)
        return self.style(torch.cat([z, conditions, _log_length(mask)], 1))


class ConvDiscriminator(Discriminator):
    """Blocks from fine to coarse, then the mean and the maximum over time.

    Args:
        channels: C, channels of the data.
        moves: [C, 2] mean and standard deviation by which the codec standardises each channel.
        companding_px: Scale of the companding of dx and dy; None where they are linear.
        width: Channels of the finest block; the coarser ones have up to twice as many.
        feature_dim: D, penultimate features.
        cond_dim: K, conditions; 0 for none.
    """

    def __init__(
        self,
        channels: int,
        *,
        moves: Float[Tensor, "C 2"] | None = None,
        companding_px: float | None = None,
        width: int = 48,
        feature_dim: int = 128,
        cond_dim: int = 0,
    ) -> None:
        super().__init__(feature_dim=feature_dim)
        self.cond_dim = cond_dim
        self.companding_px = companding_px
        standard = torch.tensor([[0.0, 1.0]]).expand(channels, 2) if moves is None else moves
        self.register_buffer("moves", standard.clone())
        widths = (width, width * 3 // 2, width * 2, width * 2)
        self.enter = TimeConv(3 * channels + _GEOMETRY + _PLACE, widths[0])
        self.told = nn.Linear(2 * cond_dim + 1, widths[0])
        self.blocks = nn.ModuleList(PlainBlock(w) for w in widths)
        self.widen = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.gather = nn.Linear(2 * widths[-1] + 2 * cond_dim + 1, feature_dim)

    def features(
        self,
        x: Float[Tensor, "B T C"],
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None = None,
    ) -> Float[Tensor, "B D"]:
        """Return [B, D]; see `Discriminator.features`."""
        missing = -x.shape[1] % 8
        mask = F.pad(mask, (0, missing))
        x = torch.where(mask[..., None], F.pad(x, (0, 0, 0, missing)), x.new_zeros(()))
        given = torch.cat([condition_channels(cond, x[:, 0], self.cond_dim), _log_length(mask)], 1)
        valid = scales(mask.float()[..., None], 4)
        inputs = torch.cat(
            [x, *_fourier_features(x, mask), self._geometry(x, mask), place_channels(mask)], 2
        )
        h = (self.enter(inputs) + self.told(given)[:, None]) * valid[0]
        for level, block in enumerate(self.blocks):
            if level:
                h = self.widen[level - 1](halved(h, valid[level - 1])) * valid[level]
            h = block(h, valid[level])
        h = F.leaky_relu(h, 0.2)
        mean = (h * valid[3]).sum(1) / valid[3].sum(1).clamp(min=1)
        # Far below any activation, so that padding is never the maximum.
        greatest = (h - 1e4 * (1 - valid[3])).amax(1)
        return F.leaky_relu(self.gather(torch.cat([mean, greatest, given], 1)), 0.2)

    def _geometry(
        self, x: Float[Tensor, "B T C"], mask: Bool[Tensor, "B T"]
    ) -> Float[Tensor, "B T 5"]:
        """Return [B, T, 5] displacements from the start and to the end, companded, and the log speed."""
        mean, std = cast(Tensor, self.moves).unbind(1)
        step = (x * std + mean)[..., :2]
        if self.companding_px is not None:
            step = torch.sinh(step.clamp(-12, 12)) * self.companding_px
        else:  # paths of length 1, taken as 1,000 px
            step = step * 1000
        step = step * mask[..., None]
        done = step.cumsum(1)
        left = done[:, -1:] - done
        places = [torch.asinh(part / 20) / 2 for part in (done, left)]
        speed = torch.log1p(step.square().sum(2, keepdim=True)) / 4
        return torch.cat([*places, speed], 2) * mask[..., None]


_GEOMETRY = 5


def _fourier_features(
    x: Float[Tensor, "B T C"], mask: Bool[Tensor, "B T"]
) -> tuple[Float[Tensor, "B T C"], Float[Tensor, "B T C"]]:
    """Return sines and cosines of x at 8 radians per standard deviation, zero at padding.

    A device's clock ticks at 16 or 17 ms, never at 15: a difference of a tenth of a standard deviation,
    which weights of unit size would need thousands of training steps to magnify. (Tancik et al. 2020,
    arXiv:2006.10739.)
    """
    return (8 * x).sin() * mask[..., None], (8 * x).cos() * mask[..., None]


def _log_length(mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B 1"]:
    """Return [B, 1] the logarithm of the number of steps, less that of 32."""
    return torch.log(mask.sum(1, keepdim=True).clamp(min=1).float()) - math.log(32)
