from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.codec.style import (
    EXACT_MS,
    STYLE_SHARES,
    StylePool,
    check_style_source,
    style_counts,
    style_of,
)
from humouse.errors import InputError, OutOfRangeWarning
from humouse.trajectories import Trajectories

DT_BLOCK, PAIR_BLOCK, EXACT_BLOCK = slice(0, 39), slice(39, 139), slice(139, 155)


def movements(steps, users=None):
    """Movements of these steps, each a list of (dx, dy, dt)."""
    flat = np.array([one for each in steps for one in each], np.float32).reshape(-1, 3)
    lengths = np.array([len(each) for each in steps], np.int64)
    people = None if users is None else np.array(users)
    return Trajectories.from_steps(
        flat, lengths, np.zeros((len(steps), 2), np.float32), people, "t"
    )


def clocked(dt_ms, count, user, seed=0):
    """Gestures of a person whose device has this clock."""
    g = np.random.default_rng(seed)
    steps = [[(*g.integers(1, 9, 2), dt_ms) for _ in range(6)] for _ in range(count)]
    return steps, [user] * count


def several(*parts):
    steps = [each for some, _ in parts for each in some]
    return movements(steps, [name for _, names in parts for name in names])


def test_counts_by_hand():
    counts = style_counts(movements([[(1, 0, 8), (0, -2, 17), (40, 9, 16)], [(3, 3, 600)]]))
    assert counts.shape == (2, STYLE_SHARES)
    # Time steps: 8, 16 and 17 ms have classes of their own; 500 ms and more share the last.
    assert counts[0, DT_BLOCK].nonzero()[:, 0].tolist() == [7, 15, 16]
    assert counts[1, DT_BLOCK].nonzero()[:, 0].tolist() == [38]
    # Pairs of 8 → 17 and 17 → 16 ms: classes 1 → 4 and 4 → 4 of ten (16 and 17 ms share one).
    assert counts[0, PAIR_BLOCK].nonzero()[:, 0].tolist() == [14, 44]
    assert counts[1, PAIR_BLOCK].sum() == 0
    # |dx| and |dy| up to 3 px.
    assert counts[0, EXACT_BLOCK].nonzero()[:, 0].tolist() == [2, 4, 15]


def test_a_style_is_the_same_however_its_movements_are_padded():
    short = movements([[(1, 0, 8), (0, -2, 17)]])
    padded = torch.nn.functional.pad(short.deltas, (0, 0, 0, 30))
    assert torch.equal(style_counts(short), style_counts(replace(short, deltas=padded)))


@settings(deadline=None)  # the first call loads torch's kernels
@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_the_squares_of_a_style_are_shares_in_each_block(n, seed):
    g = torch.Generator().manual_seed(seed)
    counts = torch.randint(0, 5, (n, STYLE_SHARES), generator=g).float() + 1
    for block in style_of(counts).square().split((39, 100, 16, 12, 9, 13, 9, EXACT_MS), 1):
        torch.testing.assert_close(block.sum(1), torch.ones(n))


def test_no_steps_have_no_style():
    assert not style_of(torch.zeros(2, STYLE_SHARES)).any()


def test_a_neighbourhood_is_of_one_set_up_and_of_those_most_alike():
    people = [clocked(8, 4, f"a/{i}", i) for i in range(6)]
    people += [clocked(17, 4, f"a/{i + 6}", i) for i in range(6)]
    people += [clocked(8, 4, f"b/{i}", i) for i in range(2)]
    pool = StylePool.of(several(*people))
    names = np.unique([name for _, each in people for name in each])
    for own, kin in zip(names, pool.kin, strict=True):
        theirs = names[kin.numpy()]
        assert own in theirs
        assert len({name[0] for name in theirs} | {own[0]}) == 1
        if own[0] == "a":  # six with each clock
            fast = {int(name[2:]) < 6 for name in theirs}
            assert fast == {int(own[2:]) < 6}
            assert len(set(theirs)) == 5


def test_a_gesture_is_never_told_its_own_style():
    # Each gesture has a time step of its own: a style without it lacks that class.
    steps = [[(1, 1, 2 + i)] * 3 for i in range(10)]
    pool = StylePool.of(movements(steps, ["a/1"] * 10))
    rows = torch.arange(10).repeat(50)
    styles = pool.for_training(rows, torch.Generator().manual_seed(0))
    own = styles[torch.arange(len(rows)), 1 + rows]
    assert not own.any()
    assert styles[:, DT_BLOCK].any(1).all()


def test_half_of_the_styles_are_the_persons_own():
    people = [clocked(8, 20, f"a/{i}", i) for i in range(2)] + [clocked(30, 20, "a/2", 9)]
    pool = StylePool.of(several(*people))
    rows = (pool.person == 2).nonzero()[:, 0].repeat(40)
    styles = pool.for_training(rows, torch.Generator().manual_seed(0))
    alone = styles[:, 7] == 0  # nothing of the others' 8 ms
    assert float(alone.float().mean()) == pytest.approx(0.5, abs=0.06)


def source(people, each):
    return several(*(clocked(10, each, f"{i}", i) for i in range(people)))


def test_a_file_that_makes_no_style_is_refused():
    with pytest.raises(InputError, match=r"1 movements; a style needs at least 50, better 200"):
        check_style_source(source(1, 1))
    with pytest.raises(InputError, match=r"of 4 people; .*needs at least 5"):
        check_style_source(source(4, 60))
    nameless = replace(source(5, 60), user=None)
    with pytest.raises(InputError, match=r"without people's names; .*columns\.user"):
        check_style_source(nameless)
    with pytest.warns(OutOfRangeWarning, match="100 movements; with fewer than 200"):
        check_style_source(source(5, 20))
    check_style_source(source(5, 40))
    microseconds = several(*(clocked(16_700, 50, f"{i}", i) for i in range(5)))
    with pytest.raises(InputError, match=r"takes 16,700 ms; .* give time_unit=us"):
        check_style_source(microseconds)


def test_a_mouse_of_125_hz_polled_at_100_hz_jumps_every_fourth_step():
    """As in KH2017: two reports fall between the same two polls, once in five reports."""
    polled = movements([[(8 if i % 4 == 3 else 4, 0, 10) for i in range(40)]])
    apart = style_counts(polled)[0, -EXACT_MS - 9 : -EXACT_MS]
    assert apart.nonzero()[:, 0].tolist() == [3]
    even = movements([[(4, 0, 10)] * 40])
    assert not style_counts(even)[0, -EXACT_MS - 9 : -EXACT_MS].any()


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 400), min_size=1, max_size=30), min_size=2, max_size=8),
    st.integers(0, 99),
)
def test_a_pool_adds_up_the_counts_of_its_gestures(times, seed):
    """A pool keeps no zeros; its sums are those of whole tables of counts."""
    made = movements([[(k % 5, t % 7, t) for k, t in enumerate(each)] for each in times])
    pool, whole = StylePool.of(made), style_counts(made)
    g = torch.Generator().manual_seed(seed)
    drawn = torch.randint(len(made), (3, 6), generator=g)
    taken = torch.rand(3, 6, generator=g) < 0.6
    assert torch.equal(pool._sums(drawn, taken), (whole[drawn] * taken[..., None]).sum(1))
