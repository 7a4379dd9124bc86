"""Many logistic regressions at once, against scikit-learn's one by one."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from humouse.eval.probes.refit import answers, refit_logistic


@pytest.mark.parametrize(("n", "shift"), [(400, 0.0), (60, 0.0), (400, 1.5)])
def test_each_fit_is_scikit_learns(n, shift):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 12)) @ rng.normal(size=(12, 12))
    x = (x - x.mean(0)) / x.std(0)
    labels = rng.uniform(size=(3, n)) < 0.5
    labels[2] = x[:, 0] * shift + rng.normal(size=n) > 0
    weights = refit_logistic(x, labels)
    for one, label, got in zip(weights, labels, answers(x, weights), strict=True):
        oracle = LogisticRegression(max_iter=20_000, tol=1e-9).fit(x, label)
        np.testing.assert_allclose(one[:-1], oracle.coef_[0], atol=5e-3)
        np.testing.assert_allclose(got, oracle.predict_proba(x)[:, 1], atol=2e-3)


def test_separable_labels_stay_finite():
    x = np.linspace(-3, 3, 50)[:, None]
    weights = refit_logistic(x, (x[:, 0] > 0)[None])
    assert np.isfinite(weights).all()
    assert ((answers(x, weights)[0] > 0.5) == (x[:, 0] > 0)).all()
