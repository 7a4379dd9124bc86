"""Positions between points against numpy, and blocks that change nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.detection.samples import resampling
from humouse.detection.samples.resampling import Paths, in_blocks, padded_to, ticks_needed
from humouse.trajectories import Trajectories


def drawn(n, seed, most=20):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, most, n)
    steps = np.column_stack(
        [rng.integers(-9, 10, (lengths.sum(), 2)), rng.integers(1, 60, lengths.sum())]
    )
    return Trajectories.from_steps(
        steps.astype(np.float32), lengths, np.zeros((n, 2), np.float32), None, "drawn"
    )


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999))
def test_positions_are_those_of_numpy(seed):
    movements = drawn(4, seed)
    paths = Paths.of(movements)
    at = np.sort(np.random.default_rng(seed).uniform(-50, 1300, (4, 25)))
    found = paths.at(torch.from_numpy(at))
    for row in range(4):
        t, place = paths.t_ms[row].numpy(), paths.position_px[row].numpy()
        points = int(movements.lengths[row]) + 1
        expected = [np.interp(at[row], t[:points], place[:points, axis]) for axis in (0, 1)]
        np.testing.assert_allclose(found[row], np.stack(expected, 1), atol=1e-9)


def test_a_held_position_is_that_of_the_last_point():
    movements = drawn(2, 1)
    paths = Paths.of(movements)
    at = torch.linspace(-10, 900, 80, dtype=torch.float64).repeat(2, 1)
    found = paths.at(at, torch.tensor([True, False]))
    t, place = paths.t_ms[0].numpy(), paths.position_px[0].numpy()
    points = int(movements.lengths[0]) + 1
    last = np.searchsorted(t[:points], at[0].numpy(), side="right") - 1
    np.testing.assert_array_equal(found[0], place[np.maximum(last, 0)])
    np.testing.assert_array_equal(found[1], paths.at(at)[1])


def test_of_several_points_at_one_time_the_last_counts():
    steps = np.array([[4, 0, 10], [5, 1, 0], [2, 0, 10]], np.float32)
    paths = Paths.of(
        Trajectories.from_steps(steps, np.array([3]), np.zeros((1, 2), np.float32), None, "tied")
    )
    at = torch.tensor([[5.0, 10.0, 15.0]], dtype=torch.float64)
    assert paths.at(at)[0].tolist() == [[2, 0], [9, 1], [10, 1]]
    assert paths.smooth_at(at)[0, 1].tolist() == [9, 1]
    assert torch.isfinite(paths.smooth_at(at)).all()


@pytest.mark.parametrize(
    ("duration", "phase", "ticks"), [(0, 0, 1), (20, 0, 2), (20, 0.5, 3), (21, 0, 3), (1, 0.5, 1)]
)
def test_a_clock_ticks_until_the_last_point(duration, phase, ticks):
    numbers = (torch.tensor([value], dtype=torch.float64) for value in (duration, phase))
    assert ticks_needed(next(numbers), 10.0, next(numbers)).tolist() == [ticks]


def test_blocks_change_nothing_but_what_they_are_told(monkeypatch):
    movements = drawn(50, 3)
    seen = []

    def doubled(block, rows):
        seen.append(len(rows))
        return replace(block, deltas=2 * block.deltas, start=block.start + rows[:, None])

    monkeypatch.setattr(resampling, "_STEPS_AT_A_TIME", 60)
    found = in_blocks(movements, movements.lengths, doubled)
    assert len(seen) > 5
    assert sum(seen) == 50
    np.testing.assert_array_equal(found.lengths, movements.lengths)
    np.testing.assert_array_equal(found.deltas[found.mask], 2 * movements.deltas[movements.mask])
    assert found.start[:, 0].tolist() == list(range(50))
    assert len(in_blocks(movements[:0], movements.lengths[:0], doubled)) == 0


def test_padding_repeats_the_last():
    assert padded_to(torch.tensor([[1.0, 2.0]]), 4).tolist() == [[1, 2, 2, 2]]
