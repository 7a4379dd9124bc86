"""Pauses: some movements stop once on the way."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from humouse.bots.composed.points import Rows, Times

_SHARE = 0.15


@dataclass(frozen=True)
class Pauses:
    """One pause of each movement, of 0 ms where it has none.

    Args:
        begin_ms: [n] when it begins.
        lasts_ms: [n] how long it takes.
    """

    begin_ms: Float[np.ndarray, "n"]
    lasts_ms: Float[np.ndarray, "n"]

    def delayed(self, row: Rows, t_ms: Times) -> Times:
        """Return [S] the times, those after the pause later by it."""
        return t_ms + np.where(t_ms > self.begin_ms[row], self.lasts_ms[row], 0)


def draw_pauses(end_ms: Float[np.ndarray, "n"], *, rng: np.random.Generator, plain: bool) -> Pauses:
    """Return a pause of 30 to 180 ms for 15% of the movements; none where `plain`."""
    n = len(end_ms)
    lasts_ms = (rng.random(n) < (0 if plain else _SHARE)) * rng.uniform(30, 180, n)
    return Pauses(rng.uniform(0.1, 0.95, n) * end_ms, lasts_ms)
