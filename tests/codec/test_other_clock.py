import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.codec.other_clock import OtherClock
from humouse.trajectories import Trajectories


def clocked(*devices):
    """Movements of six steps, so many on each clock: (ms, count)."""
    g = np.random.default_rng(0)
    clocks = np.repeat([ms for ms, _ in devices], [6 * count for _, count in devices])
    steps = np.column_stack([g.integers(1, 9, (len(clocks), 2)), clocks]).astype(np.float32)
    n = len(clocks) // 6
    start = np.zeros((n, 2), np.float32)
    return Trajectories.from_steps(steps, np.full(n, 6), start, None, "t")


def clock(n, stretch=1.0, poll_ms=0.0):
    return OtherClock(torch.full((n,), float(stretch)), torch.full((n,), float(poll_ms)))


def generated(seed=0):
    return torch.Generator().manual_seed(seed)


@given(st.floats(0.45, 2.3), st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_on_another_clock_the_path_stays_and_the_time_is_stretched(stretch, seed):
    seen = clocked((17, 3))
    slow = clock(3, stretch).reported(seen, generated(seed))
    assert torch.equal(slow.deltas[..., :2], seen.deltas[..., :2])
    dt_ms = slow.deltas[..., 2]
    assert torch.equal(dt_ms, dt_ms.round())
    assert (dt_ms >= 1).all()
    torch.testing.assert_close(slow.duration_ms, seen.duration_ms * stretch, atol=1.0, rtol=0)
    assert (dt_ms - 17 * stretch).abs().max() <= 1


@given(st.integers(5, 40), st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_a_polled_clock_reports_at_its_polls_and_loses_no_way(poll_ms, seed):
    seen = clocked((8, 4), (17, 4))
    polled = clock(8, 1.0, poll_ms).reported(seen, generated(seed))
    assert torch.equal(polled.net_px, seen.net_px)
    assert (polled.lengths <= seen.lengths).all()
    assert (polled.lengths >= 1).all()
    assert (polled.deltas[..., 2][polled.mask] % poll_ms == 0).all()
    assert ((polled.duration_ms - seen.duration_ms).abs() <= poll_ms).all()


def test_a_clock_left_as_it_is_stays_exact():
    seen = clocked((17, 3))
    assert torch.equal(clock(3).reported(seen, generated()).deltas, seen.deltas)
    assert not clock(3).changed.any()


def test_the_share_of_other_clocks():
    drawn = OtherClock.draw(4000, 0.3, generated())
    assert float(drawn.changed.float().mean()) == pytest.approx(0.3, abs=0.03)
    assert float((drawn.poll_ms > 0).float().mean()) == pytest.approx(0.15, abs=0.02)
    assert (drawn.poll_ms[drawn.poll_ms > 0] >= 6).all()
    assert drawn.stretch.log2().abs().max() <= 1.2
