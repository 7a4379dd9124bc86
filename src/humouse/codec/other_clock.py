"""Movements as another device would have reported them: slower or faster, or polled."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from humouse.trajectories import Trajectories

_CLOCK_OCTAVES = 1.2
_POLL_MS = 6.0, 34.0
_POLLED_SHARE = 0.5
_WHOLE_MS_SHARE = 0.7


@dataclass(frozen=True)
class OtherClock:
    """How each of B movements would have been reported by another device.

    Args:
        stretch: [B] what its times are multiplied by.
        poll_ms: [B] how often its position is then asked for; 0 where every report is kept.
    """

    stretch: Float[Tensor, "B"]
    poll_ms: Float[Tensor, "B"]

    @classmethod
    def draw(cls, B: int, share: float, g: torch.Generator) -> "OtherClock":
        """Return the clocks of B movements, of which a share is put on another than its own.

        Up to 2.3 times as slow or as fast; half of them are polled besides, every 6 to 34 ms, mostly at
        whole ms.

        Args:
            B: How many movements.
            share: Of them.
            g: Source of randomness.
        """
        changed = torch.rand(B, generator=g) < share
        octaves = _CLOCK_OCTAVES * (2 * torch.rand(B, generator=g) - 1)
        poll_ms = (
            _POLL_MS[0] * (math.log(_POLL_MS[1] / _POLL_MS[0]) * torch.rand(B, generator=g)).exp()
        )
        poll_ms = torch.where(
            torch.rand(B, generator=g) < _WHOLE_MS_SHARE, poll_ms.round(), poll_ms
        )
        polled = changed & (torch.rand(B, generator=g) < _POLLED_SHARE)
        return cls(torch.where(changed, octaves.exp2(), 1.0), torch.where(polled, poll_ms, 0.0))

    def __getitem__(self, rows: Tensor) -> "OtherClock":
        return OtherClock(self.stretch[rows], self.poll_ms[rows])

    @property
    def changed(self) -> Bool[Tensor, "B"]:
        """[B] True where anything changes."""
        return (self.stretch != 1) | (self.poll_ms > 0)

    def reported(self, movements: Trajectories, g: torch.Generator) -> Trajectories:
        """Return the movements as these devices would report them, in whole ms.

        Reports between two polls are one event, at the second. Where nothing changes, they are as they were.

        Args:
            movements: B movements in whole ms.
            g: Source of the clocks' phases.
        """
        phase = torch.rand(len(movements), 1, generator=g).double()
        at_ms = movements.deltas[..., 2].double().cumsum(1) * self.stretch[:, None]
        polled, every = self.poll_ms[:, None] > 0, self.poll_ms[:, None].double().clamp(min=1)
        polls = (at_ms / every + phase).floor().clamp(min=1)  # the first point is at a poll, too
        at_ms = torch.where(polled, polls * every, at_ms + phase)
        at_ms = at_ms.floor()
        last = torch.nn.functional.pad(at_ms.diff(dim=1) > 0, (0, 1), value=True)
        last |= ~torch.nn.functional.pad(movements.mask, (0, 1))[:, 1:]  # the movement's own last
        reported = self._at(movements, at_ms, last & movements.mask)
        kept = ~self.changed
        return replace(
            reported,
            deltas=torch.where(kept[:, None, None], movements.deltas, reported.deltas),
            lengths=torch.where(kept, movements.lengths, reported.lengths),
        )

    @staticmethod
    def _at(
        movements: Trajectories, at_ms: Float[Tensor, "B T"], kept: Bool[Tensor, "B T"]
    ) -> Trajectories:
        """Return the movements through the points that are kept, each reached at its time."""
        order = (~kept).int().argsort(dim=1, stable=True)
        lengths = kept.sum(1)
        path = torch.cat([movements.deltas[..., :2].double().cumsum(1), at_ms[..., None]], 2)
        path = path.gather(1, order[..., None].expand(-1, -1, 3))
        steps = path.diff(dim=1, prepend=path.new_zeros(len(path), 1, 3)).to(movements.deltas.dtype)
        steps[..., 2].clamp_(min=1)
        valid = torch.arange(steps.shape[1], device=steps.device) < lengths[:, None]
        return replace(movements, deltas=steps * valid[..., None], lengths=lengths)
