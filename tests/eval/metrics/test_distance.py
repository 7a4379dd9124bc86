"""Wasserstein distances against scipy and a closed form."""

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from humouse.eval.metrics.distance import wasserstein_per_feature, wasserstein_scores
from humouse.eval.statistics.resampling import Resampling, interval


def test_wasserstein_of_a_shift_and_of_unequal_sizes():
    real = torch.arange(100.0)[:, None].repeat(1, 2)
    fake = real + torch.tensor([3.0, -0.5])
    torch.testing.assert_close(
        wasserstein_per_feature(real, fake.repeat(2, 1)), torch.tensor([3, 0.5]).double()
    )


def test_the_same_rows_in_another_order_are_at_zero_exactly(gaussian):
    rows = gaussian(301, 4)
    assert (wasserstein_per_feature(rows, rows.flip(0)) == 0).all()
    assert (wasserstein_per_feature(rows, rows.repeat(3, 1)) == 0).all()


def ties(seed, n):
    """Return features with many equal values, a constant one, and one of huge size."""
    rng = np.random.default_rng(seed)
    columns = rng.integers(0, 4, n), np.full(n, 16.0), 1e6 * rng.standard_cauchy(n)
    return torch.from_numpy(np.stack([column.astype(float) for column in columns], 1))


def test_values_and_draws_equal_scipy():
    real, fake = ties(0, 60), ties(1, 45)
    people = (np.arange(60) % 7).astype(str)
    drawn = Resampling.over_people(people, 60, None, 45, replicates=9, seed=0)
    scores = wasserstein_scores(real, fake, resampling=drawn)
    weights = [
        (np.ones(60), np.ones(45)),
        *zip(drawn.real.numpy(), drawn.fake.numpy(), strict=True),
    ]
    spread = real.std(0, correction=0)
    unit = torch.where(spread > 0, spread, 1.0)
    expected = torch.tensor(
        [
            [wasserstein_distance(a, b, v, w) for a, b in zip(real.T, fake.T, strict=True)]
            for v, w in weights
        ]
    ).double()
    torch.testing.assert_close(wasserstein_per_feature(real, fake), expected[0])
    relative = expected / unit
    for found, values in zip(
        [*scores.features, scores.mean], [*relative.T, relative.mean(1)], strict=True
    ):
        assert found.value == pytest.approx(float(values[0]))
        ends = np.clip(interval(found.value, values[1:], drawn.units), 0, np.inf)
        assert (found.low, found.high) == pytest.approx(ends)
    assert scores.features[1].high == 0


def test_the_distance_of_gaussians(gaussian):
    """W₁ of a shift is the shift; of a scale s about the mean, |s − 1| E|x| = |s − 1| √(2/π)."""
    real = gaussian(4000, 1, 1)
    shifted = wasserstein_scores(real, gaussian(4000, 1, 2, 0.7)).features[0]
    scaled = wasserstein_scores(real, gaussian(4000, 1, 3, 0.0, 1.5)).features[0]
    assert shifted.value == pytest.approx(0.7, abs=0.05)
    assert scaled.value == pytest.approx(0.5 * np.sqrt(2 / np.pi), abs=0.05)


@pytest.mark.slow  # many simulated populations
def test_the_interval_covers_and_one_over_rows_does_not(coverage):
    by_people, by_rows = coverage(
        lambda real, fake, drawn: wasserstein_scores(real, fake, resampling=drawn).mean
    )
    assert by_people >= 0.85
    assert by_rows <= 0.7
