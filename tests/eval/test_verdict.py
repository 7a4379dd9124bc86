"""What the numbers are said to mean."""

from dataclasses import replace

import pytest

from humouse.eval.metrics.copying import Neighbour
from humouse.eval.metrics.spectral import BandPower
from humouse.eval.result import Evaluation, FeatureComparison
from humouse.eval.statistics.score import Replicates, Score
from humouse.eval.verdict import findings, headline


def sure(value, low, high):
    """Return a score whose replicates lie evenly over its interval."""
    spread = (low - value, 0.0, high - value)
    return Score(value, low, high, None, Replicates(tuple(value + one for one in spread), 10**6))


def evaluation(auc, **more):
    scores = {"c2st_boosting_auc": auc}
    return Evaluation("people", "model", 2000, 20, 0, {**scores, **more.pop("scores", {})}, **more)


# Each score is an AUC with its interval, the floor exact: the interval of the excess follows from it.
FLOOR = evaluation(Score(0.64, 0.6, 0.68), scores={"prd_recall": Score(0.98, 0.97, 0.99)})


def kinds(judged, floor=FLOOR):
    return [finding.kind for finding in findings(judged, floor)]


@pytest.mark.parametrize(
    ("auc", "words"),
    [
        (sure(0.65, 0.62, 0.68), "as hard to tell from people as other people are"),
        (
            sure(0.72, 0.63, 0.81),
            "not surely easier to tell from people than other people are",
        ),
        (sure(0.72, 0.68, 0.76), "close to people, but told"),
        (sure(0.9, 0.5, 0.99), "told from people, though not surely more easily than other people"),
        (sure(0.82, 0.80, 0.84), "model is told from people"),
    ],
)
def test_the_headline_goes_by_the_best_probe_and_its_excess(auc, words):
    line = headline(evaluation(auc), FLOOR)
    assert words in line
    assert (
        f"the boosting probe separates its movements from people's at AUC {auc.value:.2f}" in line
    )
    assert "where other people read 0.64 (excess " in line


def test_headlines_without_floor_or_test():
    assert "no floor was measured" in headline(evaluation(Score(0.8)), None)
    bare = Evaluation("people", "model", 200, 0, 0, {"mmd": Score(0.1)})
    assert headline(bare, None) == "model was compared with people, without a two-sample test."
    assert findings(bare, None) == ()


def test_told_apart_only_where_the_interval_says_so():
    assert kinds(evaluation(sure(0.72, 0.63, 0.81))) == ["undecided"]
    assert kinds(evaluation(sure(0.72, 0.69, 0.75))) == ["told_apart"]
    assert kinds(evaluation(sure(0.66, 0.65, 0.67))) == ["not_told_apart"]  # a trifle
    assert kinds(evaluation(Score(0.72))) == ["told_apart"]


def test_the_probe_with_the_surest_excess_speaks():
    """Floors differ by probe: the highest AUC may be other people's too."""
    floor = evaluation(sure(0.71, 0.69, 0.73), scores={"c2st_sequence_auc": sure(0.55, 0.53, 0.57)})
    judged = evaluation(sure(0.73, 0.71, 0.75), scores={"c2st_sequence_auc": sure(0.72, 0.7, 0.74)})
    assert "the sequence probe separates" in headline(judged, floor)
    assert kinds(judged, floor) == ["told_apart"]


def test_likeness_is_claimed_only_where_it_is_sure():
    line = headline(evaluation(sure(0.66, 0.22, 1.0)), FLOOR)
    assert "not surely easier to tell" in line
    assert "as hard to tell" not in line


def test_few_draws_do_not_silence_the_alarm():
    replicates = Replicates(tuple([0.9, 1.0] * 10), 10**6)
    copied = Score(0.99, 0.9, 1.0, 1 / 21, replicates)
    assert "copying" in kinds(evaluation(Score(0.64), scores={"copying": copied}))
    unsure = Score(0.99, None, None, 1e-9)
    assert "copying" in kinds(evaluation(Score(0.64), scores={"copying": unsure}))


def test_copying_needs_both_an_interval_and_a_p_value():
    near = (Neighbour(0, 3, 0.0, 0.0), Neighbour(4, 5, 0.3, 0.1))
    at_floor = Score(0.64, 0.6, 0.66)

    def copied(score):
        return evaluation(at_floor, scores={"copying": score}, neighbours=near)

    assert "copying" in kinds(copied(Score(0.8, 0.7, 0.9, 0.001)))
    assert "copying" not in kinds(copied(Score(0.8, 0.45, 0.9, 0.001)))
    assert "copying" not in kinds(copied(Score(0.8, 0.7, 0.9, 0.2)))
    near_floor = replace(FLOOR, scores={**FLOOR.scores, "copying": Score(0.79)})
    assert "copying" not in kinds(copied(sure(0.8, 0.7, 0.9)), near_floor)
    many = replace(copied(Score(0.8, 0.7, 0.9, 0.001)), exact_copies=1200)
    assert "1,200 are exact copies" in findings(many, FLOOR)[1].text
    assert ", and copies its train set: the boosting probe" in headline(many, FLOOR)


def test_missing_modes_are_read_against_other_people():
    low = {"prd_recall": sure(0.80, 0.78, 0.82)}
    judged = evaluation(Score(0.64), scores=low)
    assert kinds(judged) == ["not_told_apart", "missing_modes"]
    poor_floor = replace(FLOOR, scores={**FLOOR.scores, "prd_recall": Score(0.81)})
    assert kinds(judged, poor_floor) == ["not_told_apart"]


def test_what_gives_it_away_is_named_with_both_means():
    def feature(importance, fake_mean=12.0):
        return FeatureComparison("ms", "", 16.0, 1.0, fake_mean, 1.0, Score(1.0), importance)

    features = {"dt_mean_ms": feature(0.2), "speed": feature(0.01), "path": feature(0.0)}
    judged = evaluation(sure(0.9, 0.88, 0.92), features=features)
    found = {finding.kind: finding.text for finding in findings(judged, FLOOR)}
    assert "dt_mean_ms (mean 12 against 16 ms)" in found["gives_away"]
    assert "dt_mean_ms" in found["clock"]
    alike = evaluation(Score(0.64, 0.6, 0.66), features=features)
    assert kinds(alike) == ["not_told_apart"]


def test_bands_that_are_surely_off():
    bands = {
        "0-4 Hz": BandPower(1.0, 0.5, Score(0.5, 0.4, 0.6)),
        "4-8 Hz": BandPower(1.0, 0.5, Score(0.5, 0.3, 1.1)),
        "8-16 Hz": BandPower(0.0, 1.0, None),
    }
    judged = evaluation(Score(0.64, 0.6, 0.66), spectra=bands)
    text = findings(judged, FLOOR)[-1].text
    assert "0-4 Hz 0.50" in text
    assert "4-8 Hz" not in text
