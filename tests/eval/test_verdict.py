"""What the numbers are said to mean."""

from dataclasses import replace

import pytest

from humouse.eval.metrics.copying import Neighbour
from humouse.eval.metrics.spectral import BandPower
from humouse.eval.result import Evaluation, FeatureComparison
from humouse.eval.statistics.score import Replicates, Score
from humouse.eval.verdict import excesses, verdict


def sure(value, low, high):
    """Return a score whose replicates lie evenly over its interval."""
    spread = (low - value, 0.0, high - value)
    return Score(value, low, high, None, Replicates(tuple(value + one for one in spread), 10**6))


def evaluation(auc, **more):
    scores = {"c2st_boosting_auc": auc}
    return Evaluation("people", "model", 2000, 20, 0, {**scores, **more.pop("scores", {})}, **more)


# Each score is an AUC with its interval, the baseline exact: the excess's interval follows from it.
BASELINE = evaluation(Score(0.64, 0.6, 0.68), scores={"prd_recall": Score(0.98, 0.97, 0.99)})


def separation(judged, baseline=BASELINE):
    return verdict(judged, baseline).separation


@pytest.mark.parametrize(
    ("auc", "degree"),
    [
        (sure(0.65, 0.62, 0.68), "inseparable"),
        (sure(0.72, 0.63, 0.81), "unsure"),
        (sure(0.72, 0.68, 0.76), "close"),
        (sure(0.9, 0.5, 0.99), "unsure_far"),
        (sure(0.82, 0.80, 0.84), "far"),
        (sure(0.66, 0.22, 1.0), "unsure"),  # likeness is claimed only where it is sure
    ],
)
def test_the_degree_goes_by_the_excess_and_how_sure_it_is(auc, degree):
    found = separation(evaluation(auc))
    assert (found.probe, found.degree) == ("boosting", degree)
    assert found.excess.value == pytest.approx(auc.value - 0.64)


def test_without_a_baseline_the_ideal_stands_in():
    found = separation(evaluation(Score(0.8)), None)
    assert found.measured is None
    assert found.excess.value == pytest.approx(0.3)


def test_without_a_test_nothing_is_said_of_separation():
    bare = verdict(Evaluation("people", "model", 200, 0, 0, {"mmd": Score(0.1)}), None)
    assert bare.separation is None
    assert bare == replace(bare, copied=None, shortfalls={}, worst={}, clock=(), bands={})


def test_separable_only_where_the_interval_says_so():
    assert separation(evaluation(sure(0.72, 0.63, 0.81))).kind == "undecided"
    assert separation(evaluation(sure(0.72, 0.69, 0.75))).kind == "told_apart"
    assert separation(evaluation(sure(0.66, 0.65, 0.67))).kind == "not_told_apart"  # a trifle
    assert separation(evaluation(Score(0.72))).kind == "told_apart"


def test_the_probe_with_the_surest_excess_counts():
    """Baselines differ by probe: the highest AUC may be people's too."""
    baseline = evaluation(
        sure(0.71, 0.69, 0.73), scores={"c2st_sequence_auc": sure(0.55, 0.53, 0.57)}
    )
    judged = evaluation(sure(0.73, 0.71, 0.75), scores={"c2st_sequence_auc": sure(0.72, 0.7, 0.74)})
    found = separation(judged, baseline)
    assert (found.probe, found.kind) == ("sequence", "told_apart")


def test_a_baseline_that_is_better_than_the_ideal_by_chance_counts_as_ideal():
    found = separation(evaluation(Score(0.7)), evaluation(Score(0.47)))
    assert found.measured.value == 0.47
    assert found.baseline.value == 0.5


def test_copying_is_found_with_few_replicates_too():
    replicates = Replicates(tuple([0.9, 1.0] * 10), 10**6)
    copied = Score(0.99, 0.9, 1.0, 1 / 21, replicates)
    assert verdict(evaluation(Score(0.64), scores={"copying": copied}), BASELINE).copied
    unsure = Score(0.99, None, None, 1e-9)
    assert verdict(evaluation(Score(0.64), scores={"copying": unsure}), BASELINE).copied


def test_copying_needs_both_an_interval_and_a_p_value():
    near = (Neighbour(0, 3, 0.0, 0.0), Neighbour(4, 5, 0.3, 0.1))

    def copied(score, baseline=BASELINE):
        scores = {"copying": score}
        judged = evaluation(
            Score(0.64, 0.6, 0.66), scores=scores, neighbours=near, exact_copies=1200
        )
        return verdict(judged, baseline).copied

    assert copied(Score(0.8, 0.7, 0.9, 0.001)).exact == 1200
    assert copied(Score(0.8, 0.45, 0.9, 0.001)) is None
    assert copied(Score(0.8, 0.7, 0.9, 0.2)) is None
    near_baseline = replace(BASELINE, scores={**BASELINE.scores, "copying": Score(0.79)})
    assert copied(replace(sure(0.8, 0.7, 0.9), p_value=0.001), near_baseline) is None


def test_the_table_and_the_verdict_state_one_excess():
    name = "c2st_boosting_auc"
    lucky = replace(BASELINE, scores={name: Score(0.44)})  # better than two equal sets, by chance
    judged = evaluation(Score(0.58, 0.55, 0.61))
    assert verdict(judged, lucky).separation.excess.value == pytest.approx(0.08)
    assert excesses(judged, lucky)[name].value == pytest.approx(0.08)


def test_missing_modes_are_read_against_the_baseline():
    judged = evaluation(Score(0.64), scores={"prd_recall": sure(0.80, 0.78, 0.82)})
    (low,) = verdict(judged, BASELINE).shortfalls["missing_modes"]
    assert (low.name, low.value, low.baseline) == ("prd_recall", 0.80, 0.98)
    poor = replace(BASELINE, scores={**BASELINE.scores, "prd_recall": Score(0.81)})
    assert verdict(judged, poor).shortfalls == {}


def test_the_features_that_differ_most_are_named_where_it_is_separable():
    def feature(importance, fake_mean=12.0):
        return FeatureComparison("ms", "", 16.0, 1.0, fake_mean, 1.0, Score(1.0), importance)

    features = {
        "dt_mean_ms": feature(0.2),
        "speed": feature(0.01),
        "path": feature(0.0),
    }  # which gives nothing away
    found = verdict(evaluation(sure(0.9, 0.88, 0.92), features=features), BASELINE)
    assert list(found.worst) == ["dt_mean_ms", "speed"]
    assert found.clock == ("dt_mean_ms",)
    alike = verdict(evaluation(Score(0.64, 0.6, 0.66), features=features), BASELINE)
    assert (dict(alike.worst), alike.clock) == ({}, ())


def test_bands_that_are_surely_off():
    bands = {
        "0-4 Hz": BandPower(1.0, 0.5, Score(0.5, 0.4, 0.6)),
        "4-8 Hz": BandPower(1.0, 0.5, Score(0.5, 0.3, 1.1)),
        "8-16 Hz": BandPower(0.0, 1.0, None),
    }
    judged = evaluation(Score(0.64, 0.6, 0.66), spectra=bands)
    assert verdict(judged, BASELINE).bands == {"0-4 Hz": 0.5}
