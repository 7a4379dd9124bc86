"""Sessions: each gesture counts once, and log-odds sum as for independent Gaussians."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from humouse.detection.benchmark.metrics import ScoredGestures, detection_scores
from humouse.detection.benchmark.sessions import GESTURES, log_odds, session_scores, windows

APART = 1.0


def posterior(x):
    """Chance of being from N(APART, 1), not from N(0, 1)."""
    return 1 / (1 + np.exp(-APART * x + APART**2 / 2))


def gaussian(n, mean, seed, people=20):
    rng = np.random.default_rng(seed)
    score = rng.normal(mean, 1, n)
    return ScoredGestures(
        score, posterior(score), np.array([f"user {k % people}" for k in range(n)])
    )


HUMAN, BOT = gaussian(40_000, 0, 0), gaussian(40_000, APART, 1)
VARIANTS = np.where(np.arange(40_000) % 3, "fast", "slow")


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60), st.integers(1, 12))
@settings(deadline=None, max_examples=50)
def test_a_session_is_of_one_mover_in_order(names, gestures):
    names = np.array(names)
    rows = windows(names, gestures)
    assert len(set(rows.ravel().tolist())) == rows.size
    for one in rows:
        assert len(set(names[one])) == 1
        own = np.flatnonzero(names == names[one[0]])
        start = own.tolist().index(one[0])
        assert start % gestures == 0
        assert one.tolist() == own[start : start + gestures].tolist()
    assert len(rows) == sum((names == name).sum() // gestures for name in np.unique(names))


@pytest.mark.parametrize("gestures", GESTURES)
def test_log_odds_of_independent_gaussians_sum_in_closed_form(gestures):
    scores = session_scores(HUMAN, BOT, VARIANTS, gestures=gestures, replicates=0, seed=0)
    apart = APART * gestures**0.5  # sums of log-odds are Gaussian, that far apart
    assert scores["roc_auc"].value == pytest.approx(norm.cdf(apart / 2**0.5), abs=0.01)
    expected = norm.sf(norm.isf(0.01) - apart)
    assert scores["tpr_at_1"].value == pytest.approx(expected, abs=0.045)  # four standard errors


def test_one_gesture_is_the_detectors_own_score():
    few = [
        ScoredGestures(side.score[:900], side.probability[:900], side.user[:900])
        for side in (HUMAN, BOT)
    ]
    alone = session_scores(*few, VARIANTS[:900], gestures=1, replicates=0, seed=0)
    whole = detection_scores(*few, threshold=1.0, replicates=0, seed=0)
    assert alone == {name: whole[name] for name in ("roc_auc", "tpr_at_1")}


def test_a_plain_loop_agrees():
    rng = np.random.default_rng(2)
    human, bot = gaussian(333, 0, 3, people=7), gaussian(250, APART, 4)
    variants = rng.choice(["a", "b"], 250)
    totals = []
    for side, names in ((human, human.user), (bot, variants)):
        sums = []
        for name in sorted(set(names)):
            own = [
                float(log_odds(side.probability[k : k + 1])[0])
                for k in np.flatnonzero(names == name)
            ]
            sums += [sum(own[k : k + 5]) for k in range(0, len(own) - 4, 5)]
        totals.append(sums)
    label = np.repeat([0, 1], [len(totals[0]), len(totals[1])])
    found = session_scores(human, bot, variants, gestures=5, replicates=30, seed=0)
    assert found["roc_auc"].value == pytest.approx(roc_auc_score(label, np.concatenate(totals)))
    assert found["roc_auc"].replicates.units == 7
    assert found["roc_auc"].low < found["roc_auc"].value < found["roc_auc"].high
    assert "tpr_at_1" not in found  # 63 sessions cannot hold 1% of false alarms


def test_habits_of_a_person_lower_the_area_of_sessions():
    """Sums do not overcome what is a person's own."""
    rng = np.random.default_rng(5)
    users = np.repeat([f"user {k}" for k in range(40)], 500)
    habit = np.repeat(rng.normal(0, 1, 40), 500)
    score = rng.normal(0, 1, 20_000) + habit
    odd = ScoredGestures(score, posterior(score), users)
    ten = session_scores(odd, BOT, VARIANTS, gestures=10, replicates=0, seed=0)["roc_auc"].value
    independent = session_scores(HUMAN, BOT, VARIANTS, gestures=10, replicates=0, seed=0)
    assert ten < independent["roc_auc"].value - 0.06


def test_log_odds_are_clipped_where_calibration_is_unsure():
    sure = log_odds(np.array([0.0, 0.5, 1.0]))
    assert np.isfinite(sure).all()
    assert sure[0] == pytest.approx(-sure[2])
    assert sure[1] == 0
    users = np.array(["a"] * 10)
    # One gesture that is surely a bot's does not outweigh nine that are not.
    mixed = ScoredGestures(np.zeros(10), np.array([1.0] + [0.2] * 9), users)
    plain = ScoredGestures(np.zeros(10), np.full(10, 0.5), users)
    scores = session_scores(plain, mixed, users, gestures=10, replicates=0, seed=0)
    assert scores["roc_auc"].value == 0


def test_too_few_gestures_for_a_session():
    few = gaussian(30, 0, 6, people=10)
    assert session_scores(few, BOT, VARIANTS, gestures=5, replicates=0, seed=0) == {}
    with pytest.raises(ValueError, match="at least 1"):
        session_scores(few, BOT, VARIANTS, gestures=0, replicates=0, seed=0)
    with pytest.raises(ValueError, match="variants"):
        session_scores(few, BOT, VARIANTS[:5], gestures=1, replicates=0, seed=0)
