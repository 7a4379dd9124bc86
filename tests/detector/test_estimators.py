"""Every detector of a table is an estimator as scikit-learn wants them."""

import pytest
from sklearn.utils.estimator_checks import check_estimator

from humouse.detector.blend import BlendDetector
from humouse.detector.boosting import BoostingDetector
from humouse.detector.discriminator import DiscriminatorDetector
from humouse.detector.isolation import IsolationDetector
from humouse.detector.typicality import TypicalityDetector

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
        (BlendDetector(), {}),
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
