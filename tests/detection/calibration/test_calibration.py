"""Thresholds hold what they promise, p-values are people's shares, probabilities rise in the score."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit
from scipy.stats import norm

from humouse.detection.calibration.calibration import Calibration, check_disjoint
from humouse.detection.calibration.score_cdf import ScoreCDF
from humouse.errors import InputError


def calibrated(people, bots):
    is_bot = np.repeat([False, True], [len(people), len(bots)])
    return Calibration.fit(np.concatenate([people, bots]), is_bot)


def normal(n, shift=0.0, seed=0):
    return np.random.default_rng(seed).normal(shift, 1, n)


scores = arrays(np.float64, st.integers(2, 80), elements=st.floats(-1e3, 1e3, width=32))


@given(scores, scores, st.floats(0.02, 0.9))
@settings(deadline=None, max_examples=50)
def test_a_threshold_is_the_lowest_that_keeps_the_false_positive_rate(people, bots, rate):
    allowed = int(rate * (len(people) + 1) + 1e-9)
    calibration = calibrated(people, bots)
    if allowed < 1:
        with pytest.raises(InputError, match="gestures of people"):
            calibration.threshold(rate)
        return
    threshold = calibration.threshold(rate)
    flagged = int((people >= threshold).sum())
    assert flagged <= allowed - 1
    assert (people >= np.sort(people)[::-1][allowed - 1]).sum() >= allowed


def test_the_false_positive_rate_on_new_people_keeps_to_the_rate_on_average():
    rng, rate = np.random.default_rng(1), 0.05
    shares = []
    for _ in range(120):
        threshold = calibrated(rng.standard_t(2, 119), np.ones(1)).threshold(rate)
        shares.append((rng.standard_t(2, 500) >= threshold).mean())
    # k/(n + 1) = 6/120 at most; the next higher score would make it 5/120.
    assert 5 / 120 - 0.004 < np.mean(shares) < rate + 0.004


def test_a_rate_too_low_for_so_few_people_is_refused():
    few = calibrated(normal(500), normal(500, 3))
    assert set(few.thresholds()) == {0.01}
    with pytest.raises(InputError, match="takes 999 gestures of people"):
        few.threshold(0.001)
    assert set(calibrated(normal(999), normal(9)).thresholds()) == {0.01, 0.001}
    for rate in (0.0, 1.0, -1.0, np.nan):
        with pytest.raises(InputError, match="between 0 and 1"):
            few.threshold(rate)


def test_p_values_are_the_share_of_people_above():
    tail = ScoreCDF.fit(normal(20_000))
    points = np.array([-2.0, -1.0, 0.0, 1.0, 1.6, 2.3])
    np.testing.assert_allclose(tail.p_value(points), norm.sf(points), rtol=0.15)
    fresh = tail.p_value(normal(20_000, seed=1))
    for share in (0.9, 0.5, 0.1, 0.02):
        assert (fresh <= share).mean() == pytest.approx(share, rel=0.2)


def test_an_exponential_tail_is_extrapolated_exactly():
    rng = np.random.default_rng(3)
    tail = ScoreCDF.fit(rng.exponential(2.0, 50_000))
    np.testing.assert_allclose(
        np.log(tail.p_value(np.array([10.0, 20.0, 40.0]))), [-5, -10, -20], rtol=0.1
    )


@given(scores, st.lists(st.floats(-1e5, 1e5), min_size=2, max_size=20, unique=True))
@settings(deadline=None, max_examples=50)
def test_p_values_fall_and_probabilities_rise_in_the_score_and_extremes_do_not_tie(people, given):
    calibration = calibrated(people, people + 1)
    ordered = np.sort(given)
    odds = calibration.human_cdf.logit(ordered)
    assert (np.diff(odds) >= -1e-12 * max(1, np.abs(odds).max())).all()
    assert (np.diff(calibration.log_odds(ordered)) >= -1e-9 * np.abs(odds).max()).all()
    probability = calibration.probability(ordered)
    assert ((probability >= 0) & (probability <= 1)).all()
    top = people.max() + (people.std() or 1.0) * np.array([1.0, 2.0, 4.0])
    assert (np.diff(calibration.log_odds(top)) > 0).all()


def test_probabilities_are_the_shares_of_bots():
    """Gaussians a deviation apart: the true logit is known."""
    people, bots = normal(20_000, -0.5, 1), normal(20_000, 0.5, 2)
    grid = np.linspace(-2, 2, 9)
    np.testing.assert_allclose(calibrated(people, bots).probability(grid), expit(grid), atol=0.03)
    # Both classes weigh the same, however many rows each has.
    few = calibrated(people, bots[:2000])
    np.testing.assert_allclose(few.probability(grid), expit(grid), atol=0.04)


def test_separable_scores_do_not_give_probabilities_of_one():
    perfect = calibrated(normal(100), normal(100, 50))
    assert 0.9 < perfect.probability(np.array([50.0]))[0] <= 1
    assert perfect.probability(np.array([0.0]))[0] < 0.1


def test_one_class_or_no_numbers_cannot_calibrate():
    for is_bot, missing in ((np.ones(3, bool), "people"), (np.zeros(3, bool), "bots")):
        with pytest.raises(InputError, match=f"no rows of {missing}"):
            Calibration.fit(np.arange(3.0), is_bot)
    with pytest.raises(ValueError, match="NaN or infinite"):
        Calibration.fit(np.array([0.0, np.nan]), np.array([False, True]))


def test_people_on_both_sides_are_named():
    check_disjoint(["a", "b", "a"], np.array(["c"]))
    with pytest.raises(InputError, match="users: b on both sides"):
        check_disjoint(["a", "b"], np.array(["b", "c"]))
    with pytest.raises(InputError, match="0, 1, 2 and 7 more on both sides"):
        check_disjoint(range(10), map(str, range(10)))
    with pytest.raises(InputError, match="without names"):
        check_disjoint(None, ["a"])
