"""A scale for whole milliseconds on which every time step has the room that it is used."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

LONGEST_MS = 2**15
"""The longest time step that the scale can say."""

_SPREAD = 0.005


class ClockScale:
    """Whole milliseconds ⇄ normal scores: dt ↦ Φ⁻¹(F(dt)), F counting half of its own share.

    A recorder's clock puts most steps on a few values (16 and 17 ms, say), a sixteenth apart on a
    logarithmic scale; here they lie as far apart as they are frequent, so that a model need not be
    exact to a hundredth of a deviation to keep a clock's pattern. A share of `_SPREAD`, falling as
    1/dt, goes to all values, so that each has a place of its own, seen or not.

    Args:
        counts: [M] how often 1, 2, … M ms were seen.
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
        place = dt_ms.round().long().clamp(1, LONGEST_MS)
        ends = nn.functional.pad(self._bounds, (1, 0), value=-torch.inf)
        ends = nn.functional.pad(ends, (0, 1), value=torch.inf).to(dt_ms)
        return ends[place - 1], ends[place]

    def decode(self, scores: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
        """Return the time steps, in whole ms, whose shares of the scale the scores fall into."""
        bounds = self._bounds.to(scores.device)
        return (torch.bucketize(scores.double().contiguous(), bounds) + 1).to(scores.dtype)
