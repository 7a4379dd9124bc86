"""Every detector of a table is an estimator as scikit-learn wants them."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.estimators.discriminator import DiscriminatorDetector
from humouse.detection.estimators.fisher_ensemble import FisherEnsemble
from humouse.detection.estimators.isolation import IsolationDetector
from humouse.detection.estimators.typicality import TypicalityDetector
from humouse.errors import InputError

EXPECTED = {
    "check_do_not_raise_errors_in_init_or_set_params": "the test run checks types of arguments",
}
NEGATIVE = {"check_decision_proba_consistency": "it gives negative errors, whatever the tags say"}


@pytest.mark.parametrize(
    ("detector", "besides"),
    [
        (BoostingDetector(trees=10), {}),
        (IsolationDetector(trees=10), {}),
        (TypicalityDetector(), NEGATIVE),
        (TypicalityDetector(scale="quantiles"), {}),
        (DiscriminatorDetector(), {}),
        (FisherEnsemble(), {}),
    ],
    ids=repr,
)
def test_conforms_to_scikit_learn(detector, besides):
    results = check_estimator(
        detector, expected_failed_checks={**EXPECTED, **besides}, on_skip=None, on_fail=None
    )
    failed = {one["check_name"]: one["exception"] for one in results if one["status"] == "failed"}
    assert not failed
    assert sum(one["status"] == "passed" for one in results) > 40


@pytest.mark.parametrize(
    "detector",
    [
        BoostingDetector,
        IsolationDetector,
        TypicalityDetector,
        DiscriminatorDetector,
        FisherEnsemble,
    ],
)
@pytest.mark.parametrize("label", [0, 1])
def test_only_one_class_detectors_take_people_alone(detector, label):
    X = np.random.default_rng(0).exponential(size=(40, 3))
    if label == 0 and detector.one_class:
        assert np.isfinite(detector().fit(X, np.zeros(40)).decision_function(X)).all()
        return
    with pytest.raises(InputError, match=f"only one class, {label}; give rows of") as caught:
        detector().fit(X, np.full(40, label))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "detector",
    [
        BoostingDetector,
        IsolationDetector,
        TypicalityDetector,
        DiscriminatorDetector,
        FisherEnsemble,
    ],
)
def test_nan_features_are_named_by_all(detector):
    X = np.random.default_rng(0).exponential(size=(40, 3))
    fitted = detector().fit(X, np.arange(40) % 2)
    X[5, 1] = np.nan
    for use in (fitted.decision_function, lambda X: detector().fit(X, np.arange(40) % 2)):
        with pytest.raises(InputError, match="feature 1 is NaN or infinite"):
            use(X)
