"""Ties between motion, clock and pixels, on movements that one can reckon by hand or with numpy."""

import math

import numpy as np
import pytest
import torch

from humouse.features import feature_table
from humouse.features.coupling import COUPLING
from humouse.trajectories import Trajectories


def features(steps):
    deltas = torch.tensor(steps, dtype=torch.float32).reshape(1, -1, 3)
    whole = Trajectories(deltas, torch.tensor([len(steps)]), torch.zeros(1, 2), None, "test")
    table = feature_table(whole, ("coupling",))
    return {name: float(table[name][0]) for name in table.names}


def random_steps(n, seed=0):
    rng = np.random.default_rng(seed)
    moves = np.round(rng.normal(3, 6, (n, 2)))
    return np.concatenate([moves, rng.integers(5, 40, (n, 1))], 1)


def test_equals_numpy():
    steps = random_steps(40)
    got = features(steps)
    dx, dy, dt = steps.T
    length = np.hypot(dx, dy)
    speed, log_dt = np.log(length / dt + 0.01), np.log(dt)
    dip = speed[1:-1] - (speed[:-2] + speed[2:]) / 2
    assert got["dt_speed_correlation"] == pytest.approx(np.corrcoef(log_dt, speed)[0, 1], abs=1e-5)
    assert got["dt_dip_correlation"] == pytest.approx(
        np.corrcoef(log_dt[1:-1], dip)[0, 1], abs=1e-5
    )
    long = dt[1:-1] > 1.5 * np.median(dt)
    assert got["long_step_dip"] == pytest.approx(dip[long].mean(), abs=1e-5)
    assert got["dt_autocorrelation_1"] == pytest.approx(
        np.corrcoef(log_dt[:-1], log_dt[1:])[0, 1], abs=1e-5
    )
    rough = np.diff(dy, 2)
    assert got["dy_roughness"] == pytest.approx(np.log((rough**2).mean() + 0.1), abs=1e-5)
    assert got["dy_roughness_autocorrelation_1"] == pytest.approx(
        np.corrcoef(rough[:-1], rough[1:])[0, 1], abs=1e-5
    )
    assert got["first_step_log_ratio"] == pytest.approx(
        np.log((length[0] + 0.5) / length.mean()), abs=1e-5
    )
    assert got["last_step_log_ratio"] == pytest.approx(
        np.log((length[-1] + 0.5) / length.mean()), abs=1e-5
    )
    assert got["dt_first_log_ratio"] == pytest.approx(np.log(dt[0] / np.median(dt)), abs=1e-5)
    change = np.diff(speed)
    assert got["log_speed_change_autocorrelation_1"] == pytest.approx(
        np.corrcoef(change[:-1], change[1:])[0, 1], abs=1e-5
    )


def test_turns_equal_numpy():
    steps = random_steps(50, seed=1)
    steps = steps[np.hypot(steps[:, 0], steps[:, 1]) > 0]
    got = features(steps)
    dx, dy, dt = steps.T
    length = np.hypot(dx, dy)
    turn = np.abs(np.angle(np.exp(1j * np.diff(np.arctan2(dy, dx)))))
    assert got["turn_step_correlation"] == pytest.approx(
        np.corrcoef(turn, np.log(length[1:] + 0.5))[0, 1], abs=1e-5
    )
    both, time = length[1:] + length[:-1], dt[1:] + dt[:-1]
    assert got["curvature_speed_correlation"] == pytest.approx(
        np.corrcoef(np.log(2 * (turn + 0.02) / (both + 1)), np.log(both / time + 0.01))[0, 1],
        abs=1e-5,
    )
    fast = (length[1:] >= 6) & (length[:-1] >= 6)
    assert got["fast_turn_log_rad"] == pytest.approx(np.log(turn[fast].mean() + 0.01), abs=1e-5)


def test_a_recorder_that_waits_for_movement_shows():
    moving = [(8, 0, 8)] * 6
    waited, hurried = [*moving, (8, 0, 32), *moving], [*moving, (32, 0, 32), *moving]
    assert features(waited)["dt_dip_correlation"] == pytest.approx(-1, abs=0.2)
    assert features(waited)["long_step_dip"] == pytest.approx(
        math.log(0.25 + 0.01) - math.log(1.01), abs=1e-6
    )
    assert features(hurried)["long_step_dip"] == pytest.approx(0, abs=1e-6)


def test_repeats():
    assert features([(1, 2, 8), (1, 2, 9), (1, 2, 8), (2, 1, 8)])["repeat_share"] == 0.5


def test_rounding_alone_has_an_autocorrelation_of_minus_three_quarters():
    speed = 3 + math.sqrt(2)
    at = np.round(np.arange(4001) * speed)
    steps = np.stack([np.diff(at), np.zeros(4000), np.full(4000, 8)], 1)
    rng = np.random.default_rng(0)
    jittered = np.round(np.arange(4001) * speed + rng.uniform(-50, 50, 4001)) * 1.0
    noisy = np.stack([np.diff(jittered), np.zeros(4000), np.full(4000, 8)], 1)
    assert features(noisy)["dx_roughness_autocorrelation_1"] == pytest.approx(-0.75, abs=0.03)
    assert features(steps)["dy_roughness_autocorrelation_1"] == 0  # does not vary


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_short_movements_have_finite_values(n):
    got = features(random_steps(n) if n else np.zeros((0, 3)))
    assert len(got) == len(COUPLING)
    assert all(math.isfinite(value) for value in got.values())


def test_neighbours_and_padding_take_no_part():
    a, b = random_steps(12, seed=2), random_steps(30, seed=3)
    deltas = torch.zeros(2, 44, 3)
    deltas[0, :12] = torch.from_numpy(a)
    deltas[1, :30] = torch.from_numpy(b)
    both = Trajectories(deltas, torch.tensor([12, 30]), torch.zeros(2, 2), None, "test")
    table = feature_table(both, ("coupling",))
    for row, steps in enumerate((a, b)):
        for name, value in features(steps).items():
            assert float(table[name][row]) == pytest.approx(value, abs=1e-6), name
