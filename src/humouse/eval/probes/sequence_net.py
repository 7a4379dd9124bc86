"""The net of the sequence probe and the sequence detector: every layer of convolutions pooled."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from humouse.eval.probes.step_channels import (
    CHANNELS,
    FOURIER_CHANNELS,
    convolution,
    fourier_features,
    linear,
    log_length,
    mean_and_spread,
    pooled,
)

_KERNEL = 5
STRIDES = (1, 2, 2)


class SequenceNet(nn.Module):
    """Step-wise embedding, three convolutions, mean and maximum of each, and a linear answer.

    Args:
        width: Channels of its layers.
        rng: Draws the weights.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, width: int, rng: torch.Generator) -> None:
        super().__init__()
        self.embedding = convolution(FOURIER_CHANNELS, width, 1, 1, rng)
        self.convolutions = nn.ModuleList(
            [convolution(width, width, _KERNEL, stride, rng) for stride in STRIDES]
        )
        self.answer = linear(2 * width * (1 + len(STRIDES)) + 1, 1, rng)
        # Of the three channels, and of the logarithm of the number of steps.
        self.register_buffer("mean", torch.zeros(CHANNELS + 1))
        self.register_buffer("spread", torch.ones(CHANNELS + 1))

    def standardise(self, steps: Float[Tensor, "B C T"], lengths: Int[Tensor, "B"]) -> None:
        """Take on the means and deviations of what it will be fitted to."""
        self.mean[:], self.spread[:] = mean_and_spread(steps, lengths)

    def forward(
        self,
        steps: Float[Tensor, "B C T"],
        valid: Float[Tensor, "B 1 T"],
        seen: Float[Tensor, "B 1 T"] | None = None,
    ) -> Float[Tensor, "B"]:
        """Return [B] logits; what `steps` hold where they are not `valid` does not matter.

        Args:
            steps: [B, 3, T] companded steps.
            valid: [B, 1, T] 1 where a step is valid.
            seen: [B, 1, T] 0 where a step is hidden from the convolutions; None hides none.
        """
        size = (log_length(valid.sum((1, 2)))[:, None] - self.mean[3:]) / self.spread[3:]
        scaled = (steps - self.mean[:3, None]) / self.spread[:3, None]
        x = F.relu(self.embedding(fourier_features(scaled))) * (
            valid if seen is None else valid * seen
        )
        parts = [size, *pooled(x, valid)]
        for layer, stride in zip(self.convolutions, STRIDES, strict=True):
            # Every stride starts at the first step, so a valid place stays at the front.
            valid = valid[..., ::stride]
            x = (x[..., ::stride] + F.relu(layer(x))) * valid
            parts += pooled(x, valid)
        return self.answer(torch.cat(parts, 1))[:, 0]
