"""Attributes of movements ⇄ the continuous columns whose joint distribution is learned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from humouse.codec.priors.attributes import Attributes, NamedColumns, known_or
from humouse.codec.priors.polling import PollingClocks

_GOAL_SCALE_PX = 10.0
_LEAST_EXCESS = 1e-4


@dataclass(frozen=True, eq=False)
class Columns(NamedColumns):
    """Columns any values of which describe a possible movement.

    Args:
        log_length: [...] logarithm of the number of steps.
        start_px: [..., 2].
        goal: [..., 2] asinh(goal / 10 px).
        log_excess: [...] log(complexity − 1): no path is shorter than its chord.
        extra_ms: [...] duration in whole quanta of its clock, less length · period.
        remainder: [...] duration less whole quanta, in quanta.
        clock: [...] index of the clock among those seen.
        shares: [..., 3] shares of steps, as counts spread over (0, 1).
        person: [...] rank of who moved, among people in the order of their clocks.
    """

    places: ClassVar[Mapping[str, int | slice]] = {
        "log_length": 0,
        "start_px": slice(1, 3),
        "goal": slice(3, 5),
        "log_excess": 5,
        "extra_ms": 6,
        "remainder": 7,
        "clock": 8,
        "shares": slice(9, 12),
        "person": 12,
    }

    log_length: Float[np.ndarray, "*S"]
    start_px: Float[np.ndarray, "*S 2"]
    goal: Float[np.ndarray, "*S 2"]
    log_excess: Float[np.ndarray, "*S"]
    extra_ms: Float[np.ndarray, "*S"]
    remainder: Float[np.ndarray, "*S"]
    clock: Float[np.ndarray, "*S"]
    shares: Float[np.ndarray, "*S 3"]
    person: Float[np.ndarray, "*S"]

    def shares_of(self, length: Float[np.ndarray, "*S"]) -> Float[np.ndarray, "*S 3"]:
        """Return [..., 3] shares of steps, whole counts of a movement of this length."""
        steps = length[..., None]
        return np.floor(self.shares * (steps + 1)).clip(0, steps) / steps


@dataclass(frozen=True, eq=False)
class ColumnTransform:
    """Attributes ⇄ columns. Noise dequantises whole numbers; they are rounded on the way back.

    Args:
        clocks: The clocks seen.
        typical_length: Length that shares are counted in where the length is unknown.
        least_step_ms: Durations are at least this times the length.
    """

    clocks: PollingClocks
    typical_length: float
    least_step_ms: float

    def columns(
        self, known: Attributes, jitter: Attributes, person: Float[np.ndarray, "*S"]
    ) -> Columns:
        """Return the columns of movements, NaN where an attribute that they need is unknown.

        Args:
            known: The attributes.
            jitter: Noise for each attribute, −½ to ½.
            person: [...] ranks with noise of their own, NaN where unknown.
        """
        clock = self.clocks.index(known.tick_ms)
        _, period_ms, quantum_ms = self.clocks.at(clock)
        complexity = known_or(known.complexity, known.path_px / known.distance_px)
        quanta = (known.duration_ms / quantum_ms).round()
        counted = known_or(known.length, self.typical_length)[..., None]
        return Columns(
            log_length=np.log(known.length + jitter.length),
            start_px=known.start_px + jitter.start_px,
            goal=np.arcsinh((known.goal_px + jitter.goal_px) / _GOAL_SCALE_PX),
            log_excess=np.log((complexity - 1).clip(_LEAST_EXCESS)),
            extra_ms=(quanta + jitter.duration_ms) * quantum_ms - known.length * period_ms,
            remainder=known.duration_ms / quantum_ms - quanta,
            clock=clock + jitter.tick_ms,
            shares=(known.shares * counted + 0.5 + jitter.shares) / (counted + 1),
            person=person,
        )

    def attributes(self, columns: Columns, given: Attributes) -> Attributes:
        """Return the attributes that columns stand for.

        Args:
            columns: The columns.
            given: Lengths, goals and complexities that take the place of the columns' own where known.
        """
        length = known_or(given.length, np.exp(columns.log_length).round().clip(1))
        goal_px = known_or(given.goal_px, (np.sinh(columns.goal) * _GOAL_SCALE_PX).round())
        excess = np.exp(columns.log_excess)
        straight = excess <= _LEAST_EXCESS * 1.01  # what `columns` puts there has no excess at all
        complexity = known_or(given.complexity, 1 + np.where(straight, 0, excess))
        tick_ms, period_ms, quantum_ms = self.clocks.at(columns.clock)
        quanta = ((columns.extra_ms + length * period_ms) / quantum_ms).round()
        duration_ms = ((quanta + columns.remainder) * quantum_ms).round()
        return Attributes(
            length=length,
            start_px=columns.start_px.round(),
            goal_px=goal_px,
            duration_ms=np.maximum(duration_ms, np.ceil(length * self.least_step_ms)),
            path_px=complexity * np.hypot(goal_px[..., 0], goal_px[..., 1]).clip(1),
            complexity=complexity,
            tick_ms=tick_ms,
            shares=columns.shares_of(length),
        )
