"""Movements and features whose differences are known; how often an interval holds the truth."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from humouse.eval.statistics.resampling import Resampling
from humouse.trajectories import Trajectories


def reaches(
    n: int,
    seed: int,
    origin: str = "people",
    *,
    users: int = 0,
    first_user: int = 0,
    pace: float = 1.0,
    tick_ms: float = 16.0,
    near_only: bool = False,
) -> Trajectories:
    """Return n bell-shaped, slightly curved reaches of two kinds, near and far.

    Args:
        n: How many.
        seed: Of everything.
        origin: Their origin.
        users: How many people made them; 0 for nobody in particular.
        first_user: Number of the first of them.
        pace: Multiplies the speed.
        tick_ms: The recorder's clock.
        near_only: Leave out the far kind, four times as fast.
    """
    rng = np.random.default_rng(seed)
    T = 40
    lengths = rng.integers(14, T + 1, n)
    phase = np.minimum((np.arange(T) + 0.5) / lengths[:, None], 1)
    far = rng.uniform(size=(n, 1)) < (0 if near_only else 0.4)
    size = 8 * rng.lognormal(0, 0.25, (n, 1)) * np.where(far, 4, 1) * pace
    speed = size * np.sin(np.pi * phase) ** 2
    angle = rng.uniform(0, 2 * np.pi, (n, 1)) + rng.normal(0, 0.5, (n, 1)) * phase
    angle = angle + rng.normal(0, 0.1, (n, T))
    dt = tick_ms + rng.integers(-1, 2, (n, T))
    steps = np.stack([speed * np.cos(angle), speed * np.sin(angle), dt], 2)
    names = [f"person {first_user + k}" for k in rng.integers(0, users, n)] if users else None
    return Trajectories(
        torch.from_numpy(steps.round().astype(np.float32)),
        torch.from_numpy(lengths),
        torch.zeros(n, 2),
        None if names is None else np.array(names),
        origin,
    )


@pytest.fixture(scope="session")
def make_reaches() -> Callable[..., Trajectories]:
    """Return `reaches`."""
    return reaches


@pytest.fixture(scope="session")
def gaussian() -> Callable[..., torch.Tensor]:
    """Return rows of a Gaussian."""

    def rows(n, F=3, seed=0, shift=0.0, scale=1.0):
        rng = torch.Generator().manual_seed(seed)
        return scale * torch.randn(n, F, generator=rng) + shift

    return rows


@pytest.fixture(scope="session")
def modes() -> Callable[..., torch.Tensor]:
    """Return rows around so many far points, by share."""

    def rows(shares, seed, n=1000):
        rng = np.random.default_rng(seed)
        which = rng.choice(len(shares), n, p=shares)
        angle = np.arange(len(shares))
        centre = 50 * np.stack([np.cos(angle), np.sin(angle)], 1)
        return torch.from_numpy(centre[which] + rng.normal(0, 1, (n, 2)))

    return rows


@pytest.fixture(scope="session")
def crowd() -> Callable[..., tuple[torch.Tensor, np.ndarray]]:
    """Return the rows of some people, each around a place of their own, and their names."""

    def rows(seed, people=12, each=10, spread=1.0, shift=0.0, F=2):
        rng = np.random.default_rng(seed)
        person = np.repeat(np.arange(people), each)
        place = rng.normal(shift, spread, (people, F))
        names = np.array([f"{seed}-{k}" for k in person])
        return torch.from_numpy(place[person] + rng.normal(0, 1, (len(person), F))), names

    return rows


@pytest.fixture(scope="session")
def coverage(crowd) -> Callable[..., tuple[float, float]]:
    """Return how often the interval over people, and that over rows, holds the expected score.

    Two crowds of people are drawn anew each time, the second from a place 0.6 away.
    """

    def rates(score, times=120, replicates=100):
        def both(seed):
            return crowd(2 * seed), crowd(2 * seed + 1, shift=0.6)

        expected = np.mean(
            [score(a, b, None).value for (a, _), (b, _) in map(both, range(9000, 9300))]
        )
        held = np.zeros(2)
        for seed in range(times):
            (real, people), (fake, others) = both(seed)
            n, m = len(real), len(fake)
            for k, (first, second) in enumerate([(people, others), (None, None)]):
                drawn = Resampling.over_people(
                    first, n, second, m, replicates=replicates, seed=seed
                )
                found = score(real, fake, drawn)
                held[k] += found.low <= expected <= found.high
        by_people, by_rows = held / times
        return float(by_people), float(by_rows)

    return rates
