"""Detection scores against scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score, roc_curve

from humouse.detection.benchmark.metrics import ScoredGestures, detection_scores, mean_over_seeds
from humouse.detection.names import BOT, HUMAN, UNFAMILIAR


def scored(n, mean, seed, people=10):
    """Return n scored rows: scores around a mean, rounded so that some tie."""
    rng = np.random.default_rng(seed)
    score = rng.normal(mean, 1, n).round(2)
    names = np.array([f"user {k}" for k in rng.integers(0, people, n)])
    verdict = np.where(score > 2, BOT, np.where(score < -2, UNFAMILIAR, HUMAN))
    return ScoredGestures(score, names, 1 / (1 + np.exp(mean - 2 * score)), {0.01: verdict})


PEOPLE, BOTS = scored(1200, 0.0, 0), scored(700, 2.0, 1)


def test_values_are_those_of_scikit_learn():
    found = detection_scores(PEOPLE, BOTS, replicates=0, seed=0)
    label = np.repeat([0, 1], [len(PEOPLE), len(BOTS)])
    weight = np.where(label == 1, 0.5 / len(BOTS), 0.5 / len(PEOPLE))
    both = np.concatenate([PEOPLE.score, BOTS.score])
    probability = np.concatenate([PEOPLE.probability, BOTS.probability])
    assert found["roc_auc"].value == pytest.approx(roc_auc_score(label, both))
    assert found["pr_auc"].value == pytest.approx(
        average_precision_score(label, both, sample_weight=weight), abs=1e-6
    )
    assert found["brier"].value == pytest.approx(
        brier_score_loss(label, probability, sample_weight=weight)
    )
    fpr, tpr, _ = roc_curve(label, both)
    assert found["tpr_at_1"].value == pytest.approx(tpr[fpr <= 0.01].max())
    assert found["called_at_1"].value == pytest.approx((BOTS.score > 2).mean())
    assert found["unfamiliar_at_1"].value == pytest.approx((BOTS.score < -2).mean())


def test_intervals_hold_the_value_and_people_who_differ_widen_them():
    alike = detection_scores(PEOPLE, BOTS, replicates=200, seed=1)["roc_auc"]
    assert alike.low <= alike.value <= alike.high
    rng = np.random.default_rng(0)
    shift = dict(zip(np.unique(PEOPLE.user), rng.normal(0, 1, 10), strict=True))
    apart = replace(PEOPLE, score=PEOPLE.score + np.array([shift[who] for who in PEOPLE.user]))
    differ = detection_scores(apart, BOTS, replicates=200, seed=1)["roc_auc"]
    assert differ.high - differ.low > alike.high - alike.low


def test_a_low_rate_takes_many_people():
    few = PEOPLE.rows(np.arange(500))
    assert "tpr_at_01" not in detection_scores(few, BOTS, replicates=0, seed=0)
    assert "tpr_at_01" in detection_scores(PEOPLE, BOTS, replicates=0, seed=0)


@given(st.integers(0, 2**16))
@settings(deadline=None, max_examples=10)
def test_shuffled_labels_read_one_half(seed):
    both = scored(2000, 0.0, seed)
    order = np.random.default_rng(seed).permutation(2000)
    found = detection_scores(both.rows(order[:1000]), both.rows(order[1000:]), replicates=0, seed=0)
    assert found["roc_auc"].value == pytest.approx(0.5, abs=0.08)


def test_the_mean_over_seeds_is_of_what_all_have():
    several = [detection_scores(PEOPLE, scored(300, 2.0, k), replicates=20, seed=0) for k in (1, 2)]
    del several[1]["brier"]
    mean = mean_over_seeds(several)
    assert "brier" not in mean
    assert mean["roc_auc"].value == pytest.approx(
        np.mean([one["roc_auc"].value for one in several])
    )


@pytest.mark.parametrize(
    ("score", "probability", "user"),
    [
        ([], None, []),
        ([np.nan], None, ["a"]),
        ([1.0], None, ["a", "b"]),
        ([1.0], [1.5], ["a"]),
    ],
)
def test_bad_scores_are_refused(score, probability, user):
    chance = None if probability is None else np.array(probability)
    with pytest.raises(ValueError, match=r"score|probabilities"):
        ScoredGestures(np.array(score, float), np.array(user, str), chance)
