"""The clock and the grid of movements that one can count by hand."""

import pytest
import torch

from humouse.features import feature_table
from humouse.trajectories import Trajectories


def features(steps):
    deltas = torch.tensor(steps, dtype=torch.float32)[None]
    whole = Trajectories(deltas, torch.tensor([len(steps)]), torch.zeros(1, 2), None, "test")
    table = feature_table(whole, ("timing",))
    return {name: float(table[name][0]) for name in table.names}


def test_clock():
    got = features([(1, 1, dt) for dt in (8, 8, 16, 8, 20.5, 16)])
    assert got["dt_min_ms"] == 8
    assert got["dt_median_ms"] == 12
    assert got["dt_max_ms"] == 20.5
    assert got["dt_mode_ms"] == 8
    assert got["dt_mode_share"] == pytest.approx(3 / 6)
    assert got["dt_off_grid_share"] == pytest.approx(1 / 6)


def test_the_mode_of_equals_is_the_shortest():
    assert features([(1, 1, dt) for dt in (17, 16, 17, 16)])["dt_mode_ms"] == 16


def test_ticks_are_multiples_of_the_median():
    got = features([(1, 1, dt) for dt in (16, 16, 17, 33, 48, 24, 15)])
    assert got["dt_on_tick_share"] == pytest.approx(4 / 7)  # median 17: 48, 24 and 15 are off


def test_grid():
    got = features([(0, 0, 8), (0, 3, 8), (1, -1, 8), (0, 1, 8), (2.5, 4, 8), (0.4, 0, 8)])
    assert got["zero_move_share"] == pytest.approx(1 / 6)
    assert got["axis_move_share"] == pytest.approx(3 / 6)
    assert got["one_pixel_share"] == pytest.approx(2 / 6)
    assert got["off_grid_share"] == pytest.approx(2 / 12)
