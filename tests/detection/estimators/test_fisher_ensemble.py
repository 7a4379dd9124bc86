"""Fisher's ensemble: people alone set the scale, so no detector counts more for known bots."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from humouse.detection.estimators.fisher_ensemble import FisherEnsemble
from humouse.detection.estimators.tabular import TableError


def scores(n, seed, shift):
    """[n, 3] scores of independent members on very different scales; `shift` in deviations."""
    normal = np.random.default_rng(seed).normal(size=(n, 3)) + shift
    return np.stack([normal[:, 0], 1000 * normal[:, 1] - 50, np.exp(normal[:, 2])], 1)


def fitted(bots=(5.0, 0.0, 0.0)):
    X = np.concatenate([scores(3000, 0, 0), scores(1000, 1, np.array(bots))])
    return FisherEnsemble().fit(X, np.repeat([0, 1], [3000, 1000]))


def auc(detector, shift):
    X = np.concatenate([scores(2000, 2, 0), scores(2000, 3, np.array(shift))])
    return roc_auc_score(np.repeat([0, 1], 2000), detector.decision_function(X))


def test_a_detector_that_separates_known_bots_does_not_outweigh_the_others():
    """The known bots are caught by member 0 alone, new ones by member 1 alone."""
    assert auc(fitted(), (0, 3, 0)) > 0.9
    known, unknown = fitted((5, 0, 0)), fitted((0, 5, 0))
    X = scores(50, 4, 1.0)
    np.testing.assert_array_equal(known.decision_function(X), unknown.decision_function(X))


def test_it_is_better_than_each_member_where_all_see_something():
    best = norm.cdf(1 / np.sqrt(2))  # of one member's, a deviation apart
    assert auc(fitted(), (1, 1, 1)) > best + 0.08


def test_contributions_are_minus_log_p():
    X = scores(500, 5, 0)
    share = norm.sf((X[:, 1] + 50) / 1000)
    added = fitted().contributions(X)
    inner = (share > 0.03) & (share < 0.97)
    np.testing.assert_allclose(added[inner, 1] * 3, -np.log(share[inner]), rtol=0.2, atol=0.06)


@given(st.lists(st.floats(-8, 8), min_size=3, max_size=3), st.integers(0, 2), st.floats(0.01, 3))
@settings(deadline=None, max_examples=50)
def test_the_score_rises_in_each_member(at, member, step):
    detector = _FITTED
    low = np.array([at])
    high = low.copy()
    high[0, member] += step
    unit = np.array([1.0, 1000.0, 1.0])
    before, after = (detector.decision_function(x * unit)[0] for x in (low, high))
    assert after >= before


_FITTED = fitted()


def test_the_false_positive_rate_at_zero_is_one_in_a_hundred():
    assert 0.004 < (fitted().decision_function(scores(5000, 6, 0)) > 0).mean() < 0.02


def test_another_number_of_members_is_refused():
    with pytest.raises(ValueError, match="2 features"):
        fitted().decision_function(np.zeros((1, 2)))
    with pytest.raises(TableError, match="feature 1 is NaN"):
        fitted().decision_function(np.array([[0.0, np.nan, 0.0]]))


def test_weights_say_how_much_a_member_counts():
    X = np.concatenate([scores(500, 6, 0), scores(200, 7, 2.0)])
    y = np.repeat([0, 1], [500, 200])
    equal, heavy = FisherEnsemble().fit(X, y), FisherEnsemble(weights=(3.0, 1.0, 1.0)).fit(X, y)
    ratio = heavy.contributions(X) / equal.contributions(X)
    np.testing.assert_allclose(ratio, np.tile([9 / 5, 3 / 5, 3 / 5], (700, 1)))
    same = FisherEnsemble(weights=(2.0, 2.0, 2.0)).fit(X, y)
    np.testing.assert_allclose(same.decision_function(X), equal.decision_function(X))
    for wrong in ((1.0, 1.0), (1.0, 1.0, 0.0)):
        with pytest.raises(ValueError, match="3 members need as many weights above 0"):
            FisherEnsemble(weights=wrong).fit(X, y)
