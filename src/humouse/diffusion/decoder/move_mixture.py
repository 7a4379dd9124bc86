"""The distribution of one axis of one step: whole pixels, as a mixture."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

_LOGISTICS = 6
_SMALL_PX = 2
_POINTS = 2 * _SMALL_PX + 1
_HIDDEN = 128
_LEAST_SHARE = 1e-6
_NEVER = -1e9


def companded(px: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
    """Return asinh(2 px): linear below half a pixel, logarithmic above."""
    return torch.asinh(2 * px)


@dataclass(frozen=True)
class MoveMixture:
    """Distributions over whole pixels, one for each of N steps.

    Logistic distributions on the companded scale, rounded to whole pixels (Salimans et al.
    1701.05517, section 2.1, there on pixel values); a point mass at each of −2 … 2, which devices
    and hands prefer; and one at what still remains to the goal.

    Args:
        mean: [N, K] of the logistics, companded.
        log_scale: [N, K] logarithm of their scales.
        log_weight: [N, K + 6] of the logistics, the small moves and the remainder.
    """

    mean: Float[Tensor, "N K"]
    log_scale: Float[Tensor, "N K"]
    log_weight: Float[Tensor, "N W"]

    def excluding(self, zero: Bool[Tensor, "N"], remaining_px: Float[Tensor, "N"]) -> "MoveMixture":
        """Return the mixtures without a point mass at 0 where `zero`: both axes never rest at once."""
        kept = self.log_weight.clone()
        kept[:, _LOGISTICS + _SMALL_PX] = kept[:, _LOGISTICS + _SMALL_PX].masked_fill(zero, _NEVER)
        kept[:, -1] = kept[:, -1].masked_fill(zero & (remaining_px == 0), _NEVER)
        return MoveMixture(self.mean, self.log_scale, kept.log_softmax(1))

    def log_prob(
        self,
        px: Float[Tensor, "N"],
        remaining_px: Float[Tensor, "N"],
        nonzero: Bool[Tensor, "N"] | None = None,
    ) -> Float[Tensor, "N"]:
        """Return log P(px).

        Args:
            px: Whole pixels.
            remaining_px: What is left to the goal, whole pixels.
            nonzero: Where 0 cannot be: there ±1 share its cell of the logistics.
        """
        low, high = px - 0.5, px + 0.5
        if nonzero is not None:
            low = torch.where(nonzero & (px == 1), 0.0, low)
            high = torch.where(nonzero & (px == -1), 0.0, high)
        sharpness = (-self.log_scale).exp()
        a = (companded(low)[:, None] - self.mean) * sharpness
        b = (companded(high)[:, None] - self.mean) * sharpness
        # σ(b) − σ(a) = σ(b) σ(−a) (1 − e^{a−b}), which never cancels.
        inside = torch.log(-torch.expm1((a - b).clamp(max=-1e-7)))
        cell = nn.functional.logsigmoid(b) + nn.functional.logsigmoid(-a) + inside
        if nonzero is not None:
            cell = cell.masked_fill((nonzero & (px == 0))[:, None], _NEVER)
        place = (px.clamp(-_SMALL_PX, _SMALL_PX) + _SMALL_PX).long()[:, None]
        point = self.log_weight[:, _LOGISTICS:-1].gather(1, place)[:, 0]
        parts = [
            self.log_weight[:, :_LOGISTICS] + cell,
            point.masked_fill(px.abs() > _SMALL_PX, _NEVER)[:, None],
            self.log_weight[:, -1].masked_fill(px != remaining_px, _NEVER)[:, None],
        ]
        return torch.cat(parts, 1).logsumexp(1)

    def draw(
        self,
        share: Float[Tensor, "N 2"],
        remaining_px: Float[Tensor, "N"],
        nonzero: Bool[Tensor, "N"] | None = None,
    ) -> Float[Tensor, "N"]:
        """Return a draw of each, whole pixels.

        Args:
            share: Two numbers in [0, 1) for each: which part of the mixture, and where in it.
            remaining_px: What is left to the goal.
            nonzero: Where 0 cannot be.
        """
        part = drawn_level(self.log_weight, share[:, 0])
        logistic = part.clamp(max=_LOGISTICS - 1)[:, None]
        spread = torch.logit(share[:, 1].clamp(_LEAST_SHARE, 1 - _LEAST_SHARE))
        mean, scale = self.mean.gather(1, logistic)[:, 0], self.log_scale.gather(1, logistic)[:, 0]
        smooth = torch.sinh((mean + scale.exp() * spread).clamp(-10, 10)) / 2
        px = smooth.round()
        if nonzero is not None:
            px = torch.where(nonzero & (px == 0), torch.where(smooth < 0, -1.0, 1.0), px)
        px = torch.where(part >= _LOGISTICS, (part - _LOGISTICS - _SMALL_PX).to(px), px)
        return torch.where(part == _LOGISTICS + _POINTS, remaining_px, px)


class MoveHead(nn.Module):
    """Makes the mixture of each step.

    The means are weighted sums of the guesses that physics offers (the last step again, the way that
    is left over the steps that are left, …), at first of half the last step alone: what has to be
    learned is which to trust, not what they are.

    Args:
        features: Width of what it reads.
        guesses: How many guesses each step has.
    """

    def __init__(self, features: int, guesses: int) -> None:
        super().__init__()
        self.guesses = guesses
        self.hidden = nn.Linear(features + guesses, _HIDDEN)
        self.out = nn.Linear(_HIDDEN, _LOGISTICS * (2 + guesses) + _LOGISTICS + _POINTS + 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        with torch.no_grad():
            logistics = self.out.bias[: _LOGISTICS * (2 + guesses)].view(_LOGISTICS, 2 + guesses)
            logistics[:, 0] = torch.linspace(-1.5, 1.5, _LOGISTICS)
            logistics[:, 1] = -1.0
            logistics[:, 2] = 0.5
            self.out.bias[-1] = -4.0

    def forward(
        self, features: Float[Tensor, "N F"], guesses_px: Float[Tensor, "N G"]
    ) -> MoveMixture:
        """Return the mixtures.

        Args:
            features: What is known of each step.
            guesses_px: Guesses at the move, the last one first (px).
        """
        guesses = companded(guesses_px)
        hidden = nn.functional.silu(self.hidden(torch.cat([features, 0.3 * guesses], 1)))
        # One pixel of a hundred is a hundredth of the scale: half precision would not keep it.
        with torch.autocast(hidden.device.type, enabled=False):
            out = self.out(hidden.float())
        numbers = _LOGISTICS * (2 + self.guesses)
        each = out[:, :numbers].unflatten(1, (_LOGISTICS, 2 + self.guesses))
        mean = each[..., 0] + (each[..., 2:] * guesses.float()[:, None]).sum(-1)
        return MoveMixture(mean, each[..., 1].clamp(-6, 3), out[:, numbers:].log_softmax(1))


def drawn_level(log_weight: Float[Tensor, "N W"], share: Float[Tensor, "N"]) -> Int[Tensor, "N"]:
    """Return which of W alternatives each share in [0, 1) falls on (inverse of the distribution)."""
    upto = log_weight.double().exp().cumsum(1)
    inside = share.double() * upto[:, -1]
    return (upto <= inside[:, None]).sum(1).clamp(max=log_weight.shape[1] - 1)
