"""Durations of the main submovement: a person's, anything, or by Fitts's law."""

import numpy as np
from jaxtyping import Float

from humouse.bots.composed.draws import choose, log_uniform

WEIGHTS = {"person": 0.4, "any": 0.35, "fitts": 0.25}
SHORTEST_MS, LONGEST_MS = 50, 2500


def draw_durations(
    person_ms: Float[np.ndarray, "n"],
    distance_px: Float[np.ndarray, "n"],
    *,
    rng: np.random.Generator,
    plain: bool,
) -> Float[np.ndarray, "n"]:
    """Return [n] durations (ms), within bounds.

    Args:
        person_ms: [n] how long the person took.
        distance_px: [n] from start to goal.
        rng: Of this part.
        plain: All take as long as the person.
    """
    n = len(person_ms)
    if not plain:
        kind = choose(rng, WEIGHTS, n)
        difficulty = np.log2(distance_px / rng.uniform(10, 100, n) + 1)
        fitts_ms = rng.uniform(0, 250, n) + rng.uniform(40, 220, n) * difficulty
        any_ms = log_uniform(rng, 60, 2200, n)
        person_ms = np.select([kind == "any", kind == "fitts"], [any_ms, fitts_ms], person_ms)
    return np.clip(person_ms, SHORTEST_MS, LONGEST_MS)
