"""The title of a comparison says which run is nearest, by the numbers of its table."""

from dataclasses import replace

import pytest

from humouse.eval.statistics.score import Score
from humouse.report.comparison.nearest import nearest
from humouse.report.evaluation.scores import excess_of, headline_score

_NAME = "c2st_forest_auc"


@pytest.fixture(scope="module")
def bare(make_run, tmp_path_factory):
    run = make_run(tmp_path_factory.mktemp("nearest"), n=40, groups=["timing"])
    sides = {side: replace(run.evaluations[side], scores={}) for side in run.evaluations}
    return replace(run, evaluations=sides, excess={})


def with_excess(bare, auc, low, high, baseline=0.55):
    sides = {
        "generated": replace(bare.generated, scores={_NAME: Score(auc)}),
        "other_people": replace(bare.evaluations["other_people"], scores={_NAME: Score(baseline)}),
    }
    return replace(bare, evaluations=sides, excess={_NAME: Score(auc - baseline, low, high)})


def test_the_least_excess_is_nearest_whatever_the_value(bare):
    far = with_excess(bare, 0.70, 0.12, 0.18)
    near = with_excess(bare, 0.80, 0.01, 0.09, baseline=0.75)
    assert nearest(["far", "near"], [far, near], True) == (
        "near is nearest to people, significantly nearer than far: the excess AUC is +0.050 [0.010, "
        "0.090] against +0.150 [0.120, 0.180]"
    )


def test_overlapping_intervals_are_not_significant(bare):
    pair = with_excess(bare, 0.60, 0.00, 0.13), with_excess(bare, 0.65, 0.05, 0.15)
    title = nearest(["a", "b"], pair, True)
    assert title.startswith("a is nearest to people, but not significantly nearer than b: ")


def test_what_cannot_be_ranked_is_not(bare):
    pair = with_excess(bare, 0.60, 0.00, 0.13), bare
    assert "none is the nearest" in nearest(["a", "b"], pair, True)
    assert "do not measure the same" in nearest(["a", "b"], [pair[0], pair[0]], False)


def test_the_headlines_score_is_that_whose_excess_is_surest(bare):
    scores = {"c2st_logistic_auc": Score(0.7), "c2st_forest_auc": Score(0.65)}
    baseline = {"c2st_logistic_auc": Score(0.6), "c2st_forest_auc": Score(0.6)}
    sides = {
        "generated": replace(bare.generated, scores=scores),
        "other_people": replace(bare.evaluations["other_people"], scores=baseline),
    }
    excess = {
        "c2st_logistic_auc": Score(0.1, -0.1, 0.3),
        "c2st_forest_auc": Score(0.05, 0.03, 0.07),
    }
    run = replace(bare, evaluations=sides, excess=excess)
    assert headline_score(run) == "c2st_forest_auc"
    assert excess_of(run, "c2st_forest_auc").low == 0.03
    assert headline_score(replace(bare, evaluations={"generated": bare.generated})) is None
