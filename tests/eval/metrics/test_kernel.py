"""MMD against closed forms, the plain double sum, and permutations whose answer is known."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from humouse.eval.metrics.kernel import median_distance, mmd_rbf, mmd_score
from humouse.eval.statistics.resampling import Resampling, interval


@pytest.mark.parametrize("sigma", [0.7, 2.0])
def test_mmd_of_two_gaussians(gaussian, sigma):
    """E k(x, y) = Π_d (σ²/s_d)^½ exp(−μ_d²/2s_d), s_d = σ² + the sum of both variances."""

    def kernel(variance, shift, F=2):
        s = sigma**2 + variance
        return (sigma**2 / s) ** (F / 2) * math.exp(-F * shift**2 / (2 * s))

    expected = kernel(2, 0) + kernel(2 * 0.25, 0) - 2 * kernel(1.25, 0.8)
    got = mmd_rbf(gaussian(6000, 2, 1), gaussian(5000, 2, 2, 0.8, 0.5), sigma)
    assert got == pytest.approx(expected, rel=0.05)


def weighted_mmd(x, y, v, w, sigma):
    """Return MMD² of weighted rows, pair by pair."""

    def mean(a, b, u, t, same):
        top = bottom = 0.0
        for i in range(len(a)):
            for j in range(len(b)):
                if not (same and i == j):
                    top += u[i] * t[j] * math.exp(-float(((a[i] - b[j]) ** 2).sum()) / 2 / sigma**2)
                    bottom += u[i] * t[j]
        return top / bottom

    return mean(x, x, v, v, True) + mean(y, y, w, w, True) - 2 * mean(x, y, v, w, False)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(2, 30), st.integers(2, 30), st.floats(0.1, 10))
def test_mmd_equals_the_plain_double_sum(gaussian, seed, m, n, sigma):
    x, y = gaussian(m, 3, seed).double(), gaussian(n, 3, seed + 1, 0.3).double()
    expected = weighted_mmd(x, y, [1] * m, [1] * n, sigma)
    assert mmd_rbf(x, y, sigma) == pytest.approx(expected, abs=1e-10)


def test_draws_equal_the_plain_weighted_sum(crowd):
    (x, people), (y, _) = crowd(0, 6, 4), crowd(1, 5, 4)
    drawn = Resampling.over_people(people, len(x), None, len(y), replicates=8, seed=0)
    values = [weighted_mmd(x, y, *pair, 1.5) for pair in zip(drawn.real, drawn.fake, strict=True)]
    score = mmd_score(x, y, sigma=1.5, resampling=drawn)
    assert score.value == pytest.approx(mmd_rbf(x, y, 1.5), abs=1e-12)
    expected = interval(score.value, torch.tensor(values), drawn.units)
    assert (score.low, score.high) == pytest.approx(expected, abs=1e-12)


def test_mmd_across_blocks(gaussian):
    x, y = gaussian(1500, 2, 1), gaussian(2300, 2, 2, 0.2)
    a, b = x.double(), y.double()

    def mean(p, q, same):
        k = torch.exp(-torch.cdist(p, q).square() / 2)
        return (k.sum() - len(p)) / (len(p) * (len(p) - 1)) if same else k.mean()

    expected = mean(a, a, True) + mean(b, b, True) - 2 * mean(a, b, False)
    assert mmd_rbf(x, y, 1.0) == pytest.approx(float(expected), abs=1e-12)


def test_mmd_is_unbiased_and_far_from_the_origin(gaussian):
    draws = [mmd_rbf(gaussian(60, 2, 2 * i), gaussian(60, 2, 2 * i + 1), 1.0) for i in range(200)]
    assert min(draws) < 0  # not clipped
    assert abs(np.mean(draws)) < 4 * np.std(draws) / math.sqrt(200)
    near = mmd_rbf(gaussian(99, 2, 1).double(), gaussian(99, 2, 2, 0.5).double())
    far = mmd_rbf(gaussian(99, 2, 1).double() + 1e5, gaussian(99, 2, 2, 0.5).double() + 1e5)
    assert near == pytest.approx(far, rel=1e-6)


def test_median_bandwidth(gaussian):
    x, y = gaussian(300, 4, 1), gaussian(300, 4, 2)
    assert median_distance(x, y) == pytest.approx(math.sqrt(2 * 3.357), rel=0.05)  # χ²₄'s median
    assert mmd_rbf(x, y) == mmd_rbf(x, y, median_distance(x, y))
    with pytest.raises(ValueError, match="sigma"):
        mmd_rbf(x, y, 0.0)


def test_a_score_without_draws_or_permutations_is_the_bare_number(gaussian):
    x, y = gaussian(40, 2, 1), gaussian(50, 2, 2)
    score = mmd_score(x, y)
    assert (score.value, score.low, score.high, score.p_value) == (mmd_rbf(x, y), None, None, None)


def test_permutations_equal_mmd_of_the_relabelled_sets(gaussian):
    """All 20 ways to cut six rows in two, against p from a few thousand random ones."""
    rows = torch.cat([gaussian(3, 2, 1), gaussian(3, 2, 2, 1.0)])
    cuts = [[i, j, k] for i in range(6) for j in range(i) for k in range(j)]
    everywhere = []
    for cut in cuts:
        rest = [i for i in range(6) if i not in cut]
        everywhere.append(mmd_rbf(rows[cut], rows[rest], 1.0))
    observed = mmd_rbf(rows[:3], rows[3:], 1.0)
    exact = np.mean(np.array(everywhere) >= observed - 1e-12)
    found = mmd_score(rows[:3], rows[3:], sigma=1.0, permutations=4000).p_value
    assert 0.05 < exact < 0.95
    assert found == pytest.approx(exact, abs=0.03)


def test_p_is_uniform_under_equality_and_small_under_a_shift(gaussian):
    def p(seed, shift):
        pair = gaussian(30, 2, 2 * seed), gaussian(40, 2, 2 * seed + 1, shift)
        return mmd_score(*pair, permutations=99, seed=seed).p_value

    assert kstest([p(seed, 0.0) for seed in range(150)], "uniform").pvalue > 0.01
    assert max(p(seed, 2.0) for seed in range(10)) == 0.01
    assert p(3, 0.0) == p(3, 0.0)


@pytest.mark.slow
def test_whole_people_change_sides_where_both_sides_name_them(crowd):
    """Two groups of the same kind of people: rows one by one call them different."""

    def p(seed, by_people):
        (a, one), (b, two) = crowd(2 * seed, spread=2), crowd(2 * seed + 1, spread=2)
        users = {"real_users": one, "fake_users": two} if by_people else {}
        return mmd_score(a, b, permutations=99, seed=seed, **users).p_value

    people = np.array([p(seed, True) for seed in range(80)])
    rows = np.array([p(seed, False) for seed in range(80)])
    assert kstest(people, "uniform").pvalue > 0.01
    assert (rows <= 0.05).mean() > 0.7
    (a, one), (b, two) = crowd(0), crowd(1, shift=3.0)
    assert mmd_score(a, b, permutations=99, real_users=one, fake_users=two).p_value == 0.01


def test_people_on_both_sides_change_by_rows(crowd):
    rows, names = crowd(0)
    halves = slice(0, None, 2), slice(1, None, 2)
    first, second = (rows[half] for half in halves)
    users = {"real_users": names[halves[0]], "fake_users": list(names[halves[1]])}
    shared = mmd_score(first, second, permutations=99, **users)
    assert shared == mmd_score(first, second, permutations=99)


@pytest.mark.slow  # many simulated populations
def test_the_interval_covers_and_one_over_rows_does_not(coverage):
    def score(real, fake, drawn):
        return mmd_score(real, fake, sigma=2.0, resampling=drawn)

    by_people, by_rows = coverage(score)
    assert by_people >= 0.88
    assert by_rows <= 0.7


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"permutations": 9, "fake_users": ["ann"]}, "9 rows need 9 users, not 1"),
        (
            {"resampling": Resampling(torch.ones(2, 9), torch.ones(2, 8), 8)},
            "the replicates are of 9 and 8 rows, the sets have 9 and 9",
        ),
    ],
)
def test_what_does_not_fit_is_refused(gaussian, settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        mmd_score(gaussian(9), gaussian(9), **settings)
