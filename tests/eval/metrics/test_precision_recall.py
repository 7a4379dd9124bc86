"""PRD on sets whose answer is known."""

import numpy as np
import pytest
import torch

from humouse.eval.metrics.precision_recall import prd, prd_score, prd_scores
from humouse.eval.statistics.resampling import Resampling, interval


def test_prd_of_equal_and_of_disjoint_sets(gaussian):
    precision, recall = prd(gaussian(1000, 2, 1), gaussian(1000, 2, 2))
    assert precision > 0.95
    assert recall > 0.95
    assert prd(gaussian(500, 2, 1), gaussian(500, 2, 2, 100.0)) == pytest.approx((0, 0), abs=0.01)


def test_a_dropped_mode_costs_recall_and_an_invented_one_precision(modes):
    four, two = modes([0.25] * 4, 0), modes([0.5, 0.5, 0, 0], 1)
    precision, recall = prd(four, two)
    assert precision > 0.9
    assert recall < 0.65
    assert prd(two, four) == pytest.approx((recall, precision), abs=0.05)


def test_prd_is_seeded_and_takes_unequal_sizes(gaussian):
    real, fake = gaussian(400, 2, 1), gaussian(90, 2, 2)
    assert prd_scores(real, fake, runs=2, seed=3) == prd_scores(real, fake, runs=2, seed=3)
    assert min(prd(real, fake)) > 0.75
    drawn = Resampling.over_people(None, 400, None, 90, replicates=20, seed=0)
    score = prd_score(real, fake, runs=2, seed=3, resampling=drawn)
    assert (score.precision.value, score.recall.value) == prd_scores(real, fake, runs=2, seed=3)
    assert 0 < score.recall.high - score.recall.low < 0.3


def plain_f(p, q, beta):
    """Return the best F_beta of the curve of two histograms, slope by slope."""
    best = 0.0
    for angle in np.linspace(1e-6, np.pi / 2 - 1e-6, 4001):
        precision = np.minimum(np.tan(angle) * p, q).sum()
        recall = precision / np.tan(angle)
        best = max(best, (1 + beta**2) * precision * recall / (beta**2 * precision + recall))
    return best


def test_draws_weigh_the_clusters_anew(modes):
    """With a cluster for each mode the shares, and so the scores, are known."""
    real, fake = modes([0.4, 0.3, 0.2, 0.1], 0, 200), modes([0.1, 0.2, 0.7, 0], 1, 200)
    people = np.arange(200) % 10
    drawn = Resampling.over_people(people.astype(str), 200, None, 200, replicates=6, seed=0)
    score = prd_score(real, fake, clusters=4, runs=1, resampling=drawn)
    angle = torch.arange(4).double()
    centre = 50 * torch.stack([angle.cos(), angle.sin()], 1)
    mode_real, mode_fake = (torch.cdist(side, centre).argmin(1).numpy() for side in (real, fake))
    ones = np.ones(200)
    weights = [(ones, ones), *zip(drawn.real.numpy(), drawn.fake.numpy(), strict=True)]
    for found, beta in ((score.precision, 1 / 8), (score.recall, 8)):
        values = [
            plain_f(
                np.bincount(mode_real, v, 4) / v.sum(), np.bincount(mode_fake, w, 4) / w.sum(), beta
            )
            for v, w in weights
        ]
        assert found.value == pytest.approx(values[0], abs=1e-3)
        expected = np.clip(interval(values[0], torch.tensor(values[1:]), drawn.units), 0, 1)
        assert (found.low, found.high) == pytest.approx(expected, abs=2e-3)
        assert found.high - found.low > 0.01


def test_the_curve_is_monotone_short_and_holds_its_scores(modes):
    score = prd_score(modes([0.25] * 4, 0), modes([0.5, 0.5, 0, 0], 1), runs=2)
    recall, precision = np.array(score.curve).T
    assert len(score.curve) <= 101
    assert (np.diff(recall) >= 0).all()
    assert (np.diff(precision) <= 0).all()
    assert (recall[0], precision[-1]) == pytest.approx((0, 0), abs=1e-6)
    assert precision[0] == pytest.approx(1, abs=0.02)  # what is made is right
    assert recall[-1] == pytest.approx(0.5, abs=0.05)  # half of what there is, is missing
    best = (65 * precision * recall / np.maximum(64 * precision + recall, 1e-300)).max()
    assert best == pytest.approx(score.recall.value, abs=0.02)


def test_no_interval_leaves_the_range_of_a_share(gaussian):
    """Three people with a third of the plane each, of whom a replicate often lacks one."""
    real, fake = gaussian(90, 2, 1), gaussian(90, 2, 2)
    real = real[real[:, 0].argsort()]
    drawn = Resampling.over_people(
        [f"{k // 30}" for k in range(90)], 90, None, 90, replicates=50, seed=0
    )
    score = prd_score(real, fake, clusters=6, runs=1, resampling=drawn)
    assert score.precision.high == 1
    assert 0 < score.precision.low < score.precision.value < 1
