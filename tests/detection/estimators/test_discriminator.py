"""The head on a discriminator's features."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_expit

from humouse.detection.estimators.discriminator import DiscriminatorDetector


def rows(n=400, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype(int)
    X = rng.normal([0, 1e4, 0, 7], [1, 100, 1e-3, 0], (n, 4))
    X[y == 1, 1] += 80
    return X, y


def test_it_is_the_logistic_regression_of_the_largest_penalised_likelihood():
    X, y = rows()
    Z = X[:, :3].astype(np.float32).astype(np.float64)
    Z = (Z - Z.mean(0)) / Z.std(0)
    weight = np.where(y == 1, len(y) / 2 / y.sum(), len(y) / 2 / (1 - y).sum())

    def loss(p):
        return -(weight * log_expit((2 * y - 1) * (Z @ p[:3] + p[3]))).sum() + p[:3] @ p[:3] / 0.2

    best = minimize(loss, np.zeros(4)).x
    logit = DiscriminatorDetector(penalty_inverse=0.1).fit(X, y).decision_function(X)
    np.testing.assert_allclose(logit, Z @ best[:3] + best[3], atol=5e-3)


def test_a_feature_that_never_changed_says_nothing_later():
    X, y = rows()
    detector = DiscriminatorDetector().fit(X, y)
    moved = X.copy()
    moved[:, 3] += 1e6
    np.testing.assert_array_equal(detector.decision_function(moved), detector.decision_function(X))
