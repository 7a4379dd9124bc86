"""Bootstrap replicates, and that the intervals they give hold what they promise."""

import numpy as np
import pytest
import torch

from humouse.eval.probes.classifier import c2st_scores
from humouse.eval.probes.two_sample import Groups
from humouse.eval.statistics.resampling import (
    AUC_COVERAGE,
    Resampling,
    excess_over,
    interval,
    scored,
)
from humouse.eval.statistics.score import Score


def test_a_persons_gestures_are_drawn_together():
    users = np.array(list("aabbbcc"))
    drawn = Resampling.over_people(users, 7, None, 4, replicates=50, seed=0)
    assert drawn.real.shape == (50, 7)
    assert drawn.fake.shape == (50, 4)
    for person in "abc":
        assert (drawn.real[:, users == person].std(1, correction=0) == 0).all()
    firsts = [int(np.flatnonzero(users == person)[0]) for person in "abc"]
    assert (drawn.real[:, firsts].sum(1) == 3).all()
    assert (drawn.fake.sum(1) == 4).all()


def test_people_on_both_sides_are_drawn_on_both():
    drawn = Resampling.over_people(["a", "b"], 2, ["b", "a", "c", "d"], 4, replicates=40, seed=1)
    assert (drawn.fake[:, 2:].sum(1) == 2).all()  # the others among themselves
    assert torch.equal(drawn.real[:, 0], drawn.fake[:, 1])
    assert torch.equal(drawn.real[:, 1], drawn.fake[:, 0])


def test_scores_against_the_same_people_are_paired():
    people = ["a", "b", "c", "d"]
    sets = (None, 9), (["x", "y"], 2), (["b", "z", "z"], 3)
    first, *others = (
        Resampling.over_people(people, 4, who, m, replicates=20, seed=3).real for who, m in sets
    )
    assert all(torch.equal(first, other) for other in others)


def test_an_excess_is_surer_than_its_two_scores():
    g = torch.Generator().manual_seed(0)
    people, own = torch.randn(200, generator=g), 0.1 * torch.randn(2, 200, generator=g)
    drawn = Resampling.over_people(["a", "b", "c"], 3, None, 3, replicates=200, seed=0)
    score, baseline = (
        scored(torch.cat([torch.tensor([v]), v + people + e]), drawn)
        for v, e in ((2.0, own[0]), (1.0, own[1]))
    )
    excess = excess_over(score, baseline)
    assert excess.value == 1
    assert excess.high - excess.low < 0.3 * (score.high - score.low)
    exact = excess_over(score, Score(0.5))
    assert (exact.low, exact.high) == (score.low - 0.5, score.high - 0.5)
    assert excess_over(Score(2.0), baseline) == Score(1.0)


def test_one_person_alone_is_drawn_gesture_by_gesture():
    drawn = Resampling.over_people(["a"] * 5, 5, None, 5, replicates=20, seed=0)
    assert (drawn.real.std(1) > 0).sum() > 15


def test_draws_come_from_the_seed():
    first, same, other = (
        Resampling.over_people(["a", "b", "c"], 3, None, 3, replicates=9, seed=seed).real
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_interval_is_moved_onto_the_value():
    drawn = torch.arange(1001.0) / 1000 + 5  # a bias of 5.5 that drawing put in
    low, high = interval(2.0, drawn, units=10**6)
    assert (low, high) == (pytest.approx(2 - 0.475, abs=1e-3), pytest.approx(2 + 0.475, abs=1e-3))
    assert interval(2.0, torch.tensor([torch.nan, torch.nan, 3.0]), units=9) == (2.0, 2.0)
    assert interval(2.0, drawn, units=1) == (2.0, 2.0)
    assert scored(torch.cat([torch.ones(1), drawn]), None).low is None


def test_the_interval_of_a_mean_over_few_people_is_students():
    """Of normal draws, the expanded interval is value ± t · sd · √(n / (n − 1))."""
    drawn = 3 * torch.randn(200_000, generator=torch.Generator().manual_seed(0))
    for units, expected in ((6, 2.5706 * (6 / 5) ** 0.5), (20, 2.0930 * (20 / 19) ** 0.5)):
        low, high = interval(1.0, drawn, units)
        assert high - 1 == pytest.approx(3 * expected, rel=0.03)
        assert 1 - low == pytest.approx(3 * expected, rel=0.03)


@pytest.mark.slow  # hundreds of simulated populations
def test_the_interval_of_an_area_covers_what_other_people_would_read():
    """20 people who differ: the truth is what a probe of 20 people reads on average."""

    def people(seed, count, each=15):
        rng = np.random.default_rng(seed)
        place = rng.normal(0, 0.7, (count, 1, 3))
        rows = place + rng.normal(size=(count, each, 3))
        return torch.from_numpy(rows.reshape(-1, 3)), np.repeat(np.arange(count), each).astype(str)

    def fakes(seed, n):
        rng = np.random.default_rng(10_000 + seed)
        return torch.from_numpy(rng.normal(0.5, 1.2, (n, 3)))

    by_person, by_row = [], []
    for seed in range(60):
        rows, users = people(seed, 20)
        for scores, who in ((by_person, users), (by_row, None)):
            sides = rows, fakes(seed, len(rows))
            scores.append(c2st_scores(*sides, groups=Groups(who), replicates=200).auc)

    def covered(scores):
        truth = np.mean([score.value for score in scores])
        return np.mean([score.low <= truth <= score.high for score in scores])

    # The replicates weigh answers anew but fit nothing anew, which costs some of the 95%.
    assert covered(by_person) == pytest.approx(AUC_COVERAGE, abs=0.02)
    assert covered(by_row) < 0.7  # gestures taken for independent promise too much
