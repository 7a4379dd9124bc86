"""Sets that are small, empty, in the wrong unit, of one person, or the same twice."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from humouse.errors import InputError
from humouse.eval.evaluate import evaluate
from humouse.eval.rule import EvaluationRule
from humouse.trajectories import Trajectories

RULE = EvaluationRule(
    metrics=("c2st", "mmd", "kinematics"),
    feature_mode="kinematic",
    probes=("logistic",),
    replicates=20,
    permutations=19,
)


@pytest.fixture(scope="module")
def people(make_reaches):
    return make_reaches(240, 0, users=12)


def judged(real, fake, rule=RULE):
    return evaluate(real, fake, rule=rule)


def test_sets_of_different_size_are_cut_to_the_smaller(people, make_reaches):
    result = judged(people, make_reaches(600, 1, "model"))
    assert (result.gestures, result.users) == (240, 12)
    assert result.warnings == ()


def test_few_movements_are_warned_of_with_the_width(people, make_reaches):
    result = judged(people, make_reaches(100, 1, "model"))
    assert len(result.warnings) == 1
    assert "only 100 movements per set" in result.warnings[0]
    assert "0.5 ± 0.08" in result.warnings[0]


def test_the_width_is_the_right_one():
    """Areas of two equal sets of 100, drawn a thousand times."""
    from humouse.eval.probes.held_out import HeldOut

    rng = np.random.default_rng(0)
    is_real, one_fold = np.arange(200) < 100, np.zeros(200, int)
    areas = [HeldOut(is_real, rng.uniform(size=200), one_fold).auc()[0] for _ in range(1000)]
    assert np.quantile(areas, 0.975) - 0.5 == pytest.approx(0.08, abs=0.01)


def test_too_few_are_an_error(people, make_reaches):
    with pytest.raises(InputError, match="model: 19 movements; at least 20 are needed"):
        judged(people, make_reaches(19, 1, "model"))
    with pytest.raises(InputError, match="model: 0 movements"):
        judged(people, make_reaches(40, 1, "model")[[]])
    still = replace(make_reaches(40, 1, "model"), lengths=torch.zeros(40, dtype=torch.long))
    with pytest.raises(InputError, match=r"model: 0 movements \(40 more are empty\)"):
        judged(people, still)
    with pytest.raises(InputError, match="10 movements per set are too few"):
        judged(people, people[:], replace(RULE, max_gestures=10))


def test_movements_and_files_refuse_nan(people, tmp_path):
    broken = people.deltas.clone()
    broken[3, 2, 0] = torch.nan
    with pytest.raises(ValueError, match="NaN"):
        replace(people, deltas=broken)


def test_empty_movements_are_left_out_and_counted(people, make_reaches):
    made = make_reaches(300, 1, "model")
    made = replace(made, lengths=torch.where(torch.arange(300) < 60, 0, made.lengths))
    result = judged(people, made)
    assert "model: 60 of 300 movements are empty; left out" in result.warnings
    assert result.gestures == 240


def test_a_single_person(make_reaches):
    result = judged(make_reaches(240, 0, users=1), make_reaches(240, 1, "model"))
    assert "all gestures are person 0's: no person can be held out" in result.warnings[0]
    assert 0.35 < result.scores["c2st_logistic_auc"].value < 0.65


@pytest.mark.slow
def test_few_people_and_unnamed_people(make_reaches):
    made = make_reaches(240, 1, "model")
    assert "only 3 people" in judged(make_reaches(240, 0, users=3), made).warnings[0]
    assert "people are not named" in judged(make_reaches(240, 0), made).warnings[0]


@pytest.mark.slow  # fits a forest
def test_identical_sets_read_exactly_nothing(people):
    result = judged(
        people,
        replace(people, user=None, origin="twin"),
        replace(RULE, probes=("logistic", "forest")),
    )
    assert "people and twin are the same movements" in result.warnings[0]
    for probe in ("logistic", "forest"):
        assert result.scores[f"c2st_{probe}_auc"].value == pytest.approx(0.5, abs=0.03)
    assert result.scores["wasserstein"].value == 0
    assert result.scores["mmd"].value <= 0


def test_movements_in_both_sets_are_counted(people, make_reaches):
    made = make_reaches(240, 1, "model").deltas.clone()
    made[:30] = people.deltas[:30]
    lengths = torch.cat([people.lengths[:30], make_reaches(240, 1).lengths[30:]])
    result = judged(people, Trajectories(made, lengths, torch.zeros(240, 2), None, "model"))
    assert "30 of 240 movements of model are also among those of people" in result.warnings[0]


def test_a_constant_feature_is_named(people, make_reaches):
    flat = replace(people, deltas=people.deltas * torch.tensor([1.0, 0.0, 1.0]))
    sloped = replace(people, user=None, origin="model")
    result = judged(flat, sloped)
    line = next(line for line in result.warnings if "the same in all real" in line)
    assert "direction_sin" in line
    assert np.isfinite(result.features["dy_flips"].wasserstein.value)
    robot = judged(sloped, flat)  # and the other way round: what every bot's clock looks like
    assert any(
        "direction_sin" in line and "the same in all judged" in line for line in robot.warnings
    )
    other = make_reaches(240, 5, "model")
    both = judged(flat, replace(other, deltas=other.deltas * torch.tensor([1.0, 0.0, 1.0])))
    assert [line for line in both.warnings if "the same in all" in line] == []


@pytest.mark.parametrize(
    ("factor", "guess"),
    [
        ((1, 1, 1e-3), "times look like seconds, not ms"),
        ((1, 1, 1e3), "times look like µs, not ms"),
        ((1 / 1920, 1 / 1920, 1), "positions look like shares of the screen"),
    ],
)
def test_the_wrong_unit_is_guessed(people, make_reaches, factor, guess):
    made = make_reaches(240, 1, "model")
    made = replace(made, deltas=made.deltas * torch.tensor(factor, dtype=torch.float32))
    line = judged(people, made).warnings[0]
    assert line.startswith("model: the median speed is")
    assert guess in line


def test_people_have_the_right_unit(people):
    assert judged(people[:120:2], people[1:120:2]).warnings[0].startswith("only 60")


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["sapimouse", "balabit"])
def test_recordings_have_the_right_unit(recordings, name):
    from humouse.data.gestures import cut_gestures, to_trajectories
    from humouse.data.sources import make_source
    from humouse.eval.plausibility import warnings_about
    from humouse.gestures import GestureRules

    source = make_source(name, root=str(recordings / name))
    tables = [
        cut_gestures(source.events(file).table, GestureRules()) for file in source.files()[::9]
    ]
    people = to_trajectories(tables, name)
    assert warnings_about(people[::2], people[1::2]) == []
