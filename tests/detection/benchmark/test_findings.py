"""Each finding follows from its rule, none is made where its rule has nothing to say; all have words."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from humouse.detection.benchmark.findings import (
    AddedNegatives,
    ModelFamily,
    ScriptedFamilies,
    SessionLength,
    TransferResult,
    WorstPerson,
    findings,
)
from humouse.detection.benchmark.headline import ENOUGH, gain, gestures_needed, headline_detector
from humouse.detection.benchmark.result import (
    BenchmarkResult,
    FalseAlarms,
    FamilyScores,
    Session,
    Transfer,
)
from humouse.detection.benchmark.wording import sentence, sentences
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
    return FamilyScores(detector, family, mix, scores, by_seed, UNITS, 2000, 500)


def result(*cells, **more):
    return BenchmarkResult(Path("nowhere"), cells, **more)


def found(content, kind):
    """Return the findings of a kind."""
    return [one for one in findings(content) if isinstance(one, kind)]


def the_only(content, kind):
    (one,) = found(content, kind)
    return one


def test_families_that_fall_short_are_named_the_hardest_first():
    content = result(
        cell("line", 0.9999), cell("wind", 0.97), cell("perturbed_replay", 0.91), cell(MEAN, 0.96)
    )
    (first, *_) = findings(content)
    assert isinstance(first, ScriptedFamilies)
    assert first.detector == "blend"
    assert list(first.areas) == ["perturbed_replay", "wind", "line"]
    assert list(first.short) == ["perturbed_replay", "wind"]
    text = sentence(first)
    assert "2 of 3 kinds of scripted bots" in text
    assert text.index("perturbed replay 0.910 [") < text.index("wind 0.970 [")
    assert "line" not in text
    assert "the interval holds" not in text


def test_a_shortfall_within_its_interval_is_marked_and_never_rounded_to_the_goal():
    (first, *_) = sentences(result(cell("wind", 0.989, spread=0.002), cell("line", 1.0)))
    assert "1 of 2 kinds of scripted bots" in first
    assert "(the interval holds 0.99)" in first
    (first, *_) = sentences(result(cell("wind", 0.98996), cell("line", 1.0)))
    assert "wind 0.98996 [" in first  # not 0.990, which would be enough


def test_where_none_falls_short_the_lowest_is_named():
    content = result(cell("line", 0.999), cell("wind", 0.99), cell("gan", 0.5))
    finding = the_only(content, ScriptedFamilies)
    assert finding.short == {}
    assert set(finding.areas) == {"line", "wind"}
    assert "lowest: wind 0.990" in sentence(finding)


def test_only_the_headline_detector_in_the_fullest_mix_counts():
    content = result(
        cell("line", 0.5, detector="isolation"),
        cell("line", 0.6, mix="bots"),
        cell("line", 0.999),
    )
    assert headline_detector(content) == "blend"
    assert the_only(content, ScriptedFamilies).short == {}
    alone = result(cell("line", 0.5, detector="isolation"))
    finding = the_only(alone, ScriptedFamilies)
    assert (finding.detector, list(finding.short)) == ("isolation", ["line"])


@pytest.mark.parametrize(
    ("auc", "reached", "words"),
    [(0.97, True, "at or above the goal of 0.97"), (0.969, False, "below the goal of 0.97")],
)
def test_the_gan_is_compared_with_its_goal(auc, reached, words):
    finding = the_only(result(cell("gan", auc, 0.5)), ModelFamily)
    assert (finding.family, finding.goal, finding.reached) == ("gan", 0.97, reached)
    assert finding.tpr.value == 0.5
    assert words in sentence(finding)
    assert "caught at a 1% false-alarm rate: 50.0% [" in sentence(finding)


def test_diffusion_is_stated_without_a_goal():
    finding = the_only(result(cell("diffusion", 0.71)), ModelFamily)
    assert finding.goal is None
    assert finding.reached is None
    assert sentence(finding).startswith("Diffusion left out of training: ROC-AUC 0.710 [")
    assert "goal" not in sentence(finding)


def mixes(values, spread=0.05, seeds=(0, 0, 0, 0)):
    names = ("bots", "bots+gan", "bots+diffusion", "all")
    return [
        cell(MEAN, 0.99, tpr, mix, spread=spread, seed=seed)
        for mix, tpr, seed in zip(names, values, seeds, strict=True)
    ]


def added(content, kind, without):
    (one,) = [
        one for one in found(content, AddedNegatives) if (one.kind, one.without) == (kind, without)
    ]
    return one


def test_a_gain_is_paired_over_the_replicates():
    """Intervals of 0.2 each, yet a gain of 0.02 is sure where every replicate has it."""
    content = result(*mixes((0.80, 0.80, 0.82, 0.80)))
    before, _, more = gain(content, "blend", MEAN, "bots", "bots+diffusion")
    assert before.high - before.low > 0.15
    assert (more.low, more.high) == pytest.approx((0.02, 0.02), abs=1e-5)
    finding = added(content, "diffusion", "bots")
    assert finding.effect == 1
    assert "from 80.0% to 82.0% (+2.0 percentage points [+2.0, +2.0])" in sentence(finding)
    independent = result(*mixes((0.80, 0.80, 0.82, 0.80), seeds=(1, 2, 3, 4)))
    assert added(independent, "diffusion", "bots").effect == 0


def test_a_loss_is_a_loss():
    content = result(*mixes((0.80, 0.85, 0.82, 0.82)))
    assert added(content, "diffusion", "bots+gan").effect == -1
    assert added(content, "gan", "bots").effect == 1
    assert added(content, "gan", "bots+diffusion").effect == 0
    words = [sentence(one) for one in found(content, AddedNegatives)]
    assert sum("catches fewer bots" in one for one in words) == 1
    assert sum("no significant difference" in one for one in words) == 1


def test_without_replicates_a_gain_has_no_interval():
    bare = [
        replace(one, scores={name: replace(s, replicates=None) for name, s in one.scores.items()})
        for one in mixes((0.80, 0.80, 0.82, 0.80))
    ]
    finding = added(result(*bare), "diffusion", "bots")
    assert finding.effect is None
    assert "(+2.0 percentage points)" in sentence(finding)


def test_the_family_that_gains_most_is_named():
    cells = mixes((0.8, 0.8, 0.82, 0.8))
    for family, more in (("line", 0.0), ("wind", 0.06), ("gan", 0.5)):
        cells += [
            cell(family, 0.99, 0.8, "bots"),
            cell(family, 0.99, 0.8 + more, "bots+diffusion"),
        ]
    finding = added(result(*cells), "diffusion", "bots")
    assert finding.most_changed == ("wind", pytest.approx(0.06))
    assert "the largest change is that of wind: +6.0" in sentence(finding)


def test_the_worst_person_is_named():
    rates = {"user 1": 0.0, "user 2": 0.25, "user 3": 0.02}
    counts = {"user 1": 100, "user 2": 40, "user 3": 60}
    alarms = (
        FalseAlarms("blend", "bots", {"user 9": 0.9}, {"user 9": 10}),
        FalseAlarms("blend", "all", rates, counts),
        FalseAlarms("isolation", "all", {"user 9": 0.9}, {"user 9": 10}),
    )
    finding = the_only(result(cell("line", 0.999), false_alarms=alarms), WorstPerson)
    assert finding.overall == pytest.approx((10 + 1.2) / 200)
    assert finding == WorstPerson(finding.overall, 3, 2, "user 2", 0.25, 40)
    text = sentence(finding)
    assert "5.6% of people's movements" in text
    assert "2 of 3 people lie above 1%" in text
    assert "The worst is user 2: 10 of 40 movements." in text


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
    needed = {"wind": 3, "line": 1, "diffusion": None}
    assert gestures_needed(content) == needed
    assert the_only(content, SessionLength).needed == needed
    text = sentence(SessionLength(needed))
    assert "1 for line; 3 for wind; more than were tried for diffusion." in text


def test_across_datasets_comes_with_its_warning():
    transfer = Transfer(
        "sapimouse", "balabit", (cell("line", 0.97), cell("wind", 0.8)), {"blend": 0.21}
    )
    finding = the_only(result(cell("line", 0.999), transfers=(transfer,)), TransferResult)
    assert (finding.fitted_on, finding.evaluated_on, finding.fpr) == ("sapimouse", "balabit", 0.21)
    assert {family: area.value for family, area in finding.areas.items()} == {
        "line": 0.97,
        "wind": 0.8,
    }
    text = sentence(finding)
    assert "lowest ROC-AUC over 2 kinds of bots: wind 0.800" in text
    assert "flags 21.0% of people" in text
    assert "0.80–0.95 by the set-up alone" in text


def test_nothing_measured_nothing_found():
    assert findings(result()) == ()
    assert len(findings(result(cell("line", 0.999)))) == 1
    with pytest.raises(TypeError, match="no words for str"):
        sentence("something else")
