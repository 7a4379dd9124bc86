"""Draws that several parts share."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Shaped


def choose(
    rng: np.random.Generator, weights: Mapping[str, float], n: int
) -> Shaped[np.ndarray, "n"]:
    """Return [n] names, each as often as its weight says."""
    weight = np.array(list(weights.values()))
    return np.array(list(weights))[rng.choice(len(weight), n, p=weight / weight.sum())]


def log_uniform(
    rng: np.random.Generator, low: float, high: float, n: int
) -> Float[np.ndarray, "n"]:
    """Return [n] numbers between low and high, every factor as likely as every other."""
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def normal_plane(rng: np.random.Generator, *size: int) -> np.ndarray:
    """Return complex numbers of that size: standard normal along each axis."""
    x, y = rng.normal(size=(2, *size))
    return x + 1j * y
