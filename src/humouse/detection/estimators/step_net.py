"""`StepNet`: the convolutional net on a movement's steps on one clock."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from humouse.eval.probes.sequence_net import convolution, linear, pooled

_FREQUENCIES = (1.5, 4.0)
_CHANNELS = 7
_SIZES = 3
_HIDDEN = 64
# Companding: moves below it are seen linearly, above it logarithmically.
_COMPANDING_PX = 0.5
# No screen is as wide: larger moves count as this.
_MOST_PX = 1e5
# Log of the size of a middling movement: steps, and px of path.
_TYPICAL_LOG_STEPS, _TYPICAL_LOG_PX = 3.3, 6.0


class StepNet(nn.Module):
    """A residual convolutional net that answers one logit a movement, whatever its length.

    Each step is seen in px and in the frame of the movement's chord, relative to its mean step, so that
    the net sees the pixel grid as well as the shape. Padding takes no part.

    Args:
        width: Channels of every layer.
        rng: Source of the initial weights.
    """

    def __init__(self, width: int, rng: torch.Generator) -> None:
        super().__init__()
        channels = _CHANNELS * (1 + 2 * len(_FREQUENCIES))
        self.first = convolution(channels, width, 3, 1, rng)
        self.layers = nn.ModuleList(convolution(width, width, 5, 1, rng) for _ in range(4))
        self.hidden = linear(2 * width * (1 + len(self.layers)) + _SIZES, _HIDDEN, rng)
        self.answer = linear(_HIDDEN, 1, rng)

    def forward(
        self, moves_px: Float[Tensor, "B T 2"], lengths: Int[Tensor, "B"]
    ) -> Float[Tensor, "B"]:
        """Return [B] logits; what `moves_px` holds beyond the lengths does not matter.

        Args:
            moves_px: [B, T, 2] moves on one clock.
            lengths: [B] how many of them are valid, at least 1.
        """
        valid = torch.arange(moves_px.shape[1], device=lengths.device) < lengths[:, None]
        moves_px = torch.where(valid[..., None], moves_px, 0.0).clamp(-_MOST_PX, _MOST_PX)
        channels, size = seen_steps(moves_px, valid, lengths)
        mask = valid[:, None].to(channels)
        waves = [wave(channels * f) for f in _FREQUENCIES for wave in (torch.sin, torch.cos)]
        x = F.relu(self.first(torch.cat([channels, *waves], 1) * mask)) * mask
        parts = pooled(x, mask)
        for number, layer in enumerate(self.layers):
            more = F.relu(layer(x))
            if number % 2:  # every second layer halves the steps
                x, more, mask = x[..., ::2], more[..., ::2], mask[..., ::2]
            x = (x + more) * mask
            parts += pooled(x, mask)
        return self.answer(F.relu(self.hidden(torch.cat([*parts, size], 1))))[:, 0]


def seen_steps(
    moves_px: Float[Tensor, "B T 2"], valid: Bool[Tensor, "B T"], lengths: Int[Tensor, "B"]
) -> tuple[Float[Tensor, "B C T"], Float[Tensor, "B 3"]]:
    """Return what the net sees of each step, and of the whole movement; padding of moves must be 0.

    Of a step: dx and dy, companded; its parts along and across the chord, relative to the mean step; the
    log of its length; the change of dx and dy from the step before. Of the movement: log of its steps and
    path, and how straight it is.
    """
    count = lengths.to(moves_px)
    length_px = _length(moves_px)
    path_px, net_px = length_px.sum(1), moves_px.sum(1)
    chord_px = _length(net_px)
    mean_px = (path_px / count).clamp(min=1e-6)[:, None]
    ahead = net_px / chord_px.clamp(min=1)[:, None]
    along = (moves_px * ahead[:, None]).sum(2) / mean_px
    across = (moves_px[..., 0] * ahead[:, None, 1] - moves_px[..., 1] * ahead[:, None, 0]) / mean_px
    change_px = moves_px - F.pad(moves_px, (0, 0, 1, 0))[:, :-1]
    change_px = torch.cat([torch.zeros_like(change_px[:, :1]), change_px[:, 1:]], 1)
    channels = torch.cat(
        [
            torch.asinh(moves_px / _COMPANDING_PX),
            torch.asinh(torch.stack([2 * along, 4 * across], 2)),
            torch.log1p(length_px)[..., None],
            torch.asinh(change_px),
        ],
        2,
    )
    size = torch.stack(
        [
            count.log() - _TYPICAL_LOG_STEPS,
            path_px.clamp(min=1).log() - _TYPICAL_LOG_PX,
            chord_px / path_px.clamp(min=1),
        ],
        1,
    )
    return (channels * valid[..., None]).transpose(1, 2), size


def _length(vector: Float[Tensor, "*S 2"]) -> Float[Tensor, "*S"]:
    return (vector * vector).sum(-1).sqrt()
