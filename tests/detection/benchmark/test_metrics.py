"""Detection scores against scikit-learn, closed forms and plain loops."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    roc_auc_score,
    roc_curve,
)

from humouse.detection.benchmark.metrics import (
    BINS,
    SCORES,
    ScoredGestures,
    detection_scores,
    false_alarms,
    mean_over_families,
    mean_over_seeds,
)
from humouse.detection.benchmark.result import FamilyScores
from humouse.detection.names import MEAN
from humouse.eval.statistics.resampling import Resampling, interval
from humouse.eval.statistics.roc import Roc
from humouse.eval.statistics.score import Score


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def scored(n, mean, seed, people=10, digits=2, prefix="user"):
    """Return n scored rows: scores around a mean, rounded so that some tie."""
    rng = np.random.default_rng(seed)
    score = rng.normal(mean, 1, n).round(digits)
    names = np.array([f"{prefix} {k}" for k in rng.integers(0, people, n)])
    return ScoredGestures(score, sigmoid(2 * score - mean), names)


HUMAN, BOT = scored(1200, 0.0, 0), scored(700, 2.0, 1)
BOTH = np.concatenate([HUMAN.score, BOT.score])
LABEL = np.repeat([0, 1], [len(HUMAN), len(BOT)])


def balanced(human_weights, bot_weights):
    return np.concatenate([human_weights / human_weights.sum(), bot_weights / bot_weights.sum()])


def plain_calibration_error(human, bot, human_weights, bot_weights):
    """Return the same, a row at a time."""
    probability = np.concatenate([human.probability, bot.probability])
    mass = balanced(np.ones(len(human)), np.ones(len(bot)))
    weights = balanced(human_weights, bot_weights)
    label = np.repeat([0, 1], [len(human), len(bot)])
    sums = np.zeros(BINS)
    for k, one in enumerate(probability):
        below = mass[probability < one].sum() + mass[probability == one].sum() / 2
        sums[min(int(below / 2 * BINS), BINS - 1)] += weights[k] * (one - label[k])
    return np.abs(sums).sum() / 2


def test_values_are_those_of_scikit_learn():
    scores = detection_scores(HUMAN, BOT, threshold=1.5, replicates=0, seed=0)
    weights = balanced(np.ones(len(HUMAN)), np.ones(len(BOT)))
    probability = np.concatenate([HUMAN.probability, BOT.probability])
    false, true, _ = roc_curve(LABEL, BOTH, drop_intermediate=False)
    expected = {
        "roc_auc": roc_auc_score(LABEL, BOTH),
        "pr_auc": average_precision_score(LABEL, BOTH, sample_weight=weights),
        "f1": f1_score(LABEL, BOTH >= 1.5, sample_weight=weights),
        "tpr_at_1": true[false <= 0.01].max(),
        "tpr_at_01": true[false <= 0.001].max(),
        "calibration_error": plain_calibration_error(
            HUMAN, BOT, np.ones(len(HUMAN)), np.ones(len(BOT))
        ),
        "brier": brier_score_loss(LABEL, probability, sample_weight=weights),
    }
    assert {name: score.value for name, score in scores.items()} == pytest.approx(expected)
    assert list(scores) == list(SCORES)
    assert all(score.low is None for score in scores.values())


def test_every_replicate_is_that_of_scikit_learn():
    scores = detection_scores(HUMAN, BOT, threshold=1.5, replicates=6, seed=3)
    drawn = Resampling.over_people(HUMAN.user, len(HUMAN), BOT.user, len(BOT), replicates=6, seed=3)
    probability = np.concatenate([HUMAN.probability, BOT.probability])
    for k in range(6):
        human, bot = drawn.real[k].numpy(), drawn.fake[k].numpy()
        weights = balanced(human, bot)
        false, true, _ = roc_curve(LABEL, BOTH, sample_weight=weights, drop_intermediate=False)
        expected = {
            "roc_auc": roc_auc_score(LABEL, BOTH, sample_weight=weights),
            "pr_auc": average_precision_score(LABEL, BOTH, sample_weight=weights),
            "f1": f1_score(LABEL, BOTH >= 1.5, sample_weight=weights),
            "tpr_at_1": true[false <= 0.01 + 1e-9].max(),
            "tpr_at_01": true[false <= 0.001 + 1e-9].max(),
            "calibration_error": plain_calibration_error(HUMAN, BOT, human, bot),
            "brier": brier_score_loss(LABEL, probability, sample_weight=weights),
        }
        found = {name: score.replicates.values[k] for name, score in scores.items()}
        assert found == pytest.approx(expected)
        assert scores["roc_auc"].replicates.units == 10


def test_gaussians_in_closed_form():
    rng = np.random.default_rng(5)
    sides = [rng.normal(mean, 1, 60_000) for mean in (0, 2)]
    roc = Roc.of(*sides, np.ones((1, 60_000)), np.ones((1, 60_000)))
    assert roc.area()[0] == pytest.approx(norm.cdf(2 / 2**0.5), abs=0.004)
    for rate in (0.01, 0.001):
        expected = norm.sf(norm.isf(rate) - 2)
        assert roc.tpr_at(rate)[0] == pytest.approx(expected, abs=0.015)
    # The Bayes posterior of equal sides is calibrated, and its Brier score an integral.
    posterior = [sigmoid(2 * side - 2) for side in sides]
    users = np.array(["one"] * 60_000)
    human, bot = (ScoredGestures(*pair, users) for pair in zip(sides, posterior, strict=True))
    scores = detection_scores(human, bot, threshold=float(norm.isf(0.01)), replicates=0, seed=0)
    assert scores["calibration_error"].value < 0.006
    caught = norm.sf(norm.isf(0.01) - 2)
    assert scores["f1"].value == pytest.approx(2 * caught / (1.01 + caught), abs=0.01)
    at = np.linspace(-8, 10, 20_001)
    densities = [norm.pdf(at, mean) for mean in (0, 2)]
    risk = densities[0] * densities[1] / np.maximum(densities[0] + densities[1], 1e-300) / 2
    assert scores["brier"].value == pytest.approx(np.trapezoid(risk, at), abs=0.002)


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=25),
    st.lists(st.integers(0, 6), min_size=1, max_size=25),
    st.sampled_from([0.0, 0.01, 0.1, 0.25, 0.5, 1.0]),
)
@settings(deadline=None, max_examples=50)
def test_ties_are_flagged_together(human, bot, rate):
    people, bots = np.array(human, float), np.array(bot, float)
    roc = Roc.of(people, bots, np.ones((1, len(people))), np.ones((1, len(bots))))
    thresholds = [*range(8)]
    allowed = [t for t in thresholds if (people >= t).mean() <= rate]
    assert roc.tpr_at(rate)[0] == pytest.approx(max((bots >= t).mean() for t in allowed))
    wins = np.sign(bots[:, None] - people).mean()
    assert roc.area()[0] == pytest.approx((1 + wins) / 2)


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_an_integer_weight_is_a_repetition(seed):
    rng = np.random.default_rng(seed)
    human, bot = rng.integers(0, 9, 30).astype(float), rng.integers(3, 12, 20).astype(float)
    times = rng.integers(0, 3, 30), rng.integers(0, 3, 20)
    times[0][0] = times[1][0] = 1
    weighed = Roc.of(human, bot, times[0][None].astype(float), times[1][None].astype(float))
    again = [np.repeat(side, often) for side, often in zip((human, bot), times, strict=True)]
    repeated = Roc.of(*again, *(np.ones((1, len(side))) for side in again))
    assert weighed.area() == pytest.approx(repeated.area())
    assert weighed.average_precision() == pytest.approx(repeated.average_precision())
    assert weighed.tpr_at(0.1) == pytest.approx(repeated.tpr_at(0.1))


def test_a_low_rate_takes_many_people():
    few = scored(999, 0, 2)
    assert "tpr_at_01" not in detection_scores(few, BOT, threshold=1.5, replicates=0, seed=0)
    few = scored(99, 0, 2)
    assert "tpr_at_1" not in detection_scores(few, BOT, threshold=1.5, replicates=0, seed=0)


def test_a_separated_family_is_perfect():
    apart = ScoredGestures(BOT.score + 50, np.ones(len(BOT)), BOT.user)
    sure = ScoredGestures(HUMAN.score, np.zeros(len(HUMAN)), HUMAN.user)
    scores = detection_scores(sure, apart, threshold=20.0, replicates=50, seed=0)
    for name, measure in SCORES.items():
        assert scores[name].value == pytest.approx(measure.ideal, abs=1e-12)
        assert scores[name].low == pytest.approx(measure.ideal, abs=1e-12)
        assert scores[name].high == pytest.approx(measure.ideal, abs=1e-12)


def test_shuffled_labels_read_one_half():
    rng = np.random.default_rng(9)
    rows = rng.permutation(len(BOTH))
    users = np.concatenate([HUMAN.user, BOT.user])
    first, second = rows[: len(HUMAN)], rows[len(HUMAN) :]
    human = ScoredGestures(BOTH[first], sigmoid(BOTH[first]), users[first])
    bot = ScoredGestures(BOTH[second], sigmoid(BOTH[second]), users[second])
    scores = detection_scores(human, bot, threshold=1.5, replicates=100, seed=0)
    assert scores["roc_auc"].low < 0.5 < scores["roc_auc"].high
    assert scores["pr_auc"].value == pytest.approx(0.5, abs=0.05)
    assert scores["tpr_at_1"].value < 0.05


def test_people_who_differ_widen_the_interval():
    rng = np.random.default_rng(4)
    users = np.repeat([f"user {k}" for k in range(12)], 100)
    habit = np.repeat(rng.normal(0, 1, 12), 100)
    bot = ScoredGestures(rng.normal(2, 1, 1200), np.full(1200, 0.5), users)
    alike, apart = (
        ScoredGestures(rng.normal(0, 1, 1200) + strength * habit, np.full(1200, 0.5), users)
        for strength in (0, 1)
    )
    narrow, wide = (
        detection_scores(side, bot, threshold=1.0, replicates=200, seed=0)["roc_auc"]
        for side in (alike, apart)
    )
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_a_bot_is_resampled_with_the_person_it_followed():
    """Bots as hard as their person is odd: drawn together, the errors cancel."""
    rng = np.random.default_rng(6)
    users = np.repeat([f"user {k}" for k in range(12)], 100)
    habit = np.repeat(rng.normal(0, 2, 12), 100)
    human = ScoredGestures(rng.normal(0, 1, 1200) + habit, np.full(1200, 0.5), users)
    bots = rng.normal(1, 1, 1200) + habit
    same = detection_scores(
        human,
        ScoredGestures(bots, np.full(1200, 0.5), users),
        threshold=1.0,
        replicates=200,
        seed=0,
    )["roc_auc"]
    strangers = np.char.add("else ", users)
    other = detection_scores(
        human,
        ScoredGestures(bots, np.full(1200, 0.5), strangers),
        threshold=1.0,
        replicates=200,
        seed=0,
    )["roc_auc"]
    assert same.high - same.low < (other.high - other.low) / 2


def test_a_replicate_without_any_bot_is_left_out():
    one = ScoredGestures(
        BOT.score, BOT.probability, np.where(np.arange(len(BOT)) < 9, "user 0", "user 1")
    )
    scores = detection_scores(HUMAN, one, threshold=1.5, replicates=100, seed=0)
    drawn = np.array(scores["roc_auc"].replicates.values)
    assert 0 < np.isnan(drawn).sum() < 60
    for name, score in scores.items():
        assert np.array_equal(np.isnan(score.replicates.values), np.isnan(drawn)), name
        assert np.isfinite([score.low, score.high]).all()


def test_replicates_are_paired_between_families():
    first = detection_scores(HUMAN, BOT, threshold=1.5, replicates=40, seed=1)["roc_auc"]
    easier = ScoredGestures(BOT.score + 0.5, BOT.probability, BOT.user)
    second = detection_scores(HUMAN, easier, threshold=1.5, replicates=40, seed=1)["roc_auc"]
    gain = np.subtract(second.replicates.values, first.replicates.values)
    assert (gain > 0).all()


def test_the_mean_over_seeds_is_taken_replicate_by_replicate():
    seeds = [
        detection_scores(HUMAN, scored(700, mean, seed), threshold=1.5, replicates=30, seed=0)
        for mean, seed in ((1.5, 3), (2.0, 4), (2.5, 5))
    ]
    mean = mean_over_seeds(seeds)
    for name in SCORES:
        score = mean[name]
        assert score.value == pytest.approx(np.mean([one[name].value for one in seeds]))
        drawn = np.mean([one[name].replicates.values for one in seeds], axis=0)
        assert score.replicates.values == pytest.approx(drawn)
        low, high = interval(score.value, torch.from_numpy(drawn), 10)
        assert (score.low, score.high) == pytest.approx((max(low, 0), min(high, 1)))
    once = mean_over_seeds(seeds[:1])
    assert once["roc_auc"].value == seeds[0]["roc_auc"].value
    assert once["roc_auc"].low == pytest.approx(seeds[0]["roc_auc"].low)


def test_the_mean_keeps_what_all_have():
    plain = mean_over_seeds([{"a": Score(0.2), "b": Score(0.4)}, {"a": Score(0.4)}])
    assert {name: score.value for name, score in plain.items()} == pytest.approx({"a": 0.3})
    with pytest.raises(ValueError, match="nothing"):
        mean_over_seeds([])
    drawn = [
        detection_scores(HUMAN, BOT, threshold=1.5, replicates=replicates, seed=0)
        for replicates in (20, 30)
    ]
    with pytest.raises(ValueError, match="number of replicates"):
        mean_over_seeds(drawn)


def cell(family, values, detector="blend"):
    scores = {"roc_auc": Score(float(np.mean(values)))}
    return FamilyScores(detector, family, "all", scores, {"roc_auc": tuple(values)}, 20, 900, 300)


def test_the_mean_over_families():
    mean = mean_over_families([cell("line", (0.9, 1.0)), cell("bezier", (0.7, 0.8))])
    assert (mean.family, mean.detector, mean.mix) == (MEAN, "blend", "all")
    assert mean.scores["roc_auc"].value == pytest.approx(0.85)
    assert mean.by_seed["roc_auc"] == pytest.approx((0.8, 0.9))
    assert (mean.people, mean.human_gestures, mean.bot_gestures) == (20, 900, 600)
    with pytest.raises(ValueError, match="one detector"):
        mean_over_families([cell("line", (0.9,)), cell("line", (0.9,), "boosting")])


def test_false_alarms_of_each_person():
    def people(score, names):
        score = np.array(score, float)
        return ScoredGestures(score, np.full(len(score), 0.5), np.array(names))

    first = people([0, 1, 2, 3], ["b", "a", "b", "a"])
    second = people([5, 0], ["a", "c"])
    found = false_alarms("blend", "all", [first, second], [2.0, 6.0])
    assert found.rate_by_user == pytest.approx({"a": 1 / 3, "b": 1 / 2, "c": 0.0})
    assert found.gestures_by_user == {"a": 3, "b": 2, "c": 1}
    assert list(found.rate_by_user) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("score", "probability", "user"),
    [
        ([], [], []),
        ([0.0], [0.5], []),
        ([np.nan], [0.5], ["a"]),
        ([0.0], [1.5], ["a"]),
        ([0.0], [np.nan], ["a"]),
    ],
)
def test_bad_scores_are_refused(score, probability, user):
    with pytest.raises(ValueError, match=r"score|probabilit"):
        ScoredGestures(np.array(score, float), np.array(probability, float), np.array(user, str))
