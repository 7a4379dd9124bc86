"""Positions between points against numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.data.resampling import Paths, padded_to, ticks_needed
from humouse.steps import Steps


def drawn(n, seed, most=20):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, most, n)
    steps = np.column_stack(
        [rng.integers(-9, 10, (lengths.sum(), 2)), rng.integers(1, 60, lengths.sum())]
    )
    return Steps.padded(steps.astype(np.float32), lengths, np.zeros((n, 2), np.float32))


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999))
def test_positions_are_those_of_numpy(seed):
    movements = drawn(4, seed)
    paths = Paths.of(movements)
    at = np.sort(np.random.default_rng(seed).uniform(-50, 1300, (4, 25)))
    found = paths.at(at)
    for row in range(4):
        t, place = paths.t_ms[row], paths.position_px[row]
        points = int(movements.lengths[row]) + 1
        expected = [np.interp(at[row], t[:points], place[:points, axis]) for axis in (0, 1)]
        np.testing.assert_allclose(found[row], np.stack(expected, 1), atol=1e-9)


def test_a_held_position_is_that_of_the_last_point():
    movements = drawn(2, 1)
    paths = Paths.of(movements)
    at = np.tile(np.linspace(-10, 900, 80), (2, 1))
    found = paths.at(at, np.array([True, False]))
    t, place = paths.t_ms[0], paths.position_px[0]
    points = int(movements.lengths[0]) + 1
    last = np.searchsorted(t[:points], at[0], side="right") - 1
    np.testing.assert_array_equal(found[0], place[np.maximum(last, 0)])
    np.testing.assert_array_equal(found[1], paths.at(at)[1])


def test_of_several_points_at_one_time_the_last_counts():
    steps = np.array([[4, 0, 10], [5, 1, 0], [2, 0, 10]], np.float32)
    paths = Paths.of(Steps.padded(steps, np.array([3]), np.zeros((1, 2), np.float32)))
    at = np.array([[5.0, 10.0, 15.0]])
    assert paths.at(at)[0].tolist() == [[2, 0], [9, 1], [10, 1]]
    assert paths.smooth_at(at)[0, 1].tolist() == [9, 1]
    assert np.isfinite(paths.smooth_at(at)).all()


@pytest.mark.parametrize(
    ("duration", "phase", "ticks"), [(0, 0, 1), (20, 0, 2), (20, 0.5, 3), (21, 0, 3), (1, 0.5, 1)]
)
def test_a_clock_ticks_until_the_last_point(duration, phase, ticks):
    numbers = (np.array([value], float) for value in (duration, phase))
    assert ticks_needed(next(numbers), 10.0, next(numbers)).tolist() == [ticks]


def test_padding_repeats_the_last():
    assert padded_to(np.array([[1.0, 2.0]]), 4).tolist() == [[1, 2, 2, 2]]
