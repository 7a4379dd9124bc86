"""The baselines and reference bots, and what they read."""

import numpy as np
import pytest
import torch

from humouse.eval.evaluate import evaluate
from humouse.eval.references import halves, reference
from humouse.eval.rule import EvaluationRule
from humouse.settings.choices import REFERENCES

RULE = EvaluationRule(
    metrics=("c2st", "copying"),
    feature_mode="kinematic",
    probes=("logistic",),
    replicates=150,
    permutations=0,
    importance=False,
)


@pytest.fixture(scope="module")
def people(make_reaches):
    return make_reaches(500, 0, users=20)


@pytest.fixture(scope="module")
def train(make_reaches):
    return make_reaches(800, 1, "train", users=30, first_user=100)


@pytest.fixture(scope="module")
def scores(people, train):
    return {
        name: evaluate(one.standard, one.judged, train=one.train, rule=RULE).scores
        for name in REFERENCES
        for one in [reference(name, people, train, 400, seed=0)]
    }


def test_other_people_are_compared_with_the_rest_of_theirs(people, train):
    one = reference("other_people", people, train, 300, seed=0)
    rows = [{row.numpy().tobytes() for row in side.deltas} for side in (one.judged, one.train)]
    assert (len(one.judged), len(one.train)) == (300, 500)
    assert not rows[0] & rows[1]


def test_halves_are_disjoint_and_share_everybody(people):
    first, second = halves(people, 10_000, np.random.default_rng(0))
    assert abs(len(first) - len(second)) <= 20
    assert len(first) + len(second) == len(people)
    rows = [{row.numpy().tobytes() for row in side.deltas} for side in (first, second)]
    assert not rows[0] & rows[1]
    for name in np.unique(people.user):
        sizes = [(side.user == name).sum() for side in (first, second)]
        assert abs(sizes[0] - sizes[1]) <= 1


def test_people_like_them_read_one_half(scores):
    for name in ("other_people", "same_people", "replay"):
        assert scores[name]["c2st_logistic_auc"].value == pytest.approx(0.5, abs=0.06), name


def test_bots_are_separable(scores):
    for name in ("line", "bezier"):
        assert scores[name]["c2st_logistic_auc"].value > 0.95


def test_replay_alone_is_flagged_as_copying(scores):
    assert scores["replay"]["copying"].value > 0.95
    assert scores["replay"]["copying"].p_value < 0.01
    assert scores["other_people"]["copying"].value == pytest.approx(0.5, abs=0.08)
    for name in ("same_people", "line", "bezier"):
        assert scores[name]["copying"].value < 0.6, name


def test_references_come_from_the_seed(people, train):
    for name in REFERENCES:
        first, same, other = (
            reference(name, people, train, 50, seed=seed).judged for seed in (1, 1, 2)
        )
        assert torch.equal(first.deltas, same.deltas)
        assert not torch.equal(first.deltas, other.deltas), name
