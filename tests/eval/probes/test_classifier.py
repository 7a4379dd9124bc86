"""The two-sample test on data whose answer is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.eval.api import FEATURE_PROBES, Groups, c2st, c2st_scores, c2st_sequences
from humouse.eval.probes.feature_probe import _classifier
from humouse.eval.probes.folds import fold_numbers

# Forests are fitted ten times as long as all the others.
_PROBES = [
    pytest.param(probe, marks=pytest.mark.slow) if probe.startswith("forest") else probe
    for probe in FEATURE_PROBES
]


def gaussian(n, F=3, seed=0, shift=0.0, scale=1.0):
    rng = torch.Generator().manual_seed(seed)
    return scale * torch.randn(n, F, generator=rng) + shift


@pytest.mark.parametrize("probe", _PROBES)
def test_equal_gaussians_cannot_be_separated(probe):
    score = c2st_scores(gaussian(400, 5, 1), gaussian(400, 5, 2), probe=probe)
    assert score.accuracy.value == pytest.approx(0.5, abs=0.07)
    assert score.auc.value == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize(("rows", "drawn"), [(10_000, None), (10_001, 10_000)])
def test_a_tree_is_fitted_on_at_most_ten_thousand_rows(rows, drawn):
    for probe in ("forest", "forest18"):
        assert _classifier(probe, 0, rows).max_samples == drawn


@pytest.mark.parametrize("probe", _PROBES)
def test_shifted_gaussians_are_separated_at_the_bayes_rate(probe):
    shift = 0.8
    distance = shift * math.sqrt(2)  # between the means of two features
    normal = torch.distributions.Normal(0, 1)
    bayes = float(normal.cdf(torch.tensor(distance / 2)))
    auc = float(normal.cdf(torch.tensor(distance / math.sqrt(2))))
    score = c2st_scores(gaussian(1500, 2, 1), gaussian(1500, 2, 2, shift), probe=probe)
    slack = 0.03 if probe in ("logistic", "mlp") else 0.06
    assert bayes - slack < score.accuracy.value < bayes + 0.03
    assert auc - slack < score.auc.value < auc + 0.03


def test_heavy_tails_do_not_hide_a_shift():
    real, fake = gaussian(800, 1, 1), gaussian(800, 1, 2, 1.0)
    real[::100] = 1e8  # a standard deviation of 1e7 would squeeze the rest into one point
    fake[::100] = 1e8
    assert c2st(real, fake) > 0.64


def test_c2st_of_unequal_sizes_is_balanced_and_seeded():
    real, fake = gaussian(2000, 3, 1), gaussian(200, 3, 2)
    assert c2st(real, fake) == pytest.approx(0.5, abs=0.1)  # always "real" would be right at 0.91
    assert c2st(real, fake) == c2st(real, fake)


@pytest.mark.slow
def test_people_on_both_sides_are_never_in_two_folds():
    """Each person has their own place; sides differ in people alone, so nothing can be learnt."""
    rng = np.random.default_rng(0)
    place = rng.normal(0, 5, (40, 4))
    person = rng.integers(0, 40, 1200)
    rows = torch.from_numpy(place[person] + rng.normal(0, 0.1, (1200, 4)))
    names = np.array([f"person {k}" for k in person])
    real = person < 20
    known = c2st_scores(rows[real], rows[~real], probe="forest")
    held_out = c2st_scores(
        rows[real],
        rows[~real],
        probe="forest",
        groups=Groups(names[real], names[~real]),
    )
    assert known.accuracy.value > 0.95
    assert held_out.accuracy.value < 0.75


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 1000), st.integers(2, 60), st.integers(1, 9), st.integers(2, 6), st.booleans()
)
def test_folds_hold_people_together_and_balance_sides(seed, n, people, folds, both):
    rng = np.random.default_rng(seed)
    names = rng.integers(0, people, (2, n)).astype(str)
    first, second = fold_numbers(names[0], names[1] if both else None, n, folds, rng)
    assert len(first) == len(second) == n
    everybody = np.unique(names if both else names[0])
    if min(len(np.unique(side)) for side in (names if both else names[:1])) > 1:
        assert 2 <= len(np.unique(np.concatenate([first, second]))) <= min(folds, len(everybody))
        for name in everybody:
            where = set(first[names[0] == name])
            if both:
                where |= set(second[names[1] == name])
            assert len(where) == 1
    if not both:
        np.testing.assert_array_equal(np.bincount(first), np.bincount(second))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"probe": "logstic"}, "no probe 'logstic'"),
        ({"folds": 1}, "at least 2"),
        ({"importance": True}, "importance is measured with boosting or forest, not logistic"),
        ({"groups": Groups(["ann"])}, "9 rows need 9 users, not 1"),
    ],
)
def test_c2st_refuses(settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        c2st_scores(gaussian(9), gaussian(9), **settings)


@pytest.mark.parametrize("probe", _PROBES)
def test_equal_sets_read_one_half_exactly(probe):
    """A copy held out from its original would be taken for the other side with certainty."""
    real = gaussian(200, 4)
    assert c2st_scores(real, real.clone(), probe=probe).auc.value == pytest.approx(0.5, abs=0.01)


def test_a_collapse_onto_one_recorded_gesture_is_separable(make_reaches):
    real = gaussian(300, 4)
    for probe in ("logistic", "boosting"):
        assert c2st_scores(real, real[:1].expand(300, 4), probe=probe).auc.value > 0.9


@pytest.mark.parametrize("probe", _PROBES)
def test_few_rows_are_separated_too(probe):
    sides = gaussian(20, 2), gaussian(20, 2, 1, 6.0)
    users = np.repeat(["a", "b"], 10)
    assert c2st_scores(*sides, probe=probe, groups=Groups(users)).auc.value > 0.9
    lone = np.repeat(["a", "b"], [19, 1])  # one fold is fitted on two rows
    assert c2st_scores(*sides, probe=probe, groups=Groups(lone)).auc.value >= 0.5


def test_a_fake_side_of_one_name_counts_by_rows():
    sides, users = (gaussian(100, 3), gaussian(100, 3, 1, 1.0)), np.repeat(list("abcde"), 20)
    groups = Groups(users, ["bot"] * 100)
    assert c2st_scores(*sides, groups=groups, permutations=99).auc.p_value == 0.01


@pytest.mark.slow
def test_people_of_the_fake_side_are_spread_where_asked():
    """Generated gestures have no people to hold out; the baseline must be as easy to separate."""
    rng = np.random.default_rng(0)
    place = rng.normal(0, 2, (40, 4))
    person = np.repeat(np.arange(40), 25)
    rows = torch.from_numpy(place[person] + rng.normal(0, 0.5, (1000, 4)))
    names = np.array([f"person {k}" for k in person])
    sides, groups = (rows[:500], rows[500:]), Groups(names[:500], names[500:])
    held_out = c2st_scores(*sides, probe="forest", groups=groups).auc.value
    groups = replace(groups, hold_out_fake=False)
    spread = c2st_scores(*sides, probe="forest", groups=groups).auc.value
    assert spread > held_out + 0.1


@pytest.mark.slow
def test_p_values_under_the_null_are_spread_and_small_under_a_shift():
    p_values = [
        c2st_scores(gaussian(80, 3, k), gaussian(80, 3, 100 + k), permutations=39).auc.p_value
        for k in range(40)
    ]
    assert 0.3 < np.mean(p_values) < 0.7
    assert np.mean(np.array(p_values) <= 0.1) <= 0.25
    told = c2st_scores(gaussian(80, 3, 1), gaussian(80, 3, 2, 1.0), permutations=39)
    assert told.auc.p_value == told.accuracy.p_value == 1 / 40


@pytest.mark.slow  # boosting is fitted 50 times
def test_p_values_of_other_probes_refit_them():
    score = c2st_scores(
        gaussian(60, 3, 1), gaussian(60, 3, 2, 1.5), probe="boosting", permutations=9
    )
    assert score.auc.p_value == 0.1


@pytest.mark.slow
def test_two_groups_of_people_are_not_separated_by_identity():
    """20 people against 20 of the same population: a test by rows separates them, by people not."""
    by_row, by_person = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        person = np.repeat(np.arange(40), 12)
        rows = torch.from_numpy(rng.normal(0, 1, (40, 3))[person] + rng.normal(0, 0.5, (480, 3)))
        sides, names = (rows[:240], rows[240:]), person.astype(str)
        by_row.append(c2st_scores(*sides, permutations=39).auc.p_value)
        people = Groups(names[:240], names[240:], hold_out_fake=False)
        score = c2st_scores(*sides, groups=people, permutations=39)
        by_person.append(score.auc.p_value)
        assert score.accuracy.p_value is None  # sides of unequal size have other accuracies
    assert np.mean(np.array(by_row) <= 0.05) >= 0.5
    assert np.mean(np.array(by_person) <= 0.05) <= 0.2


@pytest.mark.slow
@pytest.mark.parametrize("n", [600, 11_000])
def test_importance_names_the_feature_that_differs(n):
    real, fake = gaussian(n, 5, 1), gaussian(n, 5, 2)
    fake[:, 3] += 1.0
    score = c2st_scores(real, fake, probe="boosting", importance=True)
    assert score.importance.argmax() == 3
    assert score.importance[3] > 0.1
    assert np.abs(np.delete(score.importance, 3)).max() < 0.03


@pytest.mark.slow
def test_the_sequence_probe_is_scored_on_people_it_never_saw(make_reaches):
    real, fake = make_reaches(100, 0, users=10), make_reaches(100, 1, "model", tick_ms=8, pace=0.5)
    told = c2st_sequences(real, fake, replicates=20)
    assert told.auc.value > 0.95
    assert told.auc.low > 0.9
    assert c2st_sequences(real, real).auc.value == pytest.approx(0.5, abs=0.05)
