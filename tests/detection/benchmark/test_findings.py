"""Each sentence follows from its rule, and none is said where the rule has nothing to say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from humouse.detection.benchmark.findings import ENOUGH, findings, gain, gestures_needed, judge
from humouse.detection.benchmark.result import BenchmarkResult, Cell, FalseAlarms, Session, Transfer
from humouse.detection.names import MEAN
from humouse.eval.statistics.resampling import interval
from humouse.eval.statistics.score import Replicates, Score

UNITS = 20


def score(value, spread=0.002, seed=0):
    """Return a score with replicates; those of one seed move together."""
    drawn = torch.from_numpy(value + spread * np.random.default_rng(seed).normal(size=200))
    return Score(
        value, *interval(value, drawn, UNITS), replicates=Replicates(tuple(drawn.tolist()), UNITS)
    )


def cell(family, auc, tpr=0.9, mix="all", detector="blend", **spreads):
    scores = {"roc_auc": score(auc, **spreads), "tpr_at_1": score(tpr, **spreads)}
    by_seed = {name: (one.value,) for name, one in scores.items()}
    return Cell(detector, family, mix, scores, by_seed, UNITS, 2000, 500)


def result(*cells, **more):
    return BenchmarkResult(Path("nowhere"), cells, **more)


def said(content, start):
    (sentence,) = [one for one in findings(content) if one.startswith(start)]
    return sentence


def test_families_that_fall_short_are_named_the_hardest_first():
    content = result(
        cell("line", 0.9999), cell("wind", 0.97), cell("perturbed_replay", 0.91), cell(MEAN, 0.96)
    )
    (first, *_) = findings(content)
    assert first.startswith("2 of 3 scripted families fall short of ROC-AUC 0.99 with the blend")
    assert first.index("perturbed replay 0.910 [") < first.index("wind 0.970 [")
    assert "line" not in first
    assert "chance" not in first
    (first, *_) = findings(result(cell("wind", 0.989, spread=0.002), cell("line", 1.0)))
    assert first.startswith("1 of 2 scripted families falls short")
    assert "(perhaps by chance)" in first
    (first, *_) = findings(result(cell("wind", 0.98996), cell("line", 1.0)))
    assert "wind 0.98996 [" in first  # not 0.990, which would be enough


def test_where_none_falls_short_the_lowest_is_named():
    (first, *_) = findings(result(cell("line", 0.999), cell("wind", 0.99), cell("gan", 0.5)))
    assert first.startswith("The blend reaches ROC-AUC 0.99 on each of 2 scripted families")
    assert "lowest: wind 0.990" in first


def test_only_the_judge_in_the_fullest_mix_counts():
    content = result(
        cell("line", 0.5, detector="isolation"),
        cell("line", 0.6, mix="bots"),
        cell("line", 0.999),
    )
    assert judge(content) == "blend"
    assert findings(content)[0].startswith("The blend reaches")
    alone = result(cell("line", 0.5, detector="isolation"))
    assert "short of ROC-AUC 0.99 with the isolation" in findings(alone)[0]


@pytest.mark.parametrize(
    ("auc", "words"), [(0.97, "at or above the 0.97"), (0.969, "below the 0.97")]
)
def test_the_gan_is_held_against_its_goal(auc, words):
    sentence = said(result(cell("gan", auc, 0.5)), "GAN held out")
    assert words in sentence
    assert "caught at 1% false alarms: 50.0% [" in sentence


def test_diffusion_is_stated_without_a_goal():
    sentence = said(result(cell("diffusion", 0.71)), "Diffusion held out: ROC-AUC 0.710 [")
    assert "aimed" not in sentence


def mixes(values, spread=0.05, seeds=(0, 0, 0, 0)):
    names = ("bots", "bots+gan", "bots+diffusion", "all")
    return [
        cell(MEAN, 0.99, tpr, mix, spread=spread, seed=seed)
        for mix, tpr, seed in zip(names, values, seeds, strict=True)
    ]


def test_a_gain_is_paired_over_the_draws():
    """Intervals of 0.2 each, yet a gain of 0.02 is sure where every replicate has it."""
    content = result(*mixes((0.80, 0.80, 0.82, 0.80)))
    before, _, more = gain(content, "blend", MEAN, "bots", "bots+diffusion")
    assert before.high - before.low > 0.15
    assert (more.low, more.high) == pytest.approx((0.02, 0.02), abs=1e-5)
    sentence = said(
        content, "Diffusion negatives raise what is caught: added to scripted bots alone"
    )
    assert "from 80.0% to 82.0% (+2.0 percentage points [+2.0, +2.0])" in sentence
    independent = result(*mixes((0.80, 0.80, 0.82, 0.80), seeds=(1, 2, 3, 4)))
    assert said(
        independent, "Diffusion negatives make no sure difference: added to scripted bots alone"
    )


def test_a_loss_is_told():
    content = result(*mixes((0.80, 0.85, 0.82, 0.82)))
    assert said(
        content, "Diffusion negatives lower what is caught: added to scripted bots and the G"
    )
    assert said(content, "GAN negatives raise what is caught: added to scripted bots alone,")
    assert said(
        content, "GAN negatives make no sure difference: added to scripted bots and the dif"
    )


def test_without_draws_a_gain_is_bare():
    bare = [
        replace(one, scores={name: replace(s, replicates=None) for name, s in one.scores.items()})
        for one in mixes((0.80, 0.80, 0.82, 0.80))
    ]
    sentence = said(
        result(*bare), "Diffusion negatives raise what is caught (how surely, this run "
    )
    assert "(+2.0 percentage points)" in sentence


def test_the_family_that_gains_most_is_named():
    cells = mixes((0.8, 0.8, 0.82, 0.8))
    for family, more in (("line", 0.0), ("wind", 0.06), ("gan", 0.5)):
        cells += [
            cell(family, 0.99, 0.8, "bots"),
            cell(family, 0.99, 0.8 + more, "bots+diffusion"),
        ]
    assert "the largest change is that of wind: +6.0" in said(
        result(*cells), "Diffusion negatives raise"
    )


def test_the_worst_person_is_named():
    rates, counts = (
        {"user 1": 0.0, "user 2": 0.25, "user 3": 0.02},
        {
            "user 1": 100,
            "user 2": 40,
            "user 3": 60,
        },
    )
    alarms = (
        FalseAlarms("blend", "bots", {"user 9": 0.9}, {"user 9": 10}),
        FalseAlarms("blend", "all", rates, counts),
        FalseAlarms("isolation", "all", {"user 9": 0.9}, {"user 9": 10}),
    )
    sentence = said(result(cell("line", 0.999), false_alarms=alarms), "False alarms")
    assert "5.6% of people's gestures" in sentence  # (10 + 1.2) / 200
    assert "2 of 3 people lie above 1%" in sentence
    assert "The worst is user 2, taken for a bot in 25.0% of n = 40 gestures" in sentence


def session(family, gestures, tpr, detector="blend", mix="all"):
    return Session(detector, family, mix, gestures, {"tpr_at_1": score(tpr)})


def test_how_many_gestures_it_takes():
    sessions = (
        session("wind", 5, 0.99),
        session("wind", 3, ENOUGH),
        session("wind", 1, 0.5),
        session("line", 1, 0.99),
        session("line", 3, 0.9),  # once it was enough, it was
        session("diffusion", 10, 0.4),
        session("diffusion", 1, 0.1),
        session("spline", 1, 0.99, mix="bots"),
    )
    content = result(cell("line", 0.999), sessions=sessions)
    assert gestures_needed(content) == {"wind": 3, "line": 1, "diffusion": None}
    sentence = said(content, "Gestures of a session")
    assert "1 for line; 3 for wind; more than were tried for diffusion." in sentence


def test_across_datasets_comes_with_its_warning():
    transfer = Transfer(
        "sapimouse", "balabit", (cell("line", 0.97), cell("wind", 0.8)), {"blend": 0.21}
    )
    sentence = said(result(cell("line", 0.999), transfers=(transfer,)), "Fitted on sapimouse")
    assert "lowest ROC-AUC over 2 families: wind 0.800" in sentence
    assert "flags 21.0% of people" in sentence
    assert "0.80–0.95 by the set-up alone" in sentence


def test_nothing_measured_nothing_said():
    assert findings(result()) == ()
    assert len(findings(result(cell("line", 0.999)))) == 1
