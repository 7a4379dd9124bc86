"""The specification's frame (§1): recentred, rotated, on a fixed clock, of unit path and duration."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from humouse.codec.band import at_points, resample
from humouse.codec.base import Codec
from humouse.codec.companding import companded, uncompanded
from humouse.codec.frame import Frame, conditions_of, pad_to, valid_steps
from humouse.codec.priors.polling import PollingClocks
from humouse.codec.recorder import recorded
from humouse.errors import InputError
from humouse.ragged import Ragged
from humouse.settings.choices import CONDITIONS
from humouse.trajectories import Trajectories

NOMINAL_PATH_PX = 1000.0
NOMINAL_DURATION_MS = 1000.0
_NOMINAL_GRID_PX = 0.01
_CLOCK = [CONDITIONS.index(name) for name in ("duration_ms", "tick_ms", "on_tick_share")]
_MOST_STEPS = 10  # of a sample, in T


class CanonicalCodec(Codec):
    """The specification's canonical frame (§1).

    With `canonicalize_duration` the path is resampled smoothly to T equal steps of Δt = 1/T, C = 2
    (dx, dy), and only the first `modes` cosine modes of the steps are kept: a frame of 200 steps holds
    some 36 recorded events, so everything above is the interpolation's own. A movement of so few modes
    is the same on any number of points: networks see it on as many as there are modes, and decoding
    writes as many steps as the frame asks for. decode(encode(·)) is exact on movements in this frame, as
    `canonicalize` and decoding make them.

    Without it the native steps are kept, padded to T, and C = 3 (dx, dy, dt as a share of the duration):
    exact on every movement of at most T steps.

    Args:
        sequence_length: T.
        canonicalize_path: Divide by the length of the path.
        canonicalize_duration: Resample to a fixed clock, and keep the first modes.
        rotate_to_plus_x: Turn the net displacement to point along +x; the angle is kept.
        modes: How many modes are kept, of at most T.
        companding: Moves are coded as asinh(d T / `companding`), d as a share of the path: those below this
            share of an even step of 1/T linearly, greater ones logarithmically. 0 codes all linearly, and so
            is all without `canonicalize_path` and `canonicalize_duration`.
        normalize: Standardise the channels on the train split.
    """

    name = "canonical"

    def __init__(
        self,
        *,
        sequence_length: int = 200,
        canonicalize_path: bool = True,
        canonicalize_duration: bool = True,
        rotate_to_plus_x: bool = True,
        modes: int = 24,
        companding: float = 0.0,
        normalize: bool = True,
    ) -> None:
        super().__init__(sequence_length=sequence_length, normalize=normalize)
        if modes < 2:
            raise InputError(f"data.modes={modes}: must be at least 2")
        if not 0 <= companding < math.inf:
            raise InputError(f"data.companding={companding}: must be 0 (off) or above")
        self.canonicalize_path = canonicalize_path
        self.canonicalize_duration = canonicalize_duration
        self.rotate_to_plus_x = rotate_to_plus_x
        self.modes = modes
        self.companding = companding
        self.clocks: PollingClocks | None = None
        self.channel_names = ("dx", "dy") if canonicalize_duration else ("dx", "dy", "dt")

    def settings(self) -> dict[str, Any]:
        """Return the arguments that make an equal, unfitted codec."""
        return {
            "sequence_length": self.sequence_length,
            "canonicalize_path": self.canonicalize_path,
            "canonicalize_duration": self.canonicalize_duration,
            "rotate_to_plus_x": self.rotate_to_plus_x,
            "modes": self.modes,
            "companding": self.companding,
            "normalize": self.normalize,
        }

    def _fit_clocks(self, train: Ragged) -> None:
        conditions = torch.cat([*map(conditions_of, train.blocks())])
        clock = conditions[:, _CLOCK].double().numpy()
        self.clocks = PollingClocks.fit(
            train.lengths.double().numpy(), clock[:, 0], clock[:, 1], on_tick_share=clock[:, 2]
        )

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to make this codec again: plain values and tensors."""
        clocks = None if self.clocks is None else torch.from_numpy(self.clocks.table)
        return {**super().state_dict(), "clocks": clocks}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over the statistics that `state_dict` returned."""
        super().load(state)
        clocks = state.get("clocks")
        self.clocks = None if clocks is None else PollingClocks(clocks.numpy())

    def recorded(
        self, movements: Trajectories, frame: Frame, *, seed: int, first: int = 0
    ) -> Trajectories:
        """Return movements that this codec decoded as the frames' devices would have recorded them.

        Raises:
            InputError: See `check_recorded`.
        """
        self.check_recorded()
        assert self.clocks is not None
        return recorded(movements, frame.conditions, self.clocks, seed=seed, first=first)

    def check_recorded(self) -> None:
        """Raise InputError if the codec is of a version that did not learn the clocks."""
        if self.clocks is None:
            raise InputError(
                "recorded=true: this model was trained by a version that did not learn its devices' "
                "clocks; train it anew, or leave recorded out"
            )

    def fits(self, trajectories: Trajectories) -> Bool[Tensor, "B"]:
        """[B] True for movements with a path and a duration, and no more than T native steps."""
        moves = (trajectories.path_px > 0) & (trajectories.duration_ms > 0)
        if self.canonicalize_duration:
            return moves
        return moves & (trajectories.lengths <= self.sequence_length)

    def steps(self, lengths: Int[Tensor, "*B"]) -> Int[Tensor, "*B"]:
        """Return on how many points networks see movements of these lengths."""
        if not self.canonicalize_duration:
            return lengths
        return torch.full_like(lengths, min(self.modes, self.sequence_length))

    def length_range(self) -> tuple[int, int]:
        """Return the fewest and the most steps that a movement can be written in."""
        if not self.canonicalize_duration:
            return super().length_range()
        return 2, _MOST_STEPS * self.sequence_length

    def expanded(self, x0: Float[Tensor, "B n C"], frame: Frame) -> Float[Tensor, "B T C"]:
        """Return x0 on as many points as the frame has steps."""
        if not self.canonicalize_duration:
            return x0
        if self._unit is None:
            return self._written(x0, frame)
        mean, std = self.mean.to(x0), self.std.to(x0)
        return (self._companded(self._written(self._moves(x0 * std + mean), frame)) - mean) / std

    def _written(self, x: Float[Tensor, "B n C"], frame: Frame) -> Float[Tensor, "B T C"]:
        steps = int(frame.lengths.max()) if len(frame) else self.sequence_length
        return at_points(x, steps, self.modes)

    def _to_channels(self, trajectories: Trajectories) -> tuple[Float[Tensor, "B T C"], Frame]:
        native = conditions_of(trajectories)
        if self.canonicalize_duration:
            trajectories = self._on_clock(trajectories)
        deltas = pad_to(trajectories.deltas, self.sequence_length)
        net, path_px = trajectories.net_px, trajectories.path_px
        frame = Frame(
            trajectories.lengths,
            trajectories.start,
            torch.atan2(net[:, 1], net[:, 0]),
            path_px,
            trajectories.duration_ms,
            native,
            torch.full_like(net, math.nan),
        )
        moves = deltas[..., :2]
        if self.rotate_to_plus_x:
            moves = _rotate(moves, -frame.angle)
        if self.canonicalize_path:
            moves = moves / path_px[:, None, None]
        if self.canonicalize_duration:
            points = int(self.steps(torch.tensor(self.sequence_length)))
            return self._companded(at_points(moves, points, self.modes)), frame
        return torch.cat([moves, deltas[..., 2:] / frame.duration_ms[:, None, None]], -1), frame

    def _on_clock(self, trajectories: Trajectories) -> Trajectories:
        """Return the movements at T equal time steps, of no more modes than the frame has."""
        smooth = resample(trajectories, self.sequence_length)
        moves = at_points(smooth.deltas[..., :2], self.sequence_length, self.modes)
        return replace(smooth, deltas=torch.cat([moves, smooth.deltas[..., 2:]], -1))

    def _from_channels(self, x: Float[Tensor, "B n C"], frame: Frame) -> Float[Tensor, "B T 3"]:
        moves = self._moves(x)
        if self.canonicalize_duration:  # x has the size of one of T steps, on however many points
            moves = self._written(moves, frame)
            moves = moves * (self.sequence_length / moves.shape[1])
        if self.canonicalize_path:
            moves = moves * frame.path_px[:, None, None]
        if self.rotate_to_plus_x:
            moves = _rotate(moves, frame.angle)
        if self.canonicalize_duration:
            step_ms = frame.duration_ms / frame.lengths
            dt_ms = step_ms[:, None, None].expand(-1, moves.shape[1], 1)
        else:  # time does not run backwards, whatever the model returns
            dt_ms = x[..., 2:].clamp_min(0) * frame.duration_ms[:, None, None]
        return torch.cat([moves, dt_ms], -1)

    @property
    def _unit(self) -> float | None:
        """The move, as a share of the path, up to which moves are coded linearly; None where all are."""
        on = self.companding and self.canonicalize_path and self.canonicalize_duration
        return self.companding / self.sequence_length if on else None

    def _companded(self, moves: Float[Tensor, "B n 2"]) -> Float[Tensor, "B n 2"]:
        return moves if self._unit is None else companded(moves, self._unit)

    def _moves(self, x: Float[Tensor, "B n C"]) -> Float[Tensor, "B n 2"]:
        """Return the moves that channels stand for."""
        return x[..., :2] if self._unit is None else uncompanded(x[..., :2], self._unit)

    def frame_given(
        self, frame: Frame, cond: Float[Tensor, "B K"], x0: Float[Tensor, "B T C"]
    ) -> Frame:
        """Return `frame` with the given direction, size and duration.

        A goal without a path length sets the size so that the movement ends at the goal.
        """
        wanted = torch.full((len(cond), len(CONDITIONS)), math.nan).to(cond)
        wanted[:, : cond.shape[1]] = cond
        goal, duration_ms, path_px = wanted[:, :2], wanted[:, 2], wanted[:, 3]
        if self.rotate_to_plus_x and self.canonicalize_path:
            net = self._net(x0 * self.std + self.mean, frame)
            # The sample's own direction is close to +x, but not exactly.
            angle = torch.atan2(goal[:, 1], goal[:, 0]) - torch.atan2(net[:, 1], net[:, 0])
            to_goal_px = goal.norm(dim=-1) / net.norm(dim=-1).clamp_min(1e-3)
            path_px = torch.where(path_px.isnan(), to_goal_px, path_px)
            frame = replace(frame, angle=torch.where(angle.isnan(), frame.angle, angle))
        return replace(
            frame,
            path_px=torch.where(path_px.isnan(), frame.path_px, path_px),
            duration_ms=torch.where(duration_ms.isnan(), frame.duration_ms, duration_ms),
        )

    def _net(self, x: Float[Tensor, "B n C"], frame: Frame) -> Float[Tensor, "B 2"]:
        """Return the net displacement in the frame, where the path is 1."""
        if self.canonicalize_duration:
            return self._moves(x).mean(1) * self.sequence_length
        return (self._moves(x) * valid_steps(frame.lengths, x.shape[1])[..., None]).sum(1)

    def canonicalize(self, trajectories: Trajectories) -> Trajectories:
        """Return the movements in the canonical frame, at a nominal 1,000 px of path in 1 s.

        Position, direction, size and duration, which the frame takes out, are the same for all.
        """
        x, frame = self._to_channels(trajectories)
        nominal = replace(
            frame,
            start=torch.zeros_like(frame.start),
            angle=torch.zeros_like(frame.angle) if self.rotate_to_plus_x else frame.angle,
            path_px=torch.full_like(frame.path_px, NOMINAL_PATH_PX),
            duration_ms=torch.full_like(frame.duration_ms, NOMINAL_DURATION_MS),
        )
        deltas = self._from_channels(x, nominal)
        mask = valid_steps(frame.lengths, deltas.shape[1])[..., None]
        deltas = torch.where(mask, deltas, x.new_zeros(()))
        # Recorded paths, resampled, hold exact plateaus and zeros. Encoding and decoding blurs them by
        # 1e-5 px (float32), which a classifier would see. Rounding to a fine grid removes that.
        moves = (deltas[..., :2] / _NOMINAL_GRID_PX).round() * _NOMINAL_GRID_PX + 0.0
        deltas = torch.cat([moves, deltas[..., 2:]], -1)
        return replace(trajectories, deltas=deltas, lengths=frame.lengths, start=nominal.start)

    def _raw_condition(self, cond: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
        raw = super()._raw_condition(cond)
        if not self.rotate_to_plus_x:
            return raw
        distance = torch.asinh(cond[:, :2].norm(dim=-1, keepdim=True) / 10.0)
        return torch.cat([distance, distance * 0, raw[:, 2:]], 1)


def _rotate(moves: Float[Tensor, "B T 2"], angle: Float[Tensor, "B"]) -> Float[Tensor, "B T 2"]:
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    dx, dy = moves.unbind(-1)
    return torch.stack([cos * dx - sin * dy, sin * dx + cos * dy], -1)
