"""Typicality: errors too small and too large are both atypical."""

import numpy as np
import pytest
from scipy.stats import chi2
from sklearn.metrics import roc_auc_score

from humouse.detection.estimators.typicality import TypicalityDetector
from humouse.detection.estimators.whitening import Whitening
from humouse.errors import InputError

MIXING = np.array([[1.0, 0.0, 0.0], [0.8, 0.3, 0.0], [0.5, 0.2, 0.4]])


def errors(n, seed=0, shift=0.0):
    """Log-normal errors of three columns that go together."""
    normal = np.random.default_rng(seed).normal(size=(n, 3))
    return np.exp(normal @ MIXING.T + shift).astype(np.float32)


def fitted(n=3000):
    return TypicalityDetector().fit(errors(n), np.zeros(n))


@pytest.mark.parametrize("shift", [-3.0, 3.0])
def test_both_sides_are_found(shift):
    score = fitted().decision_function(np.concatenate([errors(500, 1), errors(500, 2, shift)]))
    assert roc_auc_score(np.repeat([0, 1], 500), score) > 0.95


def test_the_distance_is_mahalanobis():
    """Of log-normal errors its square has the chi-square law, and equals the closed form."""
    detector, fresh = fitted(20_000), errors(2000, 1)
    distance = detector._distance(fresh.astype(np.float64))
    for share in (0.5, 0.9, 0.99):
        assert np.quantile(distance**2, share) == pytest.approx(chi2.ppf(share, 3), rel=0.12)
    logs = np.log(fresh.astype(np.float64))
    closed = np.einsum("ij,jk,ik->i", logs, np.linalg.inv(MIXING @ MIXING.T), logs)
    np.testing.assert_allclose(distance**2, closed, rtol=0.15, atol=0.15)


def test_the_false_positive_rate_at_zero_is_about_one_in_a_hundred():
    assert 0.004 < (fitted().decision_function(errors(4000, 1)) > 0).mean() < 0.02


def test_an_error_of_zero_is_atypical_and_a_negative_one_is_refused():
    detector, none = fitted(), np.zeros((1, 3))
    assert detector.decision_function(none)[0] > 10
    with pytest.raises(InputError, match="Negative values in data, in feature 2"):
        detector.decision_function(np.array([[1.0, 1.0, -1.0]]))


def test_features_of_any_sign_become_normal_scores():
    rng = np.random.default_rng(0)
    X = np.stack([rng.standard_t(1, 2000), rng.normal(size=2000), np.zeros(2000)], 1)
    detector = TypicalityDetector(scale="quantiles").fit(X, np.zeros(2000))
    typical, odd = np.zeros(3), np.array([0.0, 0.0, 1.0])  # nobody has anything but 0 there
    score = detector.decision_function(np.stack([typical, odd]))
    assert score[0] < 0 < score[1]


def test_people_have_unit_variance_along_the_axes():
    X = errors(5000).astype(np.float64)
    along = Whitening.fit(X, "log")(X)
    np.testing.assert_allclose(np.cov(along.T), np.eye(3), atol=0.02)
    np.testing.assert_allclose(along.mean(0), 0, atol=1e-9)


def test_bad_settings_and_too_few_people():
    with pytest.raises(ValueError, match="choose log or quantiles"):
        TypicalityDetector(scale="rank").fit(errors(9), np.zeros(9))
    with pytest.raises(InputError, match="1 sample"):
        TypicalityDetector().fit(errors(1), np.zeros(1))
