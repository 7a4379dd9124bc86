"""One clock: movements as a single clock would have recorded them, whatever recorded them.

A device shows in how often it reports, when, and whether it reports while nothing moves. Laid on one
clock, movements of all devices differ by the hand alone.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from humouse.codec import merge_zero_moves
from humouse.detection.samples.resampling import Paths, in_blocks, ticks_needed
from humouse.errors import InputError
from humouse.points import MOST_STEPS
from humouse.randomness import generator
from humouse.trajectories import Trajectories

SCORING_PHASE = 0.5
"""The phase of every movement that is scored, so that its answer is always the same."""


def phases(n: int, seed: int | None = None) -> Float64[Tensor, "n"]:
    """Return how far each movement's clock has come when it begins, in periods.

    Args:
        n: How many movements.
        seed: Of phases drawn from [0, 1), for training; the first of them do not depend on n. None
            gives `SCORING_PHASE` to all.
    """
    if seed is None:
        return torch.full((n,), SCORING_PHASE, dtype=torch.float64)
    return torch.rand(n, generator=generator(seed, "phase"), dtype=torch.float64)


def steady(movements: Trajectories, pause_ms: float = 200.0) -> Trajectories:
    """Return of each movement its longest stretch without a pause.

    Steps without motion are merged first, so that a device that reports while it rests and one that
    does not are cut alike. The stretch has the most points, and is the first of equals. Its start is
    where it begins.

    Args:
        movements: B movements (px, ms).
        pause_ms: Time without motion beyond which a movement is cut.

    Returns:
        B movements; one without motion, or with pauses only, has no steps.
    """
    return in_blocks(
        movements, movements.lengths, lambda block, rows: _longest_stretch(block, pause_ms)
    )


def _longest_stretch(movements: Trajectories, pause_ms: float) -> Trajectories:
    merged = merge_zero_moves(movements)
    T = merged.deltas.shape[1]
    if not T:
        return merged
    upto = torch.arange(1, T + 1, device=merged.deltas.device)
    cut = ~merged.mask | (merged.deltas[..., 2] > pause_ms)
    run = upto - torch.where(cut, upto, 0).cummax(1).values
    lengths, end = run.max(1).values, run.argmax(1)  # the first of equals
    first = torch.where(lengths > 0, end + 1 - lengths, 0)
    index = (first[:, None] + upto - 1).clamp(max=T - 1)
    rows = torch.arange(len(merged), device=first.device)
    return replace(
        merged,
        deltas=merged.deltas.take_along_dim(index[..., None], 1),
        lengths=lengths.to(merged.lengths.dtype),
        start=merged.positions_px()[rows, first],
    )


@dataclass(frozen=True)
class OneClock:
    """A clock on which movements are laid; see `__call__`.

    Args:
        period_ms: Time between two ticks (ms).
        pause_ms: Time without motion beyond which a movement is cut (ms); see `steady`.
        whole_px: Round positions to whole px from the first point.

    Raises:
        InputError: A setting lies outside its range.
    """

    period_ms: float = 1000 / 60
    pause_ms: float = 200.0
    whole_px: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.period_ms <= 1000:
            raise InputError(f"period_ms={self.period_ms}: must lie between 1 and 1000")
        if not self.pause_ms > 0:
            raise InputError(f"pause_ms={self.pause_ms}: must be above 0")

    def __call__(self, movements: Trajectories, phase: Float[Tensor, "B"]) -> Trajectories:
        """Return the longest steady stretch of each movement, on this clock.

        Positions are interpolated linearly at (k − phase) · period, k = 0, 1, …, counted from the first
        point, until a tick is at or past the last point; there the movement stands, as before the
        first point. Steps without motion at either end are cut, those within stay. So the net
        displacement stays exact, and a movement without pauses or still steps that is on the clock
        already comes back unchanged with phase 0.

        Args:
            movements: B movements (px, ms), of any clock; fractions are allowed.
            phase: [B] how far the clock has come at the first point, in [0, 1); see `phases`.

        Returns:
            B movements with dt = period, at most `MOST_STEPS` steps; what comes later is left out. A
            movement that moves at all keeps at least one step, even if rounding leaves no motion in
            it; one that does not, or has pauses only, has none.

        Raises:
            ValueError: A phase lies outside [0, 1).
        """
        return self.laid(steady(movements, self.pause_ms), phase)

    def laid(self, cut: Trajectories, phase: Float[Tensor, "B"]) -> Trajectories:
        """Return movements that are `steady` already on this clock; see `__call__`."""
        phase = phase.to(cut.deltas.device, torch.float64)
        if not ((phase >= 0) & (phase < 1)).all():
            raise ValueError("phases must lie in [0, 1)")
        duration_ms = cut.deltas[..., 2].sum(1, dtype=torch.float64)
        ticks = ticks_needed(duration_ms, self._period_ms, phase).clamp(max=MOST_STEPS + 1).long()
        return in_blocks(
            cut,
            torch.maximum(ticks, cut.lengths),
            lambda block, rows: self._on_ticks(block, ticks[rows], phase[rows]),
        )

    @property
    def _period_ms(self) -> float:
        # As a step holds it: the ticks of a clock that is this one already are met exactly.
        return float(np.float32(self.period_ms))

    def _on_ticks(
        self, movements: Trajectories, ticks: Int64[Tensor, "b"], phase: Float64[Tensor, "b"]
    ) -> Trajectories:
        paths = Paths.of(movements)
        number = torch.arange(int(ticks.max().clamp(max=MOST_STEPS)) + 1, device=phase.device)
        position_px = paths.at((number - phase[:, None]) * self._period_ms)
        # Exactly, also where steps take no time or a tick falls just short of the last point.
        position_px[:, 0] = 0
        past = (number >= ticks[:, None])[..., None]
        position_px = torch.where(past, paths.position_px[:, -1:], position_px)
        if self.whole_px:
            position_px = position_px.round()
        steps_px = position_px.diff(dim=1).to(movements.deltas.dtype) + 0.0  # no negative zeros
        return _without_still_ends(movements, steps_px, self._period_ms)


def _without_still_ends(
    movements: Trajectories, steps_px: Float[Tensor, "B T 2"], period_ms: float
) -> Trajectories:
    """Return movements of these steps; what precedes the first moving one does not move the start."""
    T = steps_px.shape[1]
    number = torch.arange(T, device=steps_px.device)
    moving = steps_px.ne(0).any(-1)
    first = torch.where(moving, number, T).amin(1)
    lengths = torch.where(moving, number + 1, 0).amax(1) - first
    first = first.where(lengths > 0, 0)
    lengths = lengths.clamp(min=1).where(movements.lengths > 0, 0)
    longest = int(lengths.max())
    index = (first[:, None] + number[:longest]).clamp(max=T - 1)
    steps_px = steps_px.take_along_dim(index[..., None], 1)
    deltas = torch.nn.functional.pad(steps_px, (0, 1), value=period_ms)
    return replace(movements, deltas=deltas, lengths=lengths.to(movements.lengths.dtype))
