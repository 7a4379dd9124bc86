"""Accuracy, area and curve of held-out answers, against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, roc_auc_score, roc_curve

from humouse.eval.probes.held_out import HeldOut


def answers(seed, n=60, folds=1, levels=None):
    rng = np.random.default_rng(seed)
    is_real = np.arange(2 * n) < n
    probability = rng.uniform(size=2 * n) * 0.6 + 0.2 * is_real + 0.1
    if levels:  # ties
        probability = np.round(probability * levels) / levels
    return HeldOut(is_real, probability, rng.integers(0, folds, 2 * n))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from([None, 4, 10]), st.booleans())
def test_weighted_area_equals_scikit_learns(seed, levels, weighted):
    some = answers(seed, levels=levels)
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 4, (3, 120)).astype(float) if weighted else np.ones((3, 120))
    for got, weight in zip(some.auc(weights), weights, strict=True):
        expected = roc_auc_score(some.is_real, some.probability, sample_weight=weight)
        assert got == pytest.approx(expected, abs=1e-12)


def test_areas_are_taken_within_folds():
    some = answers(3, folds=3)
    shifted = HeldOut(some.is_real, some.probability + 0.3 * some.fold, some.fold)
    assert shifted.auc()[0] == pytest.approx(some.auc()[0])
    parts = [some.fold == k for k in range(3)]
    areas = [roc_auc_score(some.is_real[p], some.probability[p]) for p in parts]
    assert some.auc()[0] == pytest.approx(np.average(areas, weights=[p.sum() for p in parts]))


def test_accuracy_counts_both_sides_alike():
    some = answers(1)
    expected = accuracy_score(some.is_real, some.probability > 0.5)
    assert some.accuracy()[0] == pytest.approx(expected)
    lopsided = np.where(some.is_real, 5.0, 1.0)[None]
    assert some.accuracy(lopsided)[0] == pytest.approx(expected)
    half = HeldOut(some.is_real, np.full(120, 0.5), some.fold)
    assert (half.accuracy()[0], half.auc()[0]) == (0.5, 0.5)


def test_a_fold_without_one_side_says_nothing():
    some = HeldOut(np.array([True, True, False]), np.array([0.1, 0.9, 0.5]), np.array([0, 1, 1]))
    assert some.auc()[0] == 1
    assert some.roc()[-1] == (1, 1)
    alone = HeldOut(np.array([True, False]), np.array([0.1, 0.9]), np.array([0, 1]))
    assert alone.auc()[0] == 0.5
    assert alone.roc() == [(0, 0), (1, 1)]


def test_curve():
    some = answers(5, n=300)
    points = np.array(some.roc())
    false, true, _ = roc_curve(~some.is_real, 1 - some.probability, drop_intermediate=False)
    np.testing.assert_allclose(points[1:-1, 1], np.interp(points[1:-1, 0], false, true), atol=0.02)
    assert np.trapezoid(points[:, 1], points[:, 0]) == pytest.approx(some.auc()[0], abs=0.01)
    assert (np.diff(points[:, 1]) >= 0).all()
