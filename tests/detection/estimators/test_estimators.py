"""Every detector of a table is an estimator as scikit-learn wants them."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from humouse.detection.estimators.boosting import BoostingDetector
from humouse.errors import InputError

EXPECTED = {
    "check_do_not_raise_errors_in_init_or_set_params": "the test run checks types of arguments",
}


@pytest.mark.slow
def test_conforms_to_scikit_learn():
    results = check_estimator(
        BoostingDetector(trees=10), expected_failed_checks=EXPECTED, on_skip=None, on_fail=None
    )
    failed = {one["check_name"]: one["exception"] for one in results if one["status"] == "failed"}
    assert not failed
    assert sum(one["status"] == "passed" for one in results) > 40


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_is_refused(label):
    X = np.random.default_rng(0).exponential(size=(40, 3))
    with pytest.raises(InputError, match=f"only one class, {label}; give rows of") as caught:
        BoostingDetector().fit(X, np.full(40, label))
    assert "\n" not in str(caught.value)
