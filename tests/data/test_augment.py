import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.data.augment import (
    AugmentRules,
    augment,
    crop,
    jitter_steps,
    mirror,
    perturb_goal,
    stretch_time,
    warp_time,
)
from humouse.errors import InputError
from humouse.trajectories import Trajectories


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def movements(seed=0, count=64, longest=50, least_ms=1):
    """Random movements in whole px and ms, with zero moves and steps of one pixel among them."""
    g = seeded(seed)
    lengths = torch.randint(1, longest + 1, (count,), generator=g)
    size = torch.tensor([0, 1, 3, 40])[torch.randint(0, 4, (count, longest, 1), generator=g)]
    steps = (size * torch.randn(count, longest, 2, generator=g)).round()
    dt = torch.randint(least_ms, 40, (count, longest, 1), generator=g)
    start = torch.randint(0, 900, (count, 2), generator=g).float()
    return Trajectories(torch.cat([steps, dt], -1).float() + 0.0, lengths, start, None, "test")


CHANGES = {
    "time_stretch": lambda t, g: stretch_time(t, 0.2, g),
    "time_warp": lambda t, g: warp_time(t, 0.3, g),
    "jitter": lambda t, g: jitter_steps(t, 0.1, g),
    "mirror": lambda t, g: mirror(t, 0.5, g),
    "crop": lambda t, g: crop(t, 0.5, 0.5, g),
    "goal_jitter": lambda t, g: perturb_goal(t, 0.1, g),
}


@pytest.mark.parametrize("name", CHANGES)
@given(seed=st.integers(0, 2**31), least_ms=st.integers(0, 1), count=st.integers(0, 9))
@settings(deadline=None, max_examples=15)
def test_each_keeps_the_grid_and_passing_time_and_follows_its_seed(name, seed, least_ms, count):
    before = movements(seed, count, least_ms=least_ms)
    after = CHANGES[name](before, seeded(seed))
    assert torch.equal(after.deltas, after.deltas.round())
    assert not after.deltas[after.deltas == 0].signbit().any()
    assert after.deltas.dtype == torch.float32
    assert after.deltas.shape == before.deltas.shape
    assert (after.lengths >= 1).all()
    if name != "crop":
        assert torch.equal(after.mask, before.mask)
        assert torch.equal(after.start, before.start)
        assert torch.equal(after.deltas[..., 2] > 0, before.deltas[..., 2] > 0)
    assert torch.equal(after.deltas, CHANGES[name](before, seeded(seed)).deltas)


@pytest.mark.parametrize("name", CHANGES)
def test_each_changes_most_movements_differently(name):
    before = movements()
    before = before[before.lengths.argmax().repeat(32)]  # one movement, 32 times
    after = CHANGES[name](before, seeded())
    assert len(torch.unique(after.deltas, dim=0)) >= (2 if name == "mirror" else 10)


def test_stretching_scales_the_duration_alone():
    before = movements(longest=50, count=500, least_ms=8)
    after = stretch_time(before, 0.2, seeded())
    assert torch.equal(after.deltas[..., :2], before.deltas[..., :2])
    factor = after.duration_ms / before.duration_ms
    slack = 1 / before.duration_ms  # rounding of the end time
    assert ((factor - 1).abs() <= 0.2 + slack).all()
    assert factor.min() < 0.82
    assert factor.max() > 1.18
    # Every step by the same factor, to a ms: the totals are rounded, not the steps.
    gap = after.times_ms()[:, 1:] - factor[:, None] * before.times_ms()[:, 1:]
    assert gap.abs().max() <= 1


def test_warping_keeps_the_duration_and_bounds_the_pace():
    before = movements(count=500, least_ms=8)
    after = warp_time(before, 0.3, seeded())
    assert torch.equal(after.deltas[..., :2], before.deltas[..., :2])
    assert torch.equal(after.duration_ms, before.duration_ms)
    change = (after.deltas[..., 2] - before.deltas[..., 2]).abs()
    assert (change <= 0.3 * before.deltas[..., 2] + 1).all()
    assert (change > 0.15 * before.deltas[..., 2] + 1).any()


def test_jitter_keeps_net_displacement_and_small_steps_and_grows_with_the_step():
    before = movements(count=2000)
    after = jitter_steps(before, 0.05, seeded())
    assert torch.equal(after.net_px, before.net_px)
    assert torch.equal(after.deltas[..., 2], before.deltas[..., 2])
    steps, noise = before.deltas[..., :2], (after.deltas - before.deltas)[..., :2]
    largest = torch.zeros_like(steps, dtype=torch.bool)
    largest.scatter_(1, steps.abs().argmax(1, keepdim=True), True)
    assert not noise[(steps.abs() <= 1) & ~largest].any()
    big = (steps.abs() > 40) & (steps.abs() < 60) & ~largest
    assert float(noise[big].std()) == pytest.approx(0.05 * 49, rel=0.15)


def test_the_mirror_is_a_reflection_across_the_direction_of_motion():
    before = movements(count=400)
    after = mirror(before, 0.5, seeded())
    flipped = (after.deltas != before.deltas).any(-1).any(-1)
    assert 0.4 < float(flipped.float().mean()) < 0.6

    # In the frame whose +x is the net displacement, flipped movements change the sign of y.
    def turned(t):
        steps = torch.view_as_complex(t.deltas[..., :2].double().contiguous())
        net = torch.view_as_complex(t.net_px.double())
        return steps * (net.conj() / net.abs().clamp(min=1e-9))[:, None]

    rows = flipped & (before.net_px.abs().sum(1) > 0)
    torch.testing.assert_close(turned(after)[rows], turned(before)[rows].conj())
    assert torch.equal(mirror(mirror(before, 1.0, seeded()), 1.0, seeded()).deltas, before.deltas)
    assert torch.equal(mirror(before, 0.0, seeded()).deltas, before.deltas)


def test_a_crop_is_a_contiguous_segment_in_its_place():
    before = movements(count=300)
    after = crop(before, 1.0, 0.4, seeded())
    assert (after.lengths >= (0.4 * before.lengths).ceil()).all()
    assert (after.lengths <= before.lengths).all()
    path = before.positions_px()
    firsts = set()
    for i in range(len(before)):
        steps = after.deltas[i, : after.lengths[i]]
        starts = [
            at
            for at in range(int(before.lengths[i] - after.lengths[i]) + 1)
            if torch.equal(before.deltas[i, at : at + after.lengths[i]], steps)
            and torch.equal(path[i, at], after.start[i])
        ]
        assert starts
        firsts.update(starts)
    assert {0, 1, 5} <= firsts
    assert torch.equal(crop(before, 0.0, 0.4, seeded()).deltas, before.deltas)


def test_a_perturbed_goal_has_the_deviation_of_the_setting_and_keeps_time():
    far = torch.zeros(4000, 30, 3)
    far[..., 0], far[..., 1], far[..., 2] = 16, 12, 8
    before = Trajectories(far, torch.full((4000,), 30), torch.zeros(4000, 2), None, "test")
    after = perturb_goal(before, 0.05, seeded())
    miss = after.net_px - before.net_px
    assert miss.std(0).tolist() == pytest.approx([0.05 * 600] * 2, rel=0.05)
    assert miss.mean(0).abs().max() < 3 * 0.05 * 600 / math.sqrt(4000)
    assert torch.equal(after.deltas[..., 2], before.deltas[..., 2])
    # A straight path stays straight, to the rounding.
    half = after.positions_px()[:, 15] - 0.5 * after.net_px
    assert half.abs().max() <= 1


def test_zero_moves_survive_a_perturbed_goal():
    before = movements(count=300)
    still = (before.deltas[..., :2] == 0).all(-1)
    assert not perturb_goal(before, 0.1, seeded()).deltas[..., :2][still].any()


def test_all_off_changes_nothing_and_each_switch_alone_does():
    before = movements()
    off = dict.fromkeys(
        ("time_stretch", "time_warp", "jitter", "mirror", "crop", "goal_jitter"), 0.0
    )
    assert torch.equal(augment(before, AugmentRules(**off), seeded()).deltas, before.deltas)
    for name in off:
        rules = AugmentRules(**{**off, name: 0.5})
        assert not torch.equal(augment(before, rules, seeded()).deltas, before.deltas), name


@pytest.mark.parametrize(
    ("name", "value"), [("time_stretch", 1.0), ("mirror", 1.5), ("jitter", -0.1), ("crop_min", 2.0)]
)
def test_a_setting_out_of_range_is_named(name, value):
    with pytest.raises(InputError, match=name):
        AugmentRules(**{name: value})
