"""The weighted area, against scikit-learn and against the area of a ROC curve."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from humouse.eval.statistics.auc import weighted_auc
from humouse.eval.statistics.roc import Roc


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 10, 10**6]), st.integers(1, 4))
def test_it_is_scikit_learns_for_every_row_of_weights(seed, levels, K):
    rng = np.random.default_rng(seed)
    positive, negative = (
        rng.integers(0, levels, 30) + 0.3 * levels,
        rng.integers(0, levels, 20) * 1.0,
    )
    weights = rng.integers(0, 4, (K, 50)).astype(float)
    weights[:, [0, 30]] += 1  # neither side may weigh nothing
    area = weighted_auc(positive, negative, weights[:, :30], weights[:, 30:])
    is_positive, scores = np.arange(50) < 30, np.concatenate([positive, negative])
    for got, weight in zip(area, weights, strict=True):
        assert got == pytest.approx(roc_auc_score(is_positive, scores, sample_weight=weight))
    curve = Roc.of(negative, positive, weights[:, 30:], weights[:, :30])
    np.testing.assert_allclose(area, curve.area())


def test_equal_sets_read_exactly_one_half():
    rows, weights = np.random.default_rng(0).normal(size=77), np.full((2, 77), 3.0)
    assert (weighted_auc(rows, rows, weights, weights) == 0.5).all()


def test_complete_separation_and_an_empty_side():
    one, three = np.ones((1, 1)), np.ones((1, 3))
    assert weighted_auc(np.array([2.0]), np.array([0.0, 1.0, 1.5]), one, three)[0] == 1
    assert weighted_auc(np.array([-1.0]), np.array([0.0, 1.0, 1.5]), one, three)[0] == 0
    assert weighted_auc(np.array([2.0]), np.array([1.0]), one, 0 * one)[0] == 0
