"""The denoising network: a 1-D UNet over time (Ronneberger et al. 2015, arXiv:1505.04597).

Two choices keep four stages of 128, 192, 256 and 256 channels under three million parameters, and
the arithmetic low: skips are added, not concatenated, and resampling (mean over pairs, repetition)
has no parameters. Widths change where sequences are short: 128 → 192 after halving on the way down,
192 → 128 before doubling on the way up, so that both ends of every skip have the same width.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from humouse.diffusion.models.attention import StepAttention
from humouse.diffusion.models.convolution import StepConv
from humouse.diffusion.models.embedding import POSITION_CHANNELS, Embedding, position_channels
from humouse.diffusion.models.resampling import double_and_add, halve
from humouse.diffusion.models.stage import Stage
from humouse.diffusion.models.validity import Validity


class UNet1D(nn.Module):
    """UNet over time with FiLM, attention at the bottleneck, and a mask.

    Args:
        channels: Channels C of the data, in and out.
        base_channels: Width of the first stage.
        channel_mults: Width of each stage over the first's.
        attn_bottleneck: Whether self-attention follows the bottleneck's convolutions.
        attn_heads: Heads of that attention.
        dropout: Probability after each activation, in training.
        self_condition: Whether a previous estimate of the clean data is a further input.
        cond_dim: Entries K of the condition vector; 0 for none.
        embed_dim: Size of the embedding of noise level and condition.

    Raises:
        ValueError: A width is not a positive whole number, the heads do not divide the last one, or
            a size is out of range.
    """

    def __init__(
        self,
        channels: int,
        *,
        base_channels: int = 128,
        channel_mults: Sequence[int | float] = (1, 1.5, 2, 2),
        attn_bottleneck: bool = True,
        attn_heads: int = 4,
        dropout: float = 0.1,
        self_condition: bool = True,
        cond_dim: int = 0,
        embed_dim: int = 64,
    ) -> None:
        super().__init__()
        if channels < 1:
            raise ValueError(f"channels must be positive, is {channels}")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must lie in [0, 1), is {dropout}")
        self.channels, self.self_condition = channels, self_condition
        self.widths = _widths(base_channels, channel_mults)
        inputs = channels * (2 if self_condition else 1) + POSITION_CHANNELS
        self.embedding = Embedding(embed_dim, cond_dim)
        first, last = self.widths[0], self.widths[-1]

        def stage(*widths: int) -> Stage:
            return Stage(widths, embed_dim, dropout)

        self.down = nn.ModuleList(stage(a, b, b) for a, b in pairwise((inputs, *self.widths)))
        self.bottleneck = stage(last, last, last)
        self.attention = StepAttention(last, attn_heads) if attn_bottleneck else None
        upward = [stage(a, b, b) for a, b in pairwise(reversed(self.widths))]
        self.up = nn.ModuleList([*upward, stage(first, first)])
        self.out = StepConv(first, channels)
        # The untrained prediction is zero, the mean of v, at every noise level.
        for parameter in self.out.parameters():
            nn.init.zeros_(parameter)

    def forward(
        self,
        x: Float[Tensor, "B T C"],
        t: Float[Tensor, "B"],
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None = None,
        x0_prev: Float[Tensor, "B T C"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Return the prediction for noisy data x: [B, T, C] of x's dtype, zero at padding.

        Args:
            x: [B, T, C] noisy data; padding is ignored.
            t: [B] noise level, from 0 (clean) to 1 (noise).
            mask: [B, T] True where a step is valid.
            cond: [B, K] condition; NaN where an entry is not given, None where none is.
            x0_prev: [B, T, C] previous estimate of the clean data; None stands for zeros.

        Raises:
            ValueError: A condition of the wrong size was given, or a previous estimate to a network
                without self-conditioning.
        """
        if x0_prev is not None and not self.self_condition:
            raise ValueError("x0_prev was given to a network without self-conditioning")
        features = self._features(x, mask, x0_prev)
        embedded = self.embedding(t, cond)
        validity = Validity.of(mask, 2 ** (len(self.widths) - 1))
        out = self._network(features, validity, embedded)
        return out[:, : x.shape[1]].to(x.dtype)

    def _features(
        self,
        x: Float[Tensor, "B T C"],
        mask: Bool[Tensor, "B T"],
        x0_prev: Float[Tensor, "B T C"] | None,
    ) -> Float[Tensor, "B Tpad Cin"]:
        """Return the input channels [B, T', ·] with T padded so that every stage halves evenly."""
        parts = [torch.where(mask[..., None], x, 0)]
        if self.self_condition:
            previous = torch.zeros_like(x) if x0_prev is None else x0_prev
            parts.append(torch.where(mask[..., None], previous, 0))
        features = torch.cat([*parts, position_channels(mask).to(x.dtype)], 2)
        return F.pad(features, (0, 0, 0, -x.shape[1] % 2 ** (len(self.widths) - 1)))

    def _network(
        self, x: Float[Tensor, "B T Cin"], validity: Validity, embedded: Float[Tensor, "B E"]
    ) -> Float[Tensor, "B T Cout"]:
        scales, skips = [validity], []
        for index, stage in enumerate(self.down):
            if index:
                x = halve(x, scales[-1])
                scales.append(scales[-1].halved())
            x = stage(x, scales[-1], embedded)
            skips.append(x)
        x = self.bottleneck(x, scales[-1], embedded)
        if self.attention is not None:
            x = self.attention(x, scales[-1])
        for index, stage in enumerate(self.up):
            skip, scale = skips.pop(), scales.pop()
            x = double_and_add(x, skip, scale) if index else x + skip
            x = stage(x, scale, embedded)
        return validity.zeroed(self.out(x))

    def parameter_count(self) -> int:
        """Return the number of learned parameters."""
        return sum(parameter.numel() for parameter in self.parameters())

    def flops(self, T: int) -> int:
        """Return the operations of one pass over one sequence of T steps.

        Two for each multiply-add of the convolutions, linear layers and attention; the elementwise
        rest is left out, as is customary.
        """
        steps = [math.ceil(T / 2 ** (len(self.widths) - 1))]
        while len(steps) < len(self.widths):
            steps.insert(0, 2 * steps[0])
        total = self.embedding.flops() + self.bottleneck.flops(steps[-1])
        for stages in (self.down, reversed(self.up)):
            total += sum(
                cast(Stage, stage).flops(n) for stage, n in zip(stages, steps, strict=True)
            )
        if self.attention is not None:
            total += self.attention.flops(steps[-1])
        return total + self.out.flops(steps[0])


def _widths(base_channels: int, channel_mults: Sequence[int | float]) -> tuple[int, ...]:
    widths = [base_channels * mult for mult in channel_mults]
    if not widths or any(width < 1 or width != int(width) for width in widths):
        raise ValueError(
            f"base_channels × channel_mults must give positive whole widths, not {widths}"
        )
    return tuple(int(width) for width in widths)
