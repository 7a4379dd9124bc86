"""Metrics against closed forms, another library, and data whose answer is known."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from prdc import compute_prdc

from humouse.eval.classifier import fold_numbers
from humouse.eval.metrics import (
    PROBES,
    RobustScale,
    c2st,
    c2st_scores,
    common_scale,
    density_coverage,
    knn_precision_recall,
    median_distance,
    mmd_rbf,
    prd,
    prd_scores,
    wasserstein_per_feature,
)

ALL = (c2st, mmd_rbf, prd, knn_precision_recall, density_coverage, wasserstein_per_feature)


def gaussian(n, F=3, seed=0, shift=0.0, scale=1.0):
    rng = torch.Generator().manual_seed(seed)
    return scale * torch.randn(n, F, generator=rng) + shift


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize(
    ("real", "fake", "complaint"),
    [
        (gaussian(5, 3), gaussian(5, 2), "real has 3 features but fake has 2"),
        (gaussian(1), gaussian(5), "real has 1 rows"),
        (gaussian(5), gaussian(5).index_fill(0, torch.tensor([2]), torch.nan), "fake holds NaN"),
        (gaussian(5).index_fill(0, torch.tensor([0]), torch.inf), gaussian(5), "real holds NaN"),
        (gaussian(5, 0), gaussian(5, 0), "no features"),
    ],
)
def test_bad_input_is_named(metric, real, fake, complaint):
    with pytest.raises(ValueError, match=complaint):
        metric(real, fake)


@pytest.mark.parametrize("metric", ALL)
def test_constant_features_and_duplicates_are_no_problem(metric):
    real, fake = torch.ones(40, 2), torch.ones(40, 2)
    answer = torch.as_tensor(metric(real, fake)).double()
    expected = {c2st: [0.5], mmd_rbf: [0], wasserstein_per_feature: [0, 0]}.get(metric, [1, 1])
    if metric is density_coverage:
        expected = [40 / 5, 1]
    torch.testing.assert_close(answer.flatten(), torch.tensor(expected).double())


# MMD


@pytest.mark.parametrize("sigma", [0.7, 2.0])
def test_mmd_of_two_gaussians(sigma):
    """E k(x, y) = Π_d (σ²/s_d)^½ exp(−μ_d²/2s_d), s_d = σ² + the sum of both variances."""

    def kernel(variance, shift, F=2):
        s = sigma**2 + variance
        return (sigma**2 / s) ** (F / 2) * math.exp(-F * shift**2 / (2 * s))

    expected = kernel(2, 0) + kernel(2 * 0.25, 0) - 2 * kernel(1.25, 0.8)
    got = mmd_rbf(gaussian(6000, 2, 1), gaussian(5000, 2, 2, 0.8, 0.5), sigma)
    assert got == pytest.approx(expected, rel=0.05)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.integers(2, 40), st.integers(2, 40), st.floats(0.1, 10))
def test_mmd_equals_the_plain_double_sum(seed, m, n, sigma):
    x, y = gaussian(m, 3, seed).double(), gaussian(n, 3, seed + 1, 0.3).double()

    def k(a, b):
        return math.exp(-float(((a - b) ** 2).sum()) / (2 * sigma**2))

    expected = (
        sum(k(x[i], x[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
        + sum(k(y[i], y[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
        - 2 * sum(k(a, b) for a in x for b in y) / (m * n)
    )
    assert mmd_rbf(x, y, sigma) == pytest.approx(expected, abs=1e-10)


def test_mmd_across_blocks():
    x, y = gaussian(1500, 2, 1), gaussian(2300, 2, 2, 0.2)
    a, b = x.double(), y.double()

    def mean(p, q, same):
        k = torch.exp(-torch.cdist(p, q).square() / 2)
        return (k.sum() - len(p)) / (len(p) * (len(p) - 1)) if same else k.mean()

    expected = mean(a, a, True) + mean(b, b, True) - 2 * mean(a, b, False)
    assert mmd_rbf(x, y, 1.0) == pytest.approx(float(expected), abs=1e-12)


def test_mmd_is_unbiased_and_far_from_the_origin():
    draws = [mmd_rbf(gaussian(60, 2, 2 * i), gaussian(60, 2, 2 * i + 1), 1.0) for i in range(200)]
    assert min(draws) < 0  # not clipped
    assert abs(np.mean(draws)) < 4 * np.std(draws) / math.sqrt(200)
    near = mmd_rbf(gaussian(99, 2, 1).double(), gaussian(99, 2, 2, 0.5).double())
    far = mmd_rbf(gaussian(99, 2, 1).double() + 1e5, gaussian(99, 2, 2, 0.5).double() + 1e5)
    assert near == pytest.approx(far, rel=1e-6)


def test_median_bandwidth():
    x, y = gaussian(300, 4, 1), gaussian(300, 4, 2)
    assert median_distance(x, y) == pytest.approx(math.sqrt(2 * 3.357), rel=0.05)  # χ²₄'s median
    assert mmd_rbf(x, y) == mmd_rbf(x, y, median_distance(x, y))
    with pytest.raises(ValueError, match="sigma"):
        mmd_rbf(x, y, 0.0)


# C2ST


@pytest.mark.parametrize("probe", PROBES)
def test_equal_gaussians_cannot_be_told_apart(probe):
    score = c2st_scores(gaussian(400, 5, 1), gaussian(400, 5, 2), probe=probe)
    assert score.accuracy == pytest.approx(0.5, abs=0.07)
    assert score.auc == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("probe", PROBES)
def test_shifted_gaussians_are_told_apart_at_the_bayes_rate(probe):
    shift = 0.8
    distance = shift * math.sqrt(2)  # between the means of two features
    normal = torch.distributions.Normal(0, 1)
    bayes = float(normal.cdf(torch.tensor(distance / 2)))
    auc = float(normal.cdf(torch.tensor(distance / math.sqrt(2))))
    score = c2st_scores(gaussian(1500, 2, 1), gaussian(1500, 2, 2, shift), probe=probe)
    slack = 0.03 if probe in ("logistic", "mlp") else 0.06
    assert bayes - slack < score.accuracy < bayes + 0.03
    assert auc - slack < score.auc < auc + 0.03


def test_heavy_tails_do_not_hide_a_shift():
    real, fake = gaussian(800, 1, 1), gaussian(800, 1, 2, 1.0)
    real[::100] = 1e8  # a standard deviation of 1e7 would squeeze the rest into one point
    fake[::100] = 1e8
    assert c2st(real, fake) > 0.64


def test_c2st_of_unequal_sizes_is_balanced_and_seeded():
    real, fake = gaussian(2000, 3, 1), gaussian(200, 3, 2)
    assert c2st(real, fake) == pytest.approx(0.5, abs=0.1)  # always "real" would be right at 0.91
    assert c2st(real, fake) == c2st(real, fake)


def test_people_on_both_sides_are_never_in_two_folds():
    """Each person has their own place; sides differ in people alone, so nothing can be learnt."""
    rng = np.random.default_rng(0)
    place = rng.normal(0, 5, (40, 4))
    person = rng.integers(0, 40, 1200)
    rows = torch.from_numpy(place[person] + rng.normal(0, 0.1, (1200, 4)))
    names = np.array([f"person {k}" for k in person])
    real = person < 20
    known = c2st_scores(rows[real], rows[~real], probe="forest")
    held_out = c2st_scores(
        rows[real],
        rows[~real],
        probe="forest",
        real_groups=names[real],
        fake_groups=names[~real],
    )
    assert known.accuracy > 0.95
    assert held_out.accuracy < 0.75


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 1000), st.integers(2, 60), st.integers(1, 9), st.integers(2, 6), st.booleans()
)
def test_folds_hold_people_together_and_balance_sides(seed, n, people, folds, both):
    rng = np.random.default_rng(seed)
    names = rng.integers(0, people, (2, n)).astype(str)
    first, second = fold_numbers(names[0], names[1] if both else None, n, folds, rng)
    assert len(first) == len(second) == n
    everybody = np.unique(names if both else names[0])
    if len(everybody) > 1:
        assert 2 <= len(np.unique(np.concatenate([first, second]))) <= min(folds, len(everybody))
        for name in everybody:
            where = set(first[names[0] == name])
            if both:
                where |= set(second[names[1] == name])
            assert len(where) == 1
    if not both:
        np.testing.assert_array_equal(np.bincount(first), np.bincount(second))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"probe": "logstic"}, "no probe 'logstic'"),
        ({"folds": 1}, "at least 2"),
        ({"real_groups": ["ann"]}, "9 rows need 9 groups, not 1"),
    ],
)
def test_c2st_refuses(settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        c2st_scores(gaussian(9), gaussian(9), **settings)


# PRD


def test_prd_of_equal_and_of_disjoint_sets():
    precision, recall = prd(gaussian(1000, 2, 1), gaussian(1000, 2, 2))
    assert precision > 0.95
    assert recall > 0.95
    assert prd(gaussian(500, 2, 1), gaussian(500, 2, 2, 100.0)) == pytest.approx((0, 0), abs=0.01)


def modes(shares, seed, n=1000):
    """Return rows around so many far points, by share."""
    rng = np.random.default_rng(seed)
    which = rng.choice(len(shares), n, p=shares)
    centre = 50 * np.stack([np.cos(np.arange(len(shares))), np.sin(np.arange(len(shares)))], 1)
    return torch.from_numpy(centre[which] + rng.normal(0, 1, (n, 2)))


def test_a_dropped_mode_costs_recall_and_an_invented_one_precision():
    four, two = modes([0.25] * 4, 0), modes([0.5, 0.5, 0, 0], 1)
    precision, recall = prd(four, two)
    assert precision > 0.9
    assert recall < 0.65
    assert prd(two, four) == pytest.approx((recall, precision), abs=0.05)


def test_prd_is_seeded_and_takes_unequal_sizes():
    real, fake = gaussian(400, 2, 1), gaussian(90, 2, 2)
    assert prd_scores(real, fake, runs=2, seed=3) == prd_scores(real, fake, runs=2, seed=3)
    assert min(prd(real, fake)) > 0.75


# neighbours


def test_neighbours_equal_prdc():
    real, fake = gaussian(300, 4, 1).double(), gaussian(200, 4, 2, 0.5, 0.8).double()
    expected = compute_prdc(real.numpy(), fake.numpy(), nearest_k=5)
    got = {
        **knn_precision_recall(real, fake, k=5)._asdict(),
        **density_coverage(real, fake, k=5)._asdict(),
    }
    assert set(got) == set(expected)
    for name, value in expected.items():
        assert got[name] == pytest.approx(value), name
    assert 0.05 < got["recall"] < got["precision"]  # neither way round by chance


def test_neighbours_of_few_rows_and_of_none():
    few = density_coverage(gaussian(3), gaussian(3), k=5)
    assert few.coverage == 1
    with pytest.raises(ValueError, match="k must be"):
        knn_precision_recall(gaussian(9), gaussian(9), k=0)


# scale and distance


def test_wasserstein_of_a_shift_and_of_unequal_sizes():
    real = torch.arange(100.0)[:, None].repeat(1, 2)
    fake = real + torch.tensor([3.0, -0.5])
    torch.testing.assert_close(
        wasserstein_per_feature(real, fake.repeat(2, 1)), torch.tensor([3, 0.5]).double()
    )


def test_robust_scale():
    values = gaussian(4000, 2, 1, 7.0, 3.0)
    scaled = RobustScale.fit(values)(values)
    torch.testing.assert_close(scaled.median(0).values, torch.zeros(2).double(), atol=0.01, rtol=0)
    torch.testing.assert_close(scaled.sinh().std(0), torch.ones(2).double(), atol=0.05, rtol=0)
    mostly_zero = torch.zeros(100, 1)
    mostly_zero[:5] = 4.0
    assert RobustScale.fit(mostly_zero).width[0] == pytest.approx(4 * math.sqrt(0.05 * 0.95))
    real, fake = common_scale(values, values * 1e6)
    assert float(fake.abs().max()) < 20 < 1e3 < float((values * 1e6).abs().max())
    assert torch.equal(real, scaled)
