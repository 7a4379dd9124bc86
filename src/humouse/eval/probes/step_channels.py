"""Movements as the channels that the net on steps takes: companded dx and dy, and log dt."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from humouse.trajectories import Trajectories

CHANNELS = 3

COMPANDING_PX = 0.5
"""Moves below it are seen linearly, above it logarithmically: 0, 1 and 2 px stay well apart."""

# A channel that never changed in the fit says nothing: it must not drown the others later.
_LEAST_SPREAD = 0.05


def companded(deltas: Float[Tensor, "B T 3"]) -> Float[Tensor, "B C T"]:
    """Return [B, 3, T] companded dx and dy and the logarithm of dt, as channels."""
    moves = torch.asinh(deltas[..., :2] / COMPANDING_PX)
    return torch.cat([moves, deltas[..., 2:].log1p()], -1).transpose(1, 2).contiguous()


def step_channels(movements: Trajectories) -> tuple[Float[Tensor, "B C T"], Int[Tensor, "B"]]:
    """Return [B, 3, T] `companded` steps, T the longest movement's but at least 1, and the lengths."""
    steps = companded(movements.trimmed().deltas)
    # A convolution needs one step at least: movements without steps get one invalid place.
    return (steps if steps.shape[2] else F.pad(steps, (0, 1))), movements.lengths


def log_length(lengths: Tensor) -> Tensor:
    """Return the logarithm of numbers of steps, 0 for none."""
    return lengths.clamp(min=1).log()


def channel_moments(
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
