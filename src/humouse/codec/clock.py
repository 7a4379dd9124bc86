"""Time steps as normal scores: each whole millisecond has an interval as wide as it is frequent.

Not a `humouse.quantiles.QuantileMap`, which is linear between knots: this map is a step function of
whole numbers, runs in torch on the model's device, and is looked up rather than interpolated.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

LONGEST_MS = 2**15
"""The longest time step of the scale."""

_SPREAD = 0.005


class ClockScale:
    """Whole milliseconds ⇄ normal scores: dt ↦ Φ⁻¹(F(dt)), F counting half of its own share.

    Most steps of a recorder's clock have a few values (16 and 17 ms, say), which lie a sixteenth apart
    on a logarithmic scale. Here they lie as far apart as they are frequent, so that a model reproduces
    the clock's pattern without being exact to a hundredth of a standard deviation. A share of
    `_SPREAD`, falling as 1/dt, goes to all values, so that unseen ones have an interval too.

    Args:
        counts: [M] how often 1, 2, … M ms occur.
    """

    def __init__(self, counts: Int[Tensor, "M"]) -> None:
        self.counts = counts
        seen = torch.zeros(LONGEST_MS, dtype=torch.float64)
        seen[: len(counts)] = counts
        spread = torch.arange(1, LONGEST_MS + 1).double().reciprocal()
        share = (1 - _SPREAD) * seen / seen.sum().clamp(min=1) + _SPREAD * spread / spread.sum()
        upto = (share / share.sum()).cumsum(0)
        tiny = torch.finfo(torch.float64).eps
        self._scores = torch.special.ndtri((upto - share / 2).clamp(tiny, 1 - tiny))
        self._bounds = torch.special.ndtri(upto[:-1].clamp(tiny, 1 - tiny))

    @classmethod
    def fit(cls, dt_ms: Float[Tensor, "N"]) -> "ClockScale":
        """Return the scale of these time steps, each 1 … LONGEST_MS."""
        whole = dt_ms.round().long().clamp(1, LONGEST_MS)
        return cls(torch.bincount(whole, minlength=2)[1:])

    def encode(self, dt_ms: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
        """Return the scores of time steps, rounded to whole ms."""
        whole = dt_ms.round().long().clamp(1, LONGEST_MS)
        return self._scores.to(dt_ms.device)[whole - 1].to(dt_ms.dtype)

    def cells(self, dt_ms: Float[Tensor, "*S"]) -> tuple[Float[Tensor, "*S"], Float[Tensor, "*S"]]:
        """Return the lowest and the highest score that decodes to these time steps, in whole ms."""
        whole = dt_ms.round().long().clamp(1, LONGEST_MS)
        ends = nn.functional.pad(self._bounds, (1, 0), value=-torch.inf)
        ends = nn.functional.pad(ends, (0, 1), value=torch.inf).to(dt_ms)
        return ends[whole - 1], ends[whole]

    def decode(self, scores: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
        """Return the time steps, in whole ms, into whose intervals the scores fall."""
        bounds = self._bounds.to(scores.device)
        return (torch.bucketize(scores.double().contiguous(), bounds) + 1).to(scores.dtype)
