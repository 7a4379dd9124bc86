"""Movements as the channels that a net on the steps themselves looks at, and its layers.

Shared by the two-sample probe and the sequence detector.
"""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from humouse.trajectories import Trajectories

CHANNELS = 3
# Moves below it are seen linearly, above it logarithmically: 0, 1 and 2 px stay well apart.
COMPANDING_PX = 0.5
# Waves of each standardised channel beside it: a millisecond at 16, or a pixel at 5, is about an
# eighth of a deviation, and takes far more passes to see without them than there are.
FREQUENCIES = (1.0, 2.0, 4.0, 8.0)
FOURIER_CHANNELS = CHANNELS * (1 + 2 * len(FREQUENCIES))
# A channel that never changed in the fit says nothing: it must not drown the others later.
_LEAST_SPREAD = 0.05


def companded(deltas: Float[Tensor, "B T 3"]) -> Float[Tensor, "B C T"]:
    """Return [B, 3, T] companded dx and dy and the logarithm of dt, as channels."""
    moves = torch.asinh(deltas[..., :2] / COMPANDING_PX)
    return torch.cat([moves, deltas[..., 2:].log1p()], -1).transpose(1, 2).contiguous()


def step_channels(movements: Trajectories) -> tuple[Float[Tensor, "B C T"], Int[Tensor, "B"]]:
    """Return [B, 3, T] `companded` steps, T the longest movement's but at least 1, and the lengths."""
    steps = companded(movements.trimmed().deltas)
    # A net cannot look at nothing: movements without steps get one invalid place.
    return (steps if steps.shape[2] else F.pad(steps, (0, 1))), movements.lengths


def shortened(
    steps: Float[Tensor, "B C T"], lengths: Int[Tensor, "B"], rows: Int[Tensor, "b"]
) -> tuple[Float[Tensor, "b C t"], Float[Tensor, "b 1 t"]]:
    """Return the rows at the length of the longest of them, and 1 where a step is valid."""
    longest = max(1, int(lengths[rows].max()))
    valid = torch.arange(longest, device=steps.device) < lengths[rows, None]
    return steps[rows, :, :longest], valid[:, None].to(steps)


def log_length(lengths: Tensor) -> Tensor:
    """Return the logarithm of numbers of steps, 0 for none."""
    return lengths.clamp(min=1).log()


def mean_and_spread(
    steps: Float[Tensor, "B C T"], lengths: Int[Tensor, "B"]
) -> tuple[Float[Tensor, "4"], Float[Tensor, "4"]]:
    """Return means and deviations of the three channels and of the logarithm of the length."""
    mean, spread = torch.zeros(CHANNELS + 1), torch.ones(CHANNELS + 1)
    valid = torch.arange(steps.shape[2], device=steps.device) < lengths[:, None]
    channels = steps.movedim(1, 2)[valid].double()
    size = log_length(lengths).double()[:, None]
    for place, values in ((slice(CHANNELS), channels), (slice(CHANNELS, None), size)):
        if len(values):
            mean[place] = values.mean(0)
            spread[place] = values.std(0, correction=0).clamp(min=_LEAST_SPREAD)
    return mean, spread


def fourier_features(scaled: Float[Tensor, "B C T"]) -> Float[Tensor, "B features T"]:
    """Return [B, `FOURIER_CHANNELS`, T] the standardised channels, and sines and cosines of them."""
    turned = [scaled * frequency for frequency in FREQUENCIES]
    waves = [wave for phase in turned for wave in (phase.sin(), phase.cos())]
    return torch.cat([scaled, *waves], 1)


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
    """Return a linear layer of torch's usual initialisation drawn from `rng`, without bias at first."""
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    nn.init.uniform_(layer.weight, -(inputs**-0.5), inputs**-0.5, generator=rng)
    nn.init.zeros_(layer.bias)
    return layer


def pooled(x: Float[Tensor, "B C T"], valid: Float[Tensor, "B 1 T"]) -> list[Tensor]:
    """Return the mean and the maximum over valid steps, [B, C] each; x is 0 elsewhere, never less."""
    return [x.sum(2) / valid.sum(2).clamp(min=1), x.amax(2)]


def batches_alike(
    lengths: Int[Tensor, "B"], batches: int, rng: np.random.Generator
) -> Iterator[Int[Tensor, "b"]]:
    """Yield all rows in batches of about the same length, other ones each time, in random order."""
    like = lengths.cpu().numpy() * rng.lognormal(0, 0.1, len(lengths))
    parts = np.array_split(np.argsort(like), batches)
    for place in rng.permutation(batches):
        yield torch.from_numpy(parts[place]).to(lengths.device)


def random_flips(n: int, rng: np.random.Generator) -> Float[Tensor, "n C 1"]:
    """Return [n, 3, 1] signs that turn left and right, and up and down, about at random."""
    signs = np.ones((n, CHANNELS, 1))
    signs[:, :2] = rng.choice([-1.0, 1.0], (n, 2, 1))
    return torch.from_numpy(signs)
