"""The evaluator on cases whose answer is known: each must be caught, and called by its name."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from humouse.eval.api import c2st_scores, mmd_score, neighbour_scores, prd_score
from humouse.eval.evaluate import evaluate
from humouse.eval.rule import EvaluationRule
from humouse.eval.verdict import verdict
from humouse.eval.wording import findings

RULE = EvaluationRule(
    feature_mode="kinematic",
    probes=("logistic",),
    replicates=100,
    permutations=99,
    prd_runs=4,
    importance=False,
)


@pytest.fixture(scope="module")
def people(make_reaches):
    return make_reaches(400, 0, users=20)


@pytest.fixture(scope="module")
def train(make_reaches):
    return make_reaches(900, 1, "train", users=30, first_user=100)


@pytest.fixture(scope="module")
def baseline(people, train):
    return evaluate(people, train, rule=RULE)


def kinds(judged, baseline):
    return {finding.kind: finding.text for finding in findings(verdict(judged, baseline))}


def gaussians(shift, n=1000, F=4):
    g = torch.Generator().manual_seed(0)
    return torch.randn(n, F, generator=g), torch.randn(n, F, generator=g) + shift


def test_equal_gaussians():
    real, fake = gaussians(0.0)
    score = c2st_scores(real, fake, replicates=200, permutations=99)
    assert score.auc.low < 0.5 < score.auc.high
    assert score.auc.p_value > 0.05
    mmd = mmd_score(real, fake, permutations=99)
    assert mmd.p_value > 0.05
    curve = prd_score(real, fake)
    assert min(curve.precision.value, curve.recall.value) > 0.95
    assert neighbour_scores(real, fake)["density"].value == pytest.approx(1, abs=0.1)


def test_shifted_gaussians():
    real, fake = gaussians(0.3)
    score = c2st_scores(real, fake, replicates=200, permutations=99)
    # Bayes: Φ(d/2) and Φ(d/√2) at the distance d between the means.
    normal, distance = torch.distributions.Normal(0, 1), 0.3 * math.sqrt(4)
    accuracy, auc = (float(normal.cdf(torch.tensor(distance / k))) for k in (2, math.sqrt(2)))
    assert score.accuracy.low < accuracy < score.accuracy.high + 0.01
    assert score.auc.low < auc < score.auc.high + 0.01
    assert score.auc.p_value == score.accuracy.p_value == 0.01  # 1 of 100: none by chance
    assert mmd_score(real, fake, permutations=99).p_value == 0.01


def test_people_like_them_are_not_separable(people, train, baseline, make_reaches):
    made = make_reaches(400, 2, "model")
    judged = evaluate(people, made, train=train, rule=RULE)
    assert set(kinds(judged, baseline)) <= {"not_told_apart", "undecided"}
    assert verdict(judged, baseline).separation.degree not in ("close", "far")
    assert judged.warnings == ()


def test_a_dropped_mode(people, train, baseline, make_reaches):
    made = make_reaches(400, 2, "model", near_only=True)
    judged = evaluate(people, made, train=train, rule=RULE)
    found = kinds(judged, baseline)
    assert "told_apart" in found
    assert "PRD recall" in found["missing_modes"]
    assert "unreal" not in found  # what it makes is human
    assert judged.scores["prd_recall"].value < judged.scores["prd_precision"].value - 0.1


def test_an_invented_mode(people, train, baseline, make_reaches):
    made = make_reaches(400, 2, "model")
    odd = made.deltas.clone()
    odd[:120, :, 0] += 25  # a drift that no person has
    judged = evaluate(people, replace(made, deltas=odd), train=train, rule=RULE)
    assert "PRD precision" in kinds(judged, baseline)["unreal"]


def test_a_copied_train_set(people, train, baseline):
    some = np.sort(np.random.default_rng(0).permutation(len(train))[:400])  # of everybody
    copies = replace(train[some], user=None, origin="model")
    judged = evaluate(people, copies, train=train, rule=RULE)
    found = kinds(judged, baseline)
    assert "exact copies" in found["copying"]
    assert judged.scores["copying"].value > 0.95
    assert judged.scores["copying"].p_value < 0.01
    assert all(neighbour.distance == 0 for neighbour in judged.neighbours)
    assert "told_apart" not in found  # copies are the most human of all


@pytest.mark.slow
def test_nearly_copied_movements_are_caught_too(people, train, baseline):
    g = torch.Generator().manual_seed(0)
    near = train[list(range(400))]
    wobble = torch.randint(-1, 2, near.deltas.shape, generator=g) * (near.deltas[..., :1].abs() > 6)
    wobble[..., 2] = 0
    made = replace(near, deltas=near.deltas + wobble, user=None, origin="model")
    judged = evaluate(people, made, train=train, rule=RULE)
    assert "copying" in kinds(judged, baseline)


@pytest.mark.slow
def test_an_8_ms_clock_in_one_set(people, train, baseline, make_reaches):
    made = make_reaches(400, 2, "model", tick_ms=8, pace=0.5)
    whole = replace(RULE, probes=("logistic", "boosting"), importance=True)
    judged = evaluate(people, made, train=train, rule=whole)
    found = kinds(judged, baseline)
    assert judged.scores["c2st_boosting_auc"].value > 0.99
    assert "dt_" in found["clock"]
    assert "dt_" in found["gives_away"]


@pytest.mark.slow
def test_a_scale_of_one_set_is_named_by_its_spectrum(people, train, baseline):
    made = replace(people, deltas=people.deltas * torch.tensor([1.5, 1.5, 1.0]), user=None)
    judged = evaluate(people, replace(made, origin="model"), train=train, rule=RULE)
    assert "spectra" in kinds(judged, baseline)
    assert judged.spectra["0-4 Hz"].ratio.value == pytest.approx(2.25, rel=0.05)
