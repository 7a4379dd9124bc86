"""Corrections: the main submovement misses, often too far, and up to three small ones follow."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float

from humouse.bots.composed.curves import minimum_jerk
from humouse.bots.composed.draws import normal_plane
from humouse.bots.composed.points import Positions, Rows, Times

MOST = 3
_SHARE = 0.4


@dataclass(frozen=True)
class Corrections:
    """Submovements after the main one; those that a movement lacks go nowhere and take no time.

    Args:
        miss_px: [n] where the main submovement ends, from the goal.
        way_px: [n, MOST] from each correction's start to its end.
        bend: [n, MOST] how far it swings out, as a share of its way.
        begin_ms: [n, MOST] when it begins.
        lasts_ms: [n, MOST] how long it takes.
    """

    miss_px: Complex[np.ndarray, "n"]
    way_px: Complex[np.ndarray, "n most"]
    bend: Float[np.ndarray, "n most"]
    begin_ms: Float[np.ndarray, "n most"]
    lasts_ms: Float[np.ndarray, "n most"]

    @property
    def end_ms(self) -> Float[np.ndarray, "n"]:
        """[n] when the last submovement has ended."""
        return self.begin_ms[:, -1] + self.lasts_ms[:, -1]

    def at(self, row: Rows, t_ms: Times) -> Positions:
        """Return [S] how far the corrections have come (px)."""
        share = (t_ms[:, None] - self.begin_ms[row]) / np.maximum(self.lasts_ms[row], 1)
        come = minimum_jerk(share)
        return (self.way_px[row] * (come + 1j * self.bend[row] * np.sin(np.pi * come))).sum(1)


def draw_corrections(
    goal_px: Complex[np.ndarray, "n"],
    duration_ms: Float[np.ndarray, "n"],
    *,
    rng: np.random.Generator,
    plain: bool,
) -> Corrections:
    """Return one to three corrections for 40% of the movements; none where `plain`.

    A correction may begin before the last submovement has ended. The last one ends at the goal.
    """
    n = len(goal_px)
    count = np.where(rng.random(n) < (0 if plain else _SHARE), rng.integers(1, MOST + 1, n), 0)
    there = np.arange(MOST) < count[:, None]
    error = normal_plane(rng, n, MOST) * rng.uniform(0.01, 0.15, (n, MOST))
    too_far = np.exp(1j * np.angle(goal_px)) * np.abs(error[:, 0].real) + 0.15 * error[:, 0]
    error[:, 0] = np.where(rng.random(n) < 0.5, too_far, error[:, 0])
    error[:, 1:] *= 0.3
    miss_px = np.where(there, error * np.abs(goal_px)[:, None], 0)
    late = rng.random((n, MOST)) < 0.5
    wait_ms = np.where(late, rng.uniform(0, 120, (n, MOST)), rng.uniform(-60, 0, (n, MOST)))
    wait_ms = np.where(there, wait_ms, 0)
    lasts_ms = np.where(there, rng.uniform(60, 350, (n, MOST)), 0)
    return Corrections(
        miss_px[:, 0],
        np.diff(miss_px, axis=1, append=0),
        rng.normal(0, 0.08, (n, MOST)),
        duration_ms[:, None] + np.cumsum(wait_ms + lasts_ms, 1) - lasts_ms,
        lasts_ms,
    )
