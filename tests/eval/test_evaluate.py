"""One evaluation: what it holds, that it is plain, seeded, and says what is wrong."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from humouse.errors import InputError
from humouse.eval.api import Groups, c2st_scores
from humouse.eval.evaluate import evaluate
from humouse.eval.result import Evaluation
from humouse.eval.rule import EvaluationRule
from humouse.eval.statistics.score import MEASURES, POINT_BANDS, PROBES, band_score
from humouse.features import BASIC, GROUPS, feature_table
from humouse.features.modes import FEATURE_MODES
from humouse.settings.choices import METRICS

RULE = EvaluationRule(
    feature_mode="kinematic", probes=("logistic",), replicates=30, permutations=19, prd_runs=2
)


def bounds(name):
    """Return what no score of that name can leave."""
    if name == "mmd":
        return -np.inf, np.inf
    return 0.0, np.inf if name in ("density", "wasserstein", "spectral_distance_db") else 1.0


def only(*metrics, **more):
    return replace(RULE, metrics=metrics, **more)


@pytest.fixture(scope="module")
def people(make_reaches):
    return make_reaches(300, 0, users=12)


@pytest.fixture(scope="module")
def model(make_reaches):
    return make_reaches(200, 1, "model")


@pytest.fixture(scope="module")
def everything(people, model, make_reaches):
    calls = []
    rule = EvaluationRule(probes=tuple(PROBES), replicates=30, permutations=19)
    train = make_reaches(250, 2, "train")
    result = evaluate(people, model, train=train, rule=rule, progress=lambda: calls.append(1))
    assert len(calls) == rule.parts
    return result


@pytest.mark.slow
def test_everything_is_there(everything):
    bands = {band_score(*band) for band in POINT_BANDS}
    assert set(everything.scores) - bands == set(MEASURES) - bands
    assert set(everything.scores) & bands  # those of as many points as these people have
    assert (everything.real, everything.fake) == ("people", "model")
    assert (everything.gestures, everything.users) == (200, 12)
    names = [one.name for group in FEATURE_MODES["neuromotor"] for one in GROUPS[group]]
    assert list(everything.features) == names
    assert set(everything.spectra) == {"0-4 Hz", "4-8 Hz", "8-16 Hz", "16-32 Hz", "32-64 Hz"}
    assert set(everything.curves) == {"prd", *(f"roc_{probe}" for probe in PROBES)}
    assert len(everything.neighbours) == 12
    assert all(one.importance is not None for one in everything.features.values())
    assert all(one.definition and one.unit for one in everything.features.values())


@pytest.mark.slow
def test_the_forest_on_eighteen_features_reads_no_others(people, model):
    rule = replace(only("c2st"), probes=("forest18",), replicates=0)
    tables = [feature_table(side, FEATURE_MODES["kinematic"]) for side in (people[:200], model)]
    other_values = [
        replace(
            table,
            values=np.where([name in BASIC for name in table.names], table.values, np.float32(k)),
        )
        for k, table in enumerate(tables)
    ]
    plain, odd = (
        evaluate(people[:200], model, rule=rule, tables=tuple(each)).scores
        for each in (tables, other_values)
    )
    assert len(BASIC) == 18
    assert plain == odd
    forest = c2st_scores(
        *(table.select(BASIC).values for table in tables),
        probe="forest",
        groups=Groups(people[:200].user),
    )
    assert plain["c2st_forest18_auc"].value == forest.auc.value


@pytest.mark.slow
def test_every_score_says_how_sure_it_is(everything):
    for name, score in everything.scores.items():
        assert score.low < score.high, name
        replicates = np.array(score.replicates.values)
        # Moved onto the value, and inside the score's own bounds, nearly all replicates lie within.
        moved = (replicates - replicates.mean() + score.value).clip(*bounds(name))
        assert ((moved >= score.low) & (moved <= score.high)).mean() >= 0.9, name
    with_p = {name for name, score in everything.scores.items() if score.p_value is not None}
    assert with_p == {"c2st_logistic_auc", "c2st_logistic_acc", "mmd", "copying"}


@pytest.mark.slow
def test_it_survives_json(everything):
    text = json.dumps(everything.as_dict(), allow_nan=False)
    assert Evaluation.from_dict(json.loads(text)) == everything


def test_a_faster_model_differs_in_the_right_features(people, make_reaches):
    result = evaluate(people, make_reaches(300, 1, "model", pace=1.6), rule=RULE)
    same = evaluate(people, make_reaches(300, 1, "model"), rule=RULE)
    name = "c2st_logistic_auc"
    assert result.scores[name].value > 0.7 > same.scores[name].value
    assert result.scores["mmd"].value > same.scores["mmd"].value
    assert result.spectra["0-4 Hz"].ratio.value == pytest.approx(1.6**2, rel=0.35)
    speed = result.features["speed_mean_px_s"]
    column = feature_table(people)["speed_mean_px_s"].astype(float)
    assert speed.real_mean == pytest.approx(float(column.mean()))
    assert speed.real_std == pytest.approx(float(column.std()))
    assert speed.unit == "px/s"
    worst = result.worst_features(20)
    assert "dt_mean_ms" not in worst
    assert {"speed_mean_px_s", "path_px", "speed_max_px_s"} & set(worst)


@pytest.mark.slow
def test_the_feature_that_differs_most_comes_first(people, make_reaches):
    made = make_reaches(300, 1, "model", tick_ms=15)
    rule = only("c2st", "kinematics", probes=("boosting",))
    result = evaluate(people, made, rule=rule)
    worst = result.worst_features(1)[0]
    assert worst.startswith("dt_")
    assert result.features[worst].importance > 0.01


def test_only_what_was_asked_for(people, model):
    assert set(evaluate(people, model, rule=only("mmd")).scores) == {"mmd"}
    result = evaluate(people, people[:], rule=only("spectra"))
    assert set(result.scores) == {"spectral_distance_db"}
    assert result.features == {}
    assert result.spectra["0-4 Hz"].ratio.value == 1
    bare = evaluate(people, model, rule=only("mmd", replicates=0, permutations=0)).scores["mmd"]
    assert (bare.low, bare.high, bare.p_value) == (None, None, None)
    assert "copying" not in evaluate(people, model, rule=only("copying")).scores


@pytest.mark.slow
def test_copying_does_without_the_other_features(people, model, make_reaches):
    rule = only("copying", feature_mode="sigma_lognormal")
    train = make_reaches(100, 5, "train")
    strokes = evaluate(people, model, train=train, rule=rule).scores["copying"]
    assert strokes == evaluate(people, model, train=train, rule=only("copying")).scores["copying"]


def test_known_features_are_not_computed_again(people, model):
    rule = only("mmd", "kinematics", max_gestures=150)
    groups = FEATURE_MODES[rule.feature_mode]
    tables = feature_table(people, groups), feature_table(model, groups)
    given = evaluate(people, model, rule=rule, tables=tables)
    assert given == evaluate(people, model, rule=rule)
    part = tuple(table.select(["path_px", "net_px"]) for table in tables)
    assert list(evaluate(people, model, rule=rule, tables=part).features) == ["path_px", "net_px"]


@pytest.mark.slow
def test_quick_is_a_subset_and_seeded(people, model):
    def quick(seed):
        rule = EvaluationRule.quick(feature_mode="kinematic", seed=seed)
        return evaluate(people, model, rule=rule)

    once = quick(4)
    assert set(once.scores) == {
        "c2st_logistic_acc", "c2st_logistic_auc", "mmd", "prd_precision", "prd_recall",
    }  # fmt: skip
    assert once == quick(4)
    assert once.scores != quick(5).scores


def test_sizes_are_made_equal(people, make_reaches):
    few = evaluate(people, make_reaches(50, 1, "model"), rule=only("mmd", max_gestures=30))
    assert few.gestures == 30


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"metrics": ("mmd", "kinematic")}, "metrics: there is no 'kinematic'; did you mean kin"),
        ({"metrics": ("?",)}, ", ".join(METRICS)),
        ({"metrics": ()}, "metrics: none named"),
        ({"probes": ("forrest",)}, "probes: there is no 'forrest'; did you mean forest"),
        (
            {"probes": ("forest18",), "feature_mode": "sigma_lognormal"},
            "forest18 reads kinematic features, and feature_mode=sigma_lognormal has none",
        ),
        ({"feature_mode": "neuro"}, "feature_mode: there is no 'neuro'; did you mean neuromotor"),
        ({"replicates": -1}, "replicates=-1: must be at least 20, or 0"),
        ({"replicates": 5}, "replicates=5: must be at least 20, or 0"),
        ({"permutations": -5}, "permutations=-5"),
        ({"seed": -1}, "seed=-1: must lie in 0…4294967295"),
        ({"seed": 2**32}, "seed=4294967296"),
    ],
)
def test_rules_that_cannot_be(people, model, more, complaint):
    with pytest.raises(InputError, match=complaint.replace("?", r"\?")):
        evaluate(people, model, rule=replace(RULE, **more))


def test_a_probe_that_measures_importance_does_without_the_kinematics(people, model):
    alone = only("c2st", probes=("boosting",), replicates=0, permutations=0)
    result = evaluate(people[:60], model[:60], rule=alone)
    assert result.features == {}
    assert {"c2st_boosting_auc", "c2st_boosting_acc"} <= set(result.scores)


def test_lengths_are_tested_apart(make_reaches):
    """What gives short movements away says nothing of longer ones."""
    people, model = make_reaches(300, 0), make_reaches(300, 1, "model")
    steps = torch.tensor([4, 9, 14]).repeat(100)
    triple = torch.where(steps == 4, 3, 1)[:, None, None]
    short = torch.arange(people.deltas.shape[1]) < steps[:, None]
    people, model = (
        replace(side, deltas=side.deltas * scale * short[..., None], lengths=steps)
        for side, scale in ((people, 1), (model, triple))
    )
    scores = evaluate(people, model, rule=only("lengths", replicates=0)).scores
    assert list(scores) == [band_score(*band) for band in ((3, 6), (7, 12), (13, 30))]
    assert scores[band_score(3, 6)].value > 0.9
    assert all(0.3 < scores[band_score(*band)].value < 0.7 for band in ((7, 12), (13, 30)))


def test_few_movements_of_a_length_are_not_tested_apart(make_reaches):
    people, model = make_reaches(49, 0, near_only=True), make_reaches(49, 1, "model")
    assert evaluate(people, model, rule=only("lengths", replicates=0)).scores == {}
