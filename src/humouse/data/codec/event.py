"""The recorder's own events: whole pixels and milliseconds, companded."""

from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from humouse.data.codec.base import Codec
from humouse.data.codec.frame import Frame, pad_to, valid_steps
from humouse.errors import InputError
from humouse.trajectories import Trajectories


class EventCodec(Codec):
    """Native events: dx and dy as asinh(d / `companding_px`), dt as its logarithm; C = 3.

    Moves are heavy-tailed (median 6 px, maximum above 500): standardised linearly, one pixel would
    be finer than the last sampling steps resolve. Decoding rounds each step to whole pixels and
    milliseconds, so that decode(encode(·)) is exact on recordings (with zero moves merged, unless
    that is off).

    Args:
        sequence_length: T, the longest movement that fits, in steps.
        companding_px: Moves below it are coded linearly, above it logarithmically.
        merge_zero_moves: Join a step that moves nothing to the next one, on encoding and decoding.
        normalize: Standardise the channels on the train split.
    """

    name = "event"
    channel_names = ("dx", "dy", "dt")

    def __init__(
        self,
        *,
        sequence_length: int = 200,
        companding_px: float = 0.5,
        merge_zero_moves: bool = True,
        normalize: bool = True,
    ) -> None:
        super().__init__(sequence_length=sequence_length, normalize=normalize)
        if companding_px <= 0:
            raise InputError(f"data.companding_px={companding_px}: must be above 0")
        self.companding_px = companding_px
        self.merge_zero_moves = merge_zero_moves

    def settings(self) -> dict[str, Any]:
        """Return the arguments that make an equal, unfitted codec."""
        return {
            "sequence_length": self.sequence_length,
            "companding_px": self.companding_px,
            "merge_zero_moves": self.merge_zero_moves,
            "normalize": self.normalize,
        }

    def fits(self, trajectories: Trajectories) -> Bool[Tensor, "B"]:
        """[B] True for movements with 1 to T steps (zero moves merged), each of at least 1 ms."""
        merged = self.canonicalize(trajectories)
        timed = (merged.deltas[..., 2] >= 1) | ~merged.mask
        sized = (merged.lengths >= 1) & (merged.lengths <= self.sequence_length)
        return sized & timed.all(1)

    def _to_channels(self, trajectories: Trajectories) -> tuple[Float[Tensor, "B T C"], Frame]:
        trajectories = self.canonicalize(trajectories)
        net = trajectories.net_px
        frame = Frame(
            trajectories.lengths,
            trajectories.start,
            torch.atan2(net[:, 1], net[:, 0]),
            trajectories.path_px,
            trajectories.duration_ms,
        )
        deltas = pad_to(trajectories.deltas, self.sequence_length)
        return self._companded(deltas), frame

    def on_grid(self, x0: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        """Return x0 [B, T, C] as it would be encoded once it was decoded: on whole px and ms."""
        mean, std = self.mean.to(x0), self.std.to(x0)
        return (self._companded(self._steps(x0 * std + mean)) - mean) / std

    def _companded(self, deltas: Float[Tensor, "B T 3"]) -> Float[Tensor, "B T C"]:
        moves = torch.asinh(deltas[..., :2] / self.companding_px)
        return torch.cat([moves, deltas[..., 2:].clamp_min(1).log()], -1)

    def _from_channels(self, x: Float[Tensor, "B T C"], frame: Frame) -> Float[Tensor, "B T 3"]:
        return self._steps(x)

    def _steps(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T 3"]:
        # Bounds far outside any recording keep a wild model's output finite.
        moves = (torch.sinh(x[..., :2].clamp(-12, 12)) * self.companding_px).round()
        dt_ms = x[..., 2:].clamp(0, 12).exp().round()
        return torch.cat([moves, dt_ms], -1)

    def decode(
        self, x0: Float[Tensor, "B T C"], frame: Frame, *, origin: str = "generated"
    ) -> Trajectories:
        """Return the movements that x0 [B, T, C] stands for, in whole px and ms.

        A model can round both axes of a step to zero; with `merge_zero_moves` such a step joins
        the next one here too, and the movement gets one step shorter.
        """
        return self.canonicalize(super().decode(x0, frame, origin=origin))

    def canonicalize(self, trajectories: Trajectories) -> Trajectories:
        """Return the movements with zero moves merged, if that is on; else as they are."""
        return merge_zero_moves(trajectories) if self.merge_zero_moves else trajectories


def merge_zero_moves(trajectories: Trajectories) -> Trajectories:
    """Join each step that moves nothing to the next one; trailing ones are dropped.

    Keeps the path exactly, and the time at which each remaining point is reached.
    """
    moving = trajectories.deltas[..., :2].ne(0).any(-1) & trajectories.mask
    order = (~moving).int().argsort(dim=1, stable=True)
    lengths = moving.sum(1)
    at_ms = trajectories.deltas[..., 2].double().cumsum(1).gather(1, order)
    dt_ms = at_ms.diff(dim=1, prepend=at_ms.new_zeros(len(at_ms), 1))
    moves = trajectories.deltas[..., :2].gather(1, order[..., None].expand(-1, -1, 2))
    deltas = torch.cat([moves, dt_ms[..., None].to(moves.dtype)], -1)
    deltas = torch.where(
        valid_steps(lengths, deltas.shape[1])[..., None], deltas, deltas.new_zeros(())
    )
    return replace(trajectories, deltas=deltas, lengths=lengths)
