"""The event codec: recorded steps in whole pixels and milliseconds, on scales that resolve them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor

from humouse.codec.base import Codec
from humouse.codec.clock import LONGEST_MS, ClockScale
from humouse.codec.companding import companded, uncompanded
from humouse.codec.frame import Frame, pad_to, valid_steps
from humouse.codec.screens import on_grid, ratios_of
from humouse.codec.style import StylePool
from humouse.errors import InputError
from humouse.ragged import Movements, Ragged
from humouse.settings.choices import CLOCKS, CONDITIONS
from humouse.trajectories import Trajectories


class EventCodec(Codec):
    """Native events: dx and dy as asinh(d / `companding_px`), dt on its clock's scale; C = 3.

    Moves are heavy-tailed (median 6 px, maximum above 500): on a linear scale, one pixel would be finer
    than the last sampling steps resolve. The same holds for one millisecond of a clock that ticks
    every 16 or 17 (`ClockScale`). Decoding rounds each step to whole pixels and milliseconds, so that
    decode(encode(·)) is exact on recordings (with zero moves merged, unless that is off).

    Args:
        sequence_length: T, the longest movement that fits, in steps.
        companding_px: Moves below it are coded linearly, above it logarithmically.
        clock: Scale of dt: "quantile" is its normal score on the train split, "log" its logarithm.
        merge_zero_moves: Merge a step without motion into the next one, on encoding and decoding.
        normalize: Standardise the channels on the train split.
    """

    name = "event"
    channel_names = ("dx", "dy", "dt")

    def __init__(
        self,
        *,
        sequence_length: int = 200,
        companding_px: float = 0.5,
        clock: str = "quantile",
        merge_zero_moves: bool = True,
        normalize: bool = True,
    ) -> None:
        super().__init__(sequence_length=sequence_length, normalize=normalize)
        if companding_px <= 0:
            raise InputError(f"data.companding_px={companding_px}: must be above 0")
        if clock not in CLOCKS:
            raise InputError(f"data.clock={clock}: unknown; choose one of {', '.join(CLOCKS)}")
        self.companding_px = companding_px
        self.clock = clock
        self.clock_scale = ClockScale(torch.zeros(1, dtype=torch.long))
        self.merge_zero_moves = merge_zero_moves

    def settings(self) -> dict[str, Any]:
        """Return the arguments that make an equal, unfitted codec."""
        return {
            "sequence_length": self.sequence_length,
            "companding_px": self.companding_px,
            "clock": self.clock,
            "merge_zero_moves": self.merge_zero_moves,
            "normalize": self.normalize,
        }

    def fits(self, trajectories: Trajectories) -> Bool[Tensor, "B"]:
        """[B] True for movements with 1 to T steps (zero moves merged), of 1 ms to 32 s each."""
        merged = self.canonicalize(trajectories)
        dt_ms = merged.deltas[..., 2]
        timed = ((dt_ms >= 1) & (dt_ms <= LONGEST_MS)) | ~merged.mask
        sized = (merged.lengths >= 1) & (merged.lengths <= self.sequence_length)
        return sized & timed.all(1)

    def _fit_clocks(self, train: Ragged) -> None:
        merged = map(self.canonicalize, train.blocks())
        self.clock_scale = ClockScale.fit(
            torch.cat([block.deltas[block.mask][:, 2] for block in merged])
        )

    def _on_screens(self, movements: Trajectories) -> tuple[Trajectories, Float64[np.ndarray, "B"]]:
        """Return movements in whole ms and pixels of their people's screens, and these' pixel ratios."""
        ratio = ratios_of(movements)
        return on_grid(movements, ratio), ratio

    def recorded(
        self, movements: Trajectories, frame: Frame, *, seed: int, first: int = 0
    ) -> Trajectories:
        """Return decoded movements with the points without motion that recorders of their set-ups write.

        With `merge_zero_moves` off they are as they are: the network makes such points itself.

        Args:
            movements: What `decode` returned.
            frame: Their frames.
            seed: Of the request, whose frames `draw_frames` drew.
            first: Number of the first movement.
        """
        if self.prior is None or not self.merge_zero_moves:
            return movements
        return self.prior.recorded(movements, seed=seed, first=first)

    def _style_pool(self, train: Movements) -> StylePool:
        return StylePool.of(train, self.canonicalize)

    def _to_channels(self, trajectories: Trajectories) -> tuple[Float[Tensor, "B T C"], Frame]:
        trajectories = self.canonicalize(trajectories)
        deltas = pad_to(trajectories.deltas, self.sequence_length)
        return self._companded(deltas), Frame.of(trajectories)

    def on_grid(self, x0: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        """Return encode(decode(x0)) [B, T, C] step by step: x0 of whole px and ms."""
        return self.x0_of(self.events(x0))

    def x0_of(self, events: Float[Tensor, "B T 3"]) -> Float[Tensor, "B T C"]:
        """Return the x0 [B, T, C] of these events, step by step."""
        return (self._companded(events) - self.mean.to(events)) / self.std.to(events)

    def events(self, x0: Float[Tensor, "B T C"]) -> Float[Tensor, "B T 3"]:
        """Return the events [B, T, 3] of x0 [B, T, C], step by step, in whole px and ms."""
        return self._steps(x0 * self.std.to(x0) + self.mean.to(x0))

    def _companded(self, deltas: Float[Tensor, "B T 3"]) -> Float[Tensor, "B T C"]:
        moves = companded(deltas[..., :2], self.companding_px)
        return torch.cat([moves, self._clock_code(deltas[..., 2:])], -1)

    def _clock_code(self, dt_ms: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
        return dt_ms.clamp_min(1).log() if self.clock == "log" else self.clock_scale.encode(dt_ms)

    def _from_channels(self, x: Float[Tensor, "B T C"], frame: Frame) -> Float[Tensor, "B T 3"]:
        steps = self._steps(x)
        has_goal = ~frame.goal_px.isnan().any(1)
        if bool(has_goal.any()):
            mask = valid_steps(frame.lengths, x.shape[1])[has_goal]
            goal_px = frame.goal_px[has_goal].to(x)
            moves = _summing_to(self._moves(x[has_goal]), mask, goal_px, self.companding_px)
            steps[has_goal] = torch.cat([rounded_to_sum(moves, mask), steps[has_goal][..., 2:]], -1)
        return steps

    def frame_given(
        self, frame: Frame, cond: Float[Tensor, "B K"], x0: Float[Tensor, "B T C"]
    ) -> Frame:
        """Return `frame` with the given goals, which decoding reaches to the pixel."""
        if cond.shape[1] < 2:
            return frame
        return replace(frame, goal_px=cond[:, :2].round().to(frame.goal_px))

    def reaching(
        self, x0: Float[Tensor, "B T C"], mask: Bool[Tensor, "B T"], goal_px: Float[Tensor, "B 2"]
    ) -> Float[Tensor, "B T C"]:
        """Return x0 whose steps, before rounding, add up to the goals; see `_summing_to`."""
        mean, std = self.mean.to(x0), self.std.to(x0)
        x = x0 * std + mean
        moves = _summing_to(self._moves(x), mask, goal_px.to(x0), self.companding_px)
        code = companded(moves, self.companding_px)
        there = (torch.cat([code, x[..., 2:]], -1) - mean) / std
        changed = mask[..., None] & ~goal_px.isnan().any(1)[:, None, None]
        return torch.where(changed, there, x0)

    def _moves(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T 2"]:
        return uncompanded(x[..., :2], self.companding_px)

    def _steps(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T 3"]:
        moves = self._moves(x).round()
        code = x[..., 2:]
        logarithmic = self.clock == "log"
        dt_ms = code.clamp(0, 12).exp().round() if logarithmic else self.clock_scale.decode(code)
        return torch.cat([moves, dt_ms], -1)

    def _raw_condition(self, cond: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
        raw = super()._raw_condition(cond)
        index = CONDITIONS.index("tick_ms")
        tick_ms = cond[:, index]
        known = torch.where(tick_ms.isnan(), 1.0, tick_ms)
        raw[:, index] = torch.where(tick_ms.isnan(), tick_ms, self._clock_code(known))
        return raw

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to make this codec again: plain values and tensors."""
        return {**super().state_dict(), "clock_counts": self.clock_scale.counts}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over the statistics that `state_dict` returned."""
        super().load(state)
        self.clock_scale = ClockScale(state["clock_counts"])

    def decode(
        self, x0: Float[Tensor, "B T C"], frame: Frame, *, origin: str = "generated"
    ) -> Trajectories:
        """Return the movements of x0 [B, T, C], in whole px and ms.

        Both axes of a generated step can round to zero; with `merge_zero_moves` such a step is merged
        into the next one here too, and the movement gets one step shorter.
        """
        return self.canonicalize(super().decode(x0, frame, origin=origin))

    def canonicalize(self, trajectories: Trajectories) -> Trajectories:
        """Return the movements with zero moves merged, if that is on; else as they are."""
        return merge_zero_moves(trajectories) if self.merge_zero_moves else trajectories


def _summing_to(
    moves: Float[Tensor, "B T 2"],
    mask: Bool[Tensor, "B T"],
    goal_px: Float[Tensor, "B 2"],
    companding_px: float,
) -> Float[Tensor, "B T 2"]:
    """Return the moves changed to add up to the goals, zero at padding.

    The missing displacement is distributed in proportion to the squared slope of the scale, d² + c²: to
    first order this is the least change of the companded moves. Fast steps take most of it.
    """
    valid = mask[..., None].to(moves.dtype)
    share = (moves.square() + companding_px**2) * valid
    share = share / share.sum(1, keepdim=True).clamp(min=companding_px**2)
    missing = goal_px - (moves * valid).sum(1)
    return moves * valid + share * missing.nan_to_num(0.0)[:, None]


def rounded_to_sum(
    moves: Float[Tensor, "B T 2"], mask: Bool[Tensor, "B T"]
) -> Float[Tensor, "B T 2"]:
    """Round moves to whole pixels with the same sum (largest remainder method).

    Args:
        moves: [B, T, 2] zero at padding, each row adding up to whole numbers.
        mask: [B, T] True where valid.
    """
    whole = moves.round()
    excess = (moves.double().sum(1) - whole.double().sum(1)).round().to(moves)
    sign = excess.sign()[:, None]
    # Steps nearest to being rounded the other way come first; never padding.
    preference = ((moves - whole) * sign).masked_fill(~mask[..., None], -torch.inf)
    rank = preference.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    return whole + sign * (rank < excess.abs()[:, None])


def merge_zero_moves(trajectories: Trajectories) -> Trajectories:
    """Merge each step without motion into the next one; drop trailing ones.

    The path stays exact, and so does the time at which each remaining point is reached.
    """
    moving = trajectories.deltas[..., :2].ne(0).any(-1) & trajectories.mask
    if bool((moving == trajectories.mask).all()):  # merged already
        return trajectories
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
