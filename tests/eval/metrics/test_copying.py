"""Copying: what copies is flagged, people who were not seen are not."""

import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu

from humouse.eval.metrics.copying import copying
from humouse.eval.statistics.resampling import Resampling, interval


@pytest.fixture(scope="module")
def train(crowd):
    return crowd(50, people=40, each=10, spread=2, F=4)[0]


def test_a_copied_train_set_is_flagged(train, crowd):
    held_out, people = crowd(1, F=4)
    fake = train[torch.randperm(len(train), generator=torch.Generator().manual_seed(0))[:120]]
    drawn = Resampling.over_people(people, 120, None, 120, replicates=100, seed=0)
    found = copying(fake, held_out, train, resampling=drawn)
    assert found.score.value == found.score.low == 1
    assert found.score.p_value == 1 / 101
    assert found.duplicates == 120
    assert len(found.neighbours) == 12
    for pair in found.neighbours:
        assert (pair.distance, pair.people_nearer) == (0, 0)
        assert torch.equal(fake[pair.fake], train[pair.train])


def test_a_blurred_copy_is_flagged_by_degrees(train, crowd):
    held_out, people = crowd(1, F=4)
    noise = torch.randn(train[:120].shape, generator=torch.Generator().manual_seed(0)).double()
    drawn = Resampling.over_people(people, 120, None, 120, replicates=100, seed=0)
    scores = [
        copying(train[:120] + blur * noise, held_out, train, resampling=drawn).score
        for blur in (0.01, 0.3)
    ]
    assert scores[0].value > 0.99
    assert 0.6 < scores[1].low < scores[1].value < scores[0].value
    assert scores[1].p_value == 1 / 101


def test_held_out_people_are_not(train, crowd):
    """A person's place is nearer or further as a whole: p over rows alone would cry wolf."""
    flagged = by_rows = 0
    for seed in range(100):
        fake, others = crowd(200 + seed, spread=2, F=4)
        held_out, people = crowd(400 + seed, spread=2, F=4)
        drawn = Resampling.over_people(people, 120, others, 120, replicates=100, seed=seed)
        flagged += copying(fake, held_out, train, resampling=drawn).score.p_value <= 0.05
        by_rows += copying(fake, held_out, train).score.p_value <= 0.05
    assert flagged <= 12
    assert by_rows > flagged + 8
    rows, people = crowd(7, F=4)
    drawn = Resampling.over_people(people, 120, people, 120, replicates=50, seed=0)
    same = copying(rows, rows, train, resampling=drawn).score
    assert (same.value, same.low, same.high) == pytest.approx((0.5, 0.5, 0.5))
    assert same.p_value == 1


def test_values_draws_and_p_equal_plain_ones(train, crowd):
    (fake, _), (held_out, people) = crowd(1, 5, 6, F=4), crowd(2, 6, 6, F=4)
    fake[:4], held_out[:3] = train[:4], train[:3]  # ties
    fake[5] = held_out[9]
    a, b = (
        np.array([min(np.linalg.norm(row - other) for other in train.numpy()) for row in side])
        for side in (fake.numpy(), held_out.numpy())
    )

    def chance(v, w):
        wins = sum(
            w[j] * v[i] * ((a[j] < b[i]) + 0.5 * (a[j] == b[i]))
            for j in range(len(a))
            for i in range(len(b))
        )
        return wins / v.sum() / w.sum()

    drawn = Resampling.over_people(people, 36, None, 30, replicates=11, seed=0)
    found = copying(fake, held_out, train, resampling=drawn)
    assert found.score.value == pytest.approx(chance(np.ones(36), np.ones(30)))
    values = [chance(*pair) for pair in zip(drawn.real.numpy(), drawn.fake.numpy(), strict=True)]
    ends = np.clip(interval(found.score.value, torch.tensor(values), drawn.units), 0, 1)
    assert (found.score.low, found.score.high) == pytest.approx(ends)
    rows = mannwhitneyu(a, b, alternative="less", method="asymptotic")
    assert copying(fake, held_out, train).score.p_value == pytest.approx(rows.pvalue)
    assert found.score.value == pytest.approx(1 - rows.statistic / (36 * 30))
    assert found.duplicates == 4


def test_neighbours_come_nearest_first_with_their_standing(train, crowd):
    fake, held_out = crowd(1, F=4)[0], crowd(2, F=4)[0]
    pairs = copying(fake, held_out, train, shown=7).neighbours
    distance = torch.cdist(fake, train)
    assert [pair.fake for pair in pairs] == distance.amin(1).argsort()[:7].tolist()
    for pair in pairs:
        assert pair.train == int(distance[pair.fake].argmin())
        assert pair.distance == pytest.approx(float(distance[pair.fake, pair.train]))
        people = (torch.cdist(held_out, train).amin(1) <= pair.distance).double().mean()
        assert pair.people_nearer == pytest.approx(float(people))
    assert len(copying(fake[:3], held_out, train).neighbours) == 3


def test_duplicates_are_exact_far_from_the_origin(gaussian):
    """Rows that are nearly a train row are none of its duplicates."""
    train = gaussian(700, 5, 1).double() + 1e5
    fake = torch.cat([train[:9], train[9:20] + 1e-7, gaussian(300, 5, 2).double() + 1e5])
    found = copying(fake, gaussian(30, 5, 3) + 1e5, train, shown=320)
    assert found.duplicates == 9
    plain = torch.cdist(fake, train, compute_mode="donot_use_mm_for_euclid_dist").min(1)
    for pair in found.neighbours:
        assert pair.distance == pytest.approx(float(plain.values[pair.fake]), rel=1e-12, abs=0)
        assert pair.train == plain.indices[pair.fake]


def test_sets_of_one_value_are_no_problem():
    ones = torch.ones(30, 2)
    found = copying(ones, ones, ones)
    assert (found.score.value, found.score.p_value) == (0.5, 1.0)
    assert found.duplicates == 30


@pytest.mark.slow  # many simulated populations
def test_the_interval_covers(coverage, crowd):
    train = crowd(77, people=40, spread=2.0)[0]
    by_people, by_rows = coverage(
        lambda real, fake, drawn: copying(fake, real, train, resampling=drawn).score,
    )
    assert by_people >= 0.85
    assert by_rows < by_people


@pytest.mark.parametrize(
    ("side", "value", "complaint"),
    [
        (0, torch.ones(5, 2), "fake has 2 features but train has 3"),
        (1, torch.ones(0, 3), "held_out is empty"),
        (2, torch.full((5, 3), torch.nan), "train holds NaN"),
    ],
)
def test_bad_input_is_named(side, value, complaint):
    sides = [torch.ones(5, 3) for _ in range(3)]
    sides[side] = value
    with pytest.raises(ValueError, match=complaint):
        copying(*sides)
