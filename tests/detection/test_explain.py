"""Reasons: which features, how strongly, in words."""

import numpy as np
import pytest
import torch
from scipy.special import logit

from humouse.detection.calibration.calibrated import CalibratedDetector
from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.estimators.discriminator import DiscriminatorDetector
from humouse.detection.estimators.fisher_ensemble import FisherEnsemble
from humouse.detection.explain import Reason, contributions, explain
from humouse.features import FeatureTable

NAMES = ("quiet", "dt_on_tick_share", "speed_px_per_s", "other")


def rows(n=800, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = rng.normal([0, 0.5, 500, 0], [1, 0.1, 100, 1], (n, 4))
    X[y == 1, 1] += 0.4
    X[y == 1, 2] -= 150
    return FeatureTable(torch.from_numpy(X).float(), NAMES, ("1", "1", "px/s", "count")), y


def test_contributions_of_a_linear_detector_are_weights_times_distance_from_the_median():
    table, y = rows()
    detector = DiscriminatorDetector().fit(table, y)
    values = table.values.double().numpy()
    expected = (values - detector.human_quantiles_[1]) * detector.weights_
    np.testing.assert_allclose(contributions(detector, table), expected, atol=1e-9)


@pytest.mark.parametrize("make", [lambda: BoostingDetector(trees=10), FisherEnsemble])
def test_contributions_are_what_the_log_odds_lose_one_feature_at_a_time(make):
    table, y = rows()
    detector = make().fit(table, y)
    added = contributions(detector, table)
    for row, column in ((0, 0), (1, 1), (7, 2), (799, 3)):
        changed = table.values[[row]].clone().numpy()
        before = detector.decision_function(changed)[0]
        changed[0, column] = detector.human_quantiles_[1, column]
        after = detector.decision_function(changed)[0]
        assert added[row, column] == pytest.approx(before - after, abs=1e-9)


def test_contributions_of_a_calibrated_detector_are_in_calibrated_log_odds():
    table, y = rows()
    user = np.array([f"user {k % 9}" for k in range(len(y))])
    detector = CalibratedDetector(DiscriminatorDetector()).fit(table, y, user=user)
    median = detector.estimator_.human_quantiles_[1]
    changed = table.values[[1]].numpy().astype(np.float64)
    before = logit(detector.predict_proba(changed)[0, 1])
    changed[0, 2] = median[2]
    after = logit(detector.predict_proba(changed)[0, 1])
    assert contributions(detector, table.rows(np.array([1])))[0, 2] == pytest.approx(
        before - after, 1e-6
    )


def test_reasons_are_the_strongest_first_and_say_what_people_have():
    table, y = rows()
    detector = DiscriminatorDetector().fit(table, y)
    reasons = explain(detector, table, most=2)
    added = contributions(detector, table)
    for row in (0, 1, 5):
        assert [one.feature for one in reasons[row]] == [
            NAMES[place] for place in np.argsort(-np.abs(added[row]))[:2]
        ]
    assert [len(one) for one in explain(detector, table, most=9)] == [4] * len(table)
    people = table["speed_px_per_s"].numpy()[y == 0]
    one = next(r for r in explain(detector, table, most=4)[1] if r.feature == "speed_px_per_s")
    assert one.unit == "px/s"
    assert one.value == pytest.approx(float(table["speed_px_per_s"][1]))
    found = (one.human_low, one.human_median, one.human_high)
    np.testing.assert_allclose(found, np.quantile(people, [0.05, 0.5, 0.95]), rtol=1e-5)


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        (("dt_on_tick_share", "1", 1.0, 0.31, 0.8, 0.98, 2.41), "1.00, people 0.31…0.98: +2.4"),
        (
            ("speed_px_per_s", "px/s", 12.34, 0.0, 500.0, 1234.5, -0.26),
            "12.34, people 0.00…1,234: -0.3",
        ),
        (("jerk", "px/s^3", 1e-4, 0.02, 2.0, 2.5e7, 0.0), "1.0e-04, people 0.02…2.5e+07: +0.0"),
    ],
)
def test_a_reason_reads_as_one_line(reason, line):
    assert str(Reason(*reason)) == f"{reason[0]} {line}"


def test_fewer_than_one_reason_is_refused_and_an_empty_table_has_none():
    table, y = rows()
    detector = DiscriminatorDetector().fit(table, y)
    with pytest.raises(ValueError, match="most=0"):
        explain(detector, table, most=0)
