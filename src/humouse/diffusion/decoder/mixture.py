"""The distribution of one step's move along one axis, in whole pixels, as a mixture."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.special import log_ndtr, ndtr, ndtri

from humouse.randomness import draw_categorical

_NORMALS = 6
_SMALL_PX = 2
_POINTS = 2 * _SMALL_PX + 1
_HIDDEN = 128
_CUT = 1e-3
_NEVER = -1e9
_LEAST = 1e-300  # least tail probability, above what double precision rounds to 0


def companded(px: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
    """Return asinh(2 px): linear below half a pixel, logarithmic above."""
    return torch.asinh(2 * px)


@dataclass(frozen=True)
class MoveMixture:
    """Distributions over whole pixels, one for each of N steps.

    Normal distributions on the companded scale, rounded to whole pixels as Salimans et al.
    (1701.05517, section 2.1) round logistic ones, whose tails would be power laws here; a point mass
    at each of −2 … 2, which are frequent; and one at the remaining distance to the goal.

    Args:
        mean: [N, K] of the normals, companded.
        log_scale: [N, K] logarithm of their scales.
        log_weight: [N, K + 6] of the normals, the small moves and the remainder.
        remaining_px: [N] remaining distance to the goal along the axis, whole pixels.
        nonzero: [N] where the move cannot be 0: the distribution is conditioned on that.
    """

    mean: Float[Tensor, "N K"]
    log_scale: Float[Tensor, "N K"]
    log_weight: Float[Tensor, "N W"]
    remaining_px: Float[Tensor, "N"]
    nonzero: Bool[Tensor, "N"]

    def log_prob(self, px: Float[Tensor, "N"]) -> Float[Tensor, "N"]:
        """Return log P(px) of whole pixels."""
        a, b = self._edges(px)
        # Φ(b) − Φ(a) is computed in the left tail, where it cancels least.
        right = a + b > 0
        a, b = torch.where(right, -b, a), torch.where(right, -a, b)
        upto_b = log_ndtr(b)
        cell = upto_b + torch.log(-torch.expm1((log_ndtr(a) - upto_b).clamp(max=-1e-6)))
        place = (px.clamp(-_SMALL_PX, _SMALL_PX) + _SMALL_PX).long()[:, None]
        point = self.log_weight[:, _NORMALS:-1].gather(1, place)[:, 0]
        parts = [
            self.log_weight[:, :_NORMALS] + cell,
            point.masked_fill(px.abs() > _SMALL_PX, _NEVER)[:, None],
            self.log_weight[:, -1].masked_fill(px != self.remaining_px, _NEVER)[:, None],
        ]
        log_prob = torch.cat(parts, 1).logsumexp(1) - self._allowed().logsumexp(1)
        return log_prob.masked_fill(self.nonzero & (px == 0), _NEVER)

    def narrowed(self, scale: float) -> "MoveMixture":
        """Return the mixture with the scales of its normals multiplied."""
        return replace(self, log_scale=self.log_scale + math.log(scale))

    def draw(self, uniform: Float[Tensor, "N 2"], least_part: float = 0.0) -> Float[Tensor, "N"]:
        """Return a draw of each, whole pixels.

        The outermost thousandth of a normal on either side is cut off: the data have no such tails.

        Args:
            uniform: Two numbers in [0, 1) for each: one for the component, one within it.
            least_part: Components less likely than this share of the likeliest are not drawn from.
        """
        allowed = self._allowed()
        rare = allowed.exp() < least_part * allowed.exp().amax(1, keepdim=True)
        part = draw_categorical(allowed.masked_fill(rare, _NEVER), uniform[:, 0])
        normal = part.clamp(max=_NORMALS - 1)[:, None]
        a, b = (
            edge.gather(1, normal)[:, 0].double()
            for edge in self._edges(self.mean.new_zeros(len(part)))
        )
        below, above = (ndtr(each).clamp(min=_LEAST) for each in (a, -b))
        below, above = torch.where(self.nonzero, below, 0.5), torch.where(self.nonzero, above, 0.5)
        # Each tail is measured from its own end, where numbers near 0 are exact.
        within = uniform[:, 1].double().clamp(_CUT, 1 - _CUT)
        upto, beyond = within * (below + above), (1 - within) * (below + above)
        left = upto < below
        spread = ndtri(torch.where(left, upto, beyond)) * torch.where(left, 1, -1)
        mean, scale = (each.gather(1, normal)[:, 0] for each in (self.mean, self.log_scale.exp()))
        px = (torch.sinh((mean + scale * spread.to(mean)).clamp(-10, 10)) / 2).round()
        px = torch.where(self.nonzero & (px == 0), torch.where(left, -1.0, 1.0), px)
        px = torch.where(part >= _NORMALS, (part - _NORMALS - _SMALL_PX).to(px), px)
        return torch.where(part == _NORMALS + _POINTS, self.remaining_px, px)

    def _edges(self, px: Float[Tensor, "N"]) -> tuple[Tensor, Tensor]:
        """Return both edges of a pixel's cell in each normal, standardised."""
        sharpness = (-self.log_scale).exp()
        low, high = (
            (companded(edge)[:, None] - self.mean) * sharpness for edge in (px - 0.5, px + 0.5)
        )
        return low, high

    def _allowed(self) -> Float[Tensor, "N W"]:
        """Return the log-weights of the components, without their mass at 0 where the move cannot be 0."""
        a, b = self._edges(torch.zeros_like(self.remaining_px))
        zero = self.remaining_px == 0
        without = torch.cat(
            [
                torch.logaddexp(log_ndtr(a), log_ndtr(-b)),
                self.log_weight.new_zeros(len(a), _POINTS),
                torch.where(zero, _NEVER, 0.0)[:, None],
            ],
            1,
        )
        without[:, _NORMALS + _SMALL_PX] = _NEVER
        return self.log_weight + torch.where(self.nonzero[:, None], without, 0)


class MoveHead(nn.Module):
    """Predicts the mixture of each step.

    The means are weighted sums of simple guesses (the last move again, the remaining distance over the
    remaining steps, …), at initialisation half the last move: only the weights have to be learned.

    Args:
        features: Width of the input.
        guesses: How many guesses each step has.
    """

    def __init__(self, features: int, guesses: int) -> None:
        super().__init__()
        self.guesses = guesses
        self.hidden = nn.Linear(features + guesses, _HIDDEN)
        self.out = nn.Linear(_HIDDEN, _NORMALS * (2 + guesses) + _NORMALS + _POINTS + 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        with torch.no_grad():
            normals = self.out.bias[: _NORMALS * (2 + guesses)].view(_NORMALS, 2 + guesses)
            normals[:, 0] = torch.linspace(-1.5, 1.5, _NORMALS)
            normals[:, 1] = -0.5
            normals[:, 2] = 0.5
            self.out.bias[-1] = -4.0

    def forward(
        self,
        features: Float[Tensor, "N F"],
        guesses_px: Float[Tensor, "N G"],
        remaining_px: Float[Tensor, "N"],
        nonzero: Bool[Tensor, "N"],
    ) -> MoveMixture:
        """Return the mixtures.

        Args:
            features: [N, F] of each step.
            guesses_px: [N, G] guesses at the move, the last move first (px).
            remaining_px: [N] remaining distance to the goal along the axis.
            nonzero: [N] where the move cannot be 0.
        """
        guesses = companded(guesses_px)
        hidden = nn.functional.silu(self.hidden(torch.cat([features, 0.3 * guesses], 1)))
        # One pixel in a hundred is a hundredth of the scale: half precision is too coarse.
        with torch.autocast(hidden.device.type, enabled=False):
            out = self.out(hidden.float())
        numbers = _NORMALS * (2 + self.guesses)
        each = out[:, :numbers].unflatten(1, (_NORMALS, 2 + self.guesses))
        mean = each[..., 0] + (each[..., 2:] * guesses.float()[:, None]).sum(-1)
        log_weight = out[:, numbers:].log_softmax(1)
        return MoveMixture(mean, each[..., 1].clamp(-6, 3), log_weight, remaining_px, nonzero)
