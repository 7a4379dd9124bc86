"""One clock: movements as a single clock would have recorded them, whatever recorded them.

A device shows in how often it reports, when, and whether it reports while nothing moves. Laid on one
clock, movements of all devices differ by the hand alone.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, Float64, Int64

from humouse.data.resampling import Paths, ticks_needed
from humouse.errors import InputError
from humouse.points import MOST_STEPS
from humouse.steps import Steps, in_blocks, merge_zero_moves

_LONGEST_PAUSE_MS = 3.6e6

SCORING_PHASE = 0.5
"""The phase of every movement that is scored, so that its answer is always the same."""


def phases(n: int, seed: int | None = None) -> Float64[np.ndarray, "n"]:
    """Return how far each movement's clock has come when it begins, in periods.

    Args:
        n: How many movements.
        seed: Of phases drawn from [0, 1), for training; the first of them do not depend on n. None
            gives `SCORING_PHASE` to all.
    """
    if seed is None:
        return np.full(n, SCORING_PHASE)
    # Here, since it brings torch, which scoring does without.
    from humouse.randomness import derive_seed, uniform_at

    return uniform_at(derive_seed(seed, "phase"), np.arange(n))


def steady(movements: Steps, pause_ms: float = 200.0) -> Steps:
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


def _longest_stretch(movements: Steps, pause_ms: float) -> Steps:
    merged = merge_zero_moves(movements)
    B, T = merged.deltas.shape[:2]
    if not T:
        return merged
    upto, row = np.arange(1, T + 1), np.arange(B)
    cut = ~merged.mask | (merged.deltas[..., 2] > pause_ms)
    run = upto - np.maximum.accumulate(np.where(cut, upto, 0), 1)
    lengths, end = run.max(1), run.argmax(1)  # the first of equals
    first = np.where(lengths > 0, end + 1 - lengths, 0)
    deltas = merged.deltas[row[:, None], np.minimum(first[:, None] + upto - 1, T - 1)]
    deltas[upto > lengths[:, None]] = 0
    way_px = Paths.of(merged).position_px[row, first]
    start = (merged.start + way_px).astype(np.float32)
    return replace(merged, deltas=deltas, lengths=lengths, start=start)


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
        if not 0 < self.pause_ms <= _LONGEST_PAUSE_MS:
            raise InputError(
                f"pause_ms={self.pause_ms}: must be above 0 and at most {_LONGEST_PAUSE_MS:,.0f}, an hour"
            )

    def __call__(self, movements: Steps, phase: Float64[np.ndarray, "B"]) -> Steps:
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

    def laid(self, cut: Steps, phase: Float64[np.ndarray, "B"]) -> Steps:
        """Return movements that are `steady` already on this clock; see `__call__`."""
        if not ((phase >= 0) & (phase < 1)).all():
            raise ValueError("phases must lie in [0, 1)")
        duration_ms = cut.deltas[..., 2].sum(1, np.float64)
        needed = ticks_needed(duration_ms, self._period_ms, phase)
        ticks = np.minimum(needed, MOST_STEPS + 1).astype(np.int64)
        return in_blocks(
            cut,
            np.maximum(ticks, cut.lengths),
            lambda block, rows: self._on_ticks(block, ticks[rows], phase[rows]),
        )

    @property
    def _period_ms(self) -> float:
        # As a step holds it: the ticks of a clock that is this one already are met exactly.
        return float(np.float32(self.period_ms))

    def _on_ticks(
        self, movements: Steps, ticks: Int64[np.ndarray, "b"], phase: Float64[np.ndarray, "b"]
    ) -> Steps:
        paths = Paths.of(movements)
        number = np.arange(min(int(ticks.max(initial=1)), MOST_STEPS) + 1)
        position_px = paths.at((number - phase[:, None]) * self._period_ms)
        # Exactly, also where steps take no time or a tick falls just short of the last point.
        position_px[:, 0] = 0
        past = (number >= ticks[:, None])[..., None]
        position_px = np.where(past, paths.position_px[:, -1:], position_px)
        if self.whole_px:
            position_px = position_px.round()
        steps_px = np.diff(position_px, axis=1).astype(np.float32) + np.float32(0)  # no −0
        return _without_still_ends(movements, steps_px, self._period_ms)


def _without_still_ends(
    movements: Steps, steps_px: Float32[np.ndarray, "B T 2"], period_ms: float
) -> Steps:
    """Return movements of these steps; what precedes the first moving one does not move the start."""
    B, T = steps_px.shape[:2]
    moving = (steps_px != 0).any(-1)
    some = moving.any(1)
    first = np.where(some, moving.argmax(1), 0)
    lengths = np.where(some, T - moving[:, ::-1].argmax(1), 0) - first
    lengths = np.where(movements.lengths > 0, np.maximum(lengths, 1), 0)
    number = np.arange(lengths.max(initial=0))
    deltas = np.full((B, len(number), 3), period_ms, np.float32)
    index = np.minimum(first[:, None] + number, T - 1)
    deltas[..., :2] = steps_px[np.arange(B)[:, None], index]
    deltas[number >= lengths[:, None]] = 0
    return replace(movements, deltas=deltas, lengths=lengths)
