"""Speeds: how the share of the path grows with the share of the time."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import betainc, ndtr

from humouse.bots.composed.curves import SHARES, minimum_jerk
from humouse.bots.composed.draws import choose, log_uniform

WEIGHTS = {
    "constant": 1,
    "minimum_jerk": 1.5,
    "power": 1,
    "ease": 1,
    "lognormal": 1.2,
    "beta": 1,
    "walk": 1,
    "waves": 0.5,
}
Profile = Callable[[np.random.Generator, int], Float[np.ndarray, "n K"]]


def draw_speeds(
    paced: Bool[np.ndarray, "n"], *, rng: np.random.Generator, plain: bool
) -> tuple[Float[np.ndarray, "n K"], Bool[np.ndarray, "n"]]:
    """Return [n, K] progress, from 0 to 1, never back, and whether it is along the path's length.

    Otherwise, for half of the movements, it is along the parameter of the path's formula.

    Args:
        paced: [n] whose path has a speed of its own.
        rng: Of this part.
        plain: Minimum jerk along the length for all.
    """
    n = len(paced)
    if plain:
        return np.tile(minimum_jerk(SHARES), (n, 1)), np.ones(n, bool)
    kind = choose(rng, WEIGHTS, n)
    progress = np.tile(SHARES, (n, 1))
    progress[kind == "minimum_jerk"] = minimum_jerk(SHARES)
    for name, profile in _PROFILES.items():
        rows = np.flatnonzero(kind == name)
        progress[rows] = profile(rng, len(rows))
    progress[paced] = SHARES
    return np.clip(progress, 0, 1), (rng.random(n) < 0.5) & ~paced


def _power(rng: np.random.Generator, n: int) -> Float[np.ndarray, "n K"]:
    """Powers of ½ to 4 of the time, or of the time left (60%)."""
    power = log_uniform(rng, 0.5, 4, n)[:, None]
    slowing = 1 - (1 - SHARES) ** np.maximum(power, 1 / power)
    return np.where(rng.random((n, 1)) < 0.6, slowing, SHARES**power)


def _ease(rng: np.random.Generator, n: int) -> Float[np.ndarray, "n K"]:
    """The easings of animation: power in and out, sine in and out, sine out, exponential out."""
    u, power = SHARES, rng.uniform(2, 5, (n, 1))
    in_out = np.where(u < 0.5, (2 * u) ** power / 2, 1 - (2 - 2 * u) ** power / 2)
    others = [
        (1 - np.cos(np.pi * u)) / 2,
        np.sin(np.pi * u / 2),
        (1 - 2 ** (-10 * u)) / (1 - 2**-10),
    ]
    return np.choose(rng.integers(0, 4, (n, 1)), [in_out, *others])


def _lognormal(rng: np.random.Generator, n: int) -> Float[np.ndarray, "n K"]:
    """A lognormal speed: σ 0.2 to 0.8, median at 0.2 to 0.5 of the time."""
    sigma, median = rng.uniform(0.2, 0.8, (n, 1)), rng.uniform(0.2, 0.5, (n, 1))
    reached = ndtr(np.log(np.maximum(SHARES, 1e-6) / median) / sigma)
    return reached / reached[:, -1:]


def _beta(rng: np.random.Generator, n: int) -> Float[np.ndarray, "n K"]:
    """The speed of a beta density."""
    return betainc(rng.uniform(1.2, 5, (n, 1)), rng.uniform(1.2, 6, (n, 1)), SHARES)


def _walk(rng: np.random.Generator, n: int) -> Float[np.ndarray, "n K"]:
    """A speed whose logarithm walks at random, low at both ends."""
    walked = np.cumsum(rng.normal(size=(n, len(SHARES))), 1) * rng.uniform(0.02, 0.2, (n, 1))
    return _progress(np.exp(walked) * (SHARES * (1 - SHARES) + rng.uniform(0, 0.2, (n, 1))))


def _waves(rng: np.random.Generator, n: int) -> Float[np.ndarray, "n K"]:
    """A speed that goes up and down, 1 to 6 times."""
    cycles = rng.uniform(1, 6, (n, 1)) * SHARES + rng.random((n, 1))
    return _progress(1 + rng.uniform(0.1, 0.9, (n, 1)) * np.sin(2 * np.pi * cycles))


def _progress(speed: Float[np.ndarray, "n K"]) -> Float[np.ndarray, "n K"]:
    way = np.cumsum(speed, 1) - speed[:, :1]
    return way / way[:, -1:]


_PROFILES: dict[str, Profile] = {
    "power": _power,
    "ease": _ease,
    "lognormal": _lognormal,
    "beta": _beta,
    "walk": _walk,
    "waves": _waves,
}
