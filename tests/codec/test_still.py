"""Points without motion: learned from recordings, and written again."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.codec.event import merge_zero_moves
from humouse.codec.still import StillPoints
from humouse.trajectories import Trajectories, concatenate

TICK_MS = 16


def resting(seed, people=1, each=60):
    """Movements whose steps take one tick, and some up to six."""
    g = np.random.default_rng(seed)
    lengths = 3 * g.integers(2, 8, people * each)
    steps = np.empty((lengths.sum(), 3), np.float32)
    steps[:, :2] = g.integers(1, 9, (len(steps), 2))
    steps[:, 2] = TICK_MS * np.where(np.arange(len(steps)) % 3 > 0, 1, g.integers(1, 7, len(steps)))
    names = np.repeat([f"p{i}" for i in range(people)], each)
    return Trajectories.from_steps(
        steps, lengths, np.zeros((len(lengths), 2), np.float32), names, "t"
    )


def written_by(movements, share, rate, seed=0):
    still = StillPoints(np.array(share), np.array(rate))
    return still.written(movements, np.arange(len(movements)), seed)


def test_every_tick_of_a_recorder_that_writes_all():
    made = written_by(resting(0), [1.0], [1.0])
    steps_ms = made.deltas[..., 2][made.mask]
    assert set(steps_ms.tolist()) == {float(TICK_MS)}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.floats(0, 1), st.floats(0, 1))
def test_points_without_motion_change_nothing_else(seed, share, rate):
    plain = resting(seed, each=8)
    made = written_by(plain, [share], [rate], seed)
    assert torch.equal(made.duration_ms, plain.duration_ms)
    again = merge_zero_moves(made).trimmed()
    assert torch.equal(again.deltas, plain.trimmed().deltas)
    assert float(made.deltas[..., 2][made.mask].min()) >= 1


def test_a_movement_depends_on_its_number_alone():
    plain = resting(1)
    every = written_by(plain, [0.6], [0.5])
    still = StillPoints(np.array([0.6]), np.array([0.5]))
    some = still.written(plain[20:30], np.arange(20, 30), 0)
    assert torch.equal(some.trimmed().deltas, every[20:30].trimmed().deltas)


def test_what_is_learned_is_what_was_written():
    """Of ten people, three have a recorder that writes such points, two of these at most ticks."""
    plain = resting(2, people=10, each=300)
    rates = {"p2": 0.8, "p5": 0.3, "p7": 0.8}
    parts = [
        written_by(plain[plain.user == f"p{i}"], [1.0], [rates.get(f"p{i}", 0.0)], i)
        for i in range(10)
    ]
    still = StillPoints.fit(concatenate(parts))
    assert still.share == pytest.approx([0.1, 0.1, 0.1], abs=0.005)
    assert still.rate == pytest.approx([0.8, 0.3, 0.8], abs=0.05)


def test_a_recorder_that_writes_in_some_movements_alone():
    plain = resting(3, each=600)
    recorded = written_by(plain, [0.25], [0.7])
    learned = StillPoints.fit(recorded)
    assert learned.share == pytest.approx([0.25], abs=0.04)
    assert learned.rate == pytest.approx([0.7], abs=0.05)
    again = learned.written(plain, np.arange(len(plain)), 9)
    assert _share_with_any(again) == pytest.approx(_share_with_any(recorded), abs=0.05)


def test_only_what_five_people_share_is_published():
    rates = np.array([0.9, 0.1, 0.5, 0.3, 0.7, 0.2, 0.4, 0.6, 0.8, 0.05, 0.35])
    pooled = StillPoints(np.full(11, 0.01), rates).pooled()
    assert len(pooled.rate) == 2
    assert not set(pooled.rate) & set(rates)
    assert (pooled.share * pooled.rate).sum() == pytest.approx((0.01 * rates).sum())
    few = StillPoints(np.full(4, 0.01), rates[:4]).pooled()
    assert len(few.rate) == len(few.share) == 0


def test_people_without_such_points_have_none():
    still = StillPoints.fit(resting(4))
    assert len(still.rate) == 0
    plain = resting(4)
    assert torch.equal(
        still.written(plain, np.arange(len(plain)), 0).deltas, plain.trimmed().deltas
    )


def test_a_movement_without_steps_stays_so():
    nothing = Trajectories.from_steps(
        np.zeros((0, 3), np.float32), np.zeros(2, np.int64), np.zeros((2, 2), np.float32), None, "t"
    )
    assert written_by(nothing, [1.0], [1.0]).lengths.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("share", "rate"),
    [([0.1], [0.1, 0.2]), ([0.1], [float("nan")]), ([2.0], [0.5]), ([[0.1]], [[0.1]])],
)
def test_a_damaged_state_is_refused(share, rate):
    with pytest.raises(ValueError, match="points without motion"):
        StillPoints.from_state({"share": share, "rate": rate})


def test_a_state_is_restored():
    still = StillPoints(np.array([0.1, 0.2]), np.array([0.5, 0.25]))
    again = StillPoints.from_state(still.state())
    assert np.array_equal(again.share, still.share)
    assert np.array_equal(again.rate, still.rate)


def _share_with_any(movements):
    still = (movements.deltas[..., :2] == 0).all(-1) & movements.mask
    return still.any(1).float().mean().item()
