"""The net of the sequence probe and the sequence detector: every layer of convolutions pooled."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from humouse.eval.probes.step_channels import CHANNELS, channel_moments, log_length

FREQUENCIES = (1.0, 2.0, 4.0, 8.0)
"""Of the Fourier features of each standardised channel.

A millisecond at 16, or a pixel at 5, is about an eighth of a deviation; without these features the net
needs far more passes to see it.
"""

FOURIER_CHANNELS = CHANNELS * (1 + 2 * len(FREQUENCIES))
STRIDES = (1, 2, 2)
_KERNEL = 5


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
        """Set the channels' means and deviations from the movements to be fitted."""
        self.mean[:], self.spread[:] = channel_moments(steps, lengths)

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
        x = F.relu(self.embedding(fourier_features(scaled)))
        x = x * (valid if seen is None else valid * seen)
        parts = [size, *pooled(x, valid)]
        for layer, stride in zip(self.convolutions, STRIDES, strict=True):
            # Every stride starts at the first step, so a valid place stays at the front.
            valid = valid[..., ::stride]
            x = (x[..., ::stride] + F.relu(layer(x))) * valid
            parts += pooled(x, valid)
        return self.answer(torch.cat(parts, 1))[:, 0]


def fourier_features(scaled: Float[Tensor, "B C T"]) -> Float[Tensor, "B fourier T"]:
    """Return [B, `FOURIER_CHANNELS`, T] the channels, then sine and cosine at each frequency."""
    phases = [scaled * frequency for frequency in FREQUENCIES]
    waves = [wave for phase in phases for wave in (phase.sin(), phase.cos())]
    return torch.cat([scaled, *waves], 1)


def pooled(x: Float[Tensor, "B C T"], valid: Float[Tensor, "B 1 T"]) -> list[Tensor]:
    """Return mean and maximum over valid steps, [B, C] each; x is 0 elsewhere, never negative."""
    return [x.sum(2) / valid.sum(2).clamp(min=1), x.amax(2)]


def convolution(
    inputs: int, outputs: int, kernel: int, stride: int, rng: torch.Generator
) -> nn.Conv1d:
    """Return a convolution of torch's usual initialisation, drawn from `rng`."""
    layer = nn.utils.skip_init(
        nn.Conv1d, inputs, outputs, kernel, stride=stride, padding=kernel // 2
    )
    bound = (inputs * kernel) ** -0.5
    for parameter in (layer.weight, layer.bias):
        nn.init.uniform_(parameter, -bound, bound, generator=rng)
    return layer


def linear(inputs: int, outputs: int, rng: torch.Generator) -> nn.Linear:
    """Return a linear layer of torch's usual initialisation drawn from `rng`, its bias 0."""
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    nn.init.uniform_(layer.weight, -(inputs**-0.5), inputs**-0.5, generator=rng)
    nn.init.zeros_(layer.bias)
    return layer
