"""Movements whose features are known in closed form."""

import math

import numpy as np
import pytest
import torch

from humouse.features import feature_table
from humouse.trajectories import Trajectories


def features(steps):
    """Return the features of one movement given as [T, 3] numbers."""
    deltas = torch.tensor(np.asarray(steps, np.float32))[None]
    whole = Trajectories(deltas, torch.tensor([deltas.shape[1]]), torch.zeros(1, 2), None, "test")
    table = feature_table(whole, ("kinematics",))
    return {name: float(table[name][0]) for name in table.names}


def test_a_straight_line_at_constant_speed():
    got = features([(3, 4, 10)] * 20)
    assert got["speed_mean_px_s"] == pytest.approx(500)
    assert got["speed_std_px_s"] == pytest.approx(0, abs=1e-6)
    assert got["acceleration_max_px_s2"] == pytest.approx(0, abs=1e-6)
    assert got["path_efficiency"] == pytest.approx(1)
    assert got["net_px"] == pytest.approx(100)
    assert got["lateral_max_px"] == pytest.approx(0, abs=1e-6)
    assert got["submovements"] == 1
    assert got["overshoot_px"] == pytest.approx(0, abs=1e-6)
    assert [got[f"speed_quarter{k}_px_s"] for k in (1, 2, 3, 4)] == pytest.approx([500] * 4)


def test_constant_acceleration_on_an_uneven_clock():
    """With x = ½at², v of a step is at at its middle: a and the jerk come out exactly."""
    rng = np.random.default_rng(0)
    time_s = np.concatenate([[0], np.cumsum(rng.uniform(0.005, 0.03, 30))])
    x = 0.5 * 4000 * time_s**2
    got = features(np.stack([np.diff(x), np.zeros(30), np.diff(time_s) * 1000], 1))
    assert got["acceleration_mean_px_s2"] == pytest.approx(4000, rel=1e-3)
    assert got["acceleration_std_px_s2"] == pytest.approx(0, abs=4)
    assert got["jerk_max_px_s3"] < 4000  # of an acceleration's rounding alone


def test_a_circle():
    n, radius = 360, 100.0
    angle = np.linspace(0, 2 * np.pi, n + 1)
    steps = np.stack(
        [np.diff(radius * np.cos(angle)), np.diff(radius * np.sin(angle)), np.full(n, 10)], 1
    )
    got = features(steps)
    assert got["heading_change_mean_rad"] == pytest.approx(2 * np.pi / n, rel=1e-3)
    assert got["curvature_mean_rad_px"] == pytest.approx(1 / radius, rel=1e-3)
    assert got["path_efficiency"] == pytest.approx(0, abs=1e-5)
    assert got["acceleration_mean_px_s2"] == pytest.approx(
        got["speed_mean_px_s"] ** 2 / radius, rel=1e-3
    )


def test_a_half_circle_lies_off_its_line():
    n, radius = 200, 50.0
    angle = np.linspace(np.pi, 0, n + 1)
    steps = np.stack(
        [np.diff(radius * np.cos(angle)), np.diff(radius * np.sin(angle)), np.full(n, 10)], 1
    )
    got = features(steps)
    assert got["path_efficiency"] == pytest.approx(2 / np.pi, rel=1e-3)
    assert got["lateral_max_px"] == pytest.approx(radius, rel=1e-3)
    assert got["lateral_rms_px"] == pytest.approx(radius / math.sqrt(2), rel=1e-2)
    assert got["lateral_rms_ratio"] == pytest.approx(0.5 / math.sqrt(2), rel=1e-2)


def test_there_and_back_has_no_direction():
    got = features([(10, 0, 10), (-10, 0, 10)])
    assert got["net_px"] == 0
    assert got["path_efficiency"] == 0
    assert got["lateral_max_px"] == pytest.approx(10)
    assert got["overshoot_px"] == 0
    assert got["heading_change_max_rad"] == pytest.approx(np.pi)
    assert got["dx_flips"] == 1


def test_overshoot():
    got = features([(60, 0, 10), (60, 0, 10), (-20, 0, 10)])
    assert got["overshoot_px"] == pytest.approx(20)
    assert got["net_px"] == pytest.approx(100)


def test_two_submovements_and_a_plateau():
    speeds = [1, 5, 5, 5, 2, 2, 4, 1]
    assert features([(speed, 0, 10) for speed in speeds])["submovements"] == 2


@pytest.mark.parametrize(
    "waiting", [[(3, 0, 80)], [(0, 0, 16), (0, 0, 16), (0, 0, 16), (3, 0, 32)]]
)
def test_a_pause_is_the_same_however_it_is_recorded(waiting):
    got = features([(3, 0, 10)] * 6 + waiting + [(3, 0, 10)] * 6)
    assert got["pauses"] == 1
    assert got["pause_share"] == pytest.approx(80 / 200)


def test_turns_skip_steps_without_a_move():
    moving = features([(5, 0, 10), (0, 5, 10), (5, 0, 10)])
    waiting = features([(5, 0, 10), (0, 0, 10), (0, 5, 10), (0, 0, 10), (5, 0, 10)])
    for name in ("heading_change_mean_rad", "heading_change_std_rad", "curvature_mean_rad_px"):
        assert moving[name] == pytest.approx(waiting[name])
    assert moving["heading_change_mean_rad"] == pytest.approx(np.pi / 2)


def test_flips_skip_zeros():
    got = features([(1, 1, 8), (0, 1, 8), (-1, 1, 8), (0, 1, 8), (-1, 1, 8), (1, 1, 8)])
    assert got["dx_flips"] == 2
    assert got["dy_flips"] == 0


def test_steps_of_no_time_take_a_millisecond():
    got = features([(3, 4, 0)] * 4)
    assert got["speed_max_px_s"] == pytest.approx(5000)
    assert got["duration_ms"] == 0


def test_time_of_the_peak():
    got = features([(1, 0, 10), (9, 0, 20), (1, 0, 70)])
    assert got["peak_speed_time_ratio"] == pytest.approx(0.2)


def test_log_dimensionless_jerk_of_minimum_jerk():
    """∫|jerk|² of the minimum-jerk movement is 720 L²/D⁵ and its peak 15L/8D."""
    t = np.linspace(0, 1, 2001)
    x = 300 * (10 * t**3 - 15 * t**4 + 6 * t**5)
    deltas = np.stack([np.diff(x), 0 * x[1:], np.full(2000, 4.0)], 1)[None]
    # float64, since a third derivative at 4 ms steps is all rounding in float32.
    from humouse.features.kinematics import kinematics
    from humouse.features.motion import Motion

    got = kinematics(Motion.of(deltas, np.array([2000])))["log_dimensionless_jerk"]
    assert got[0] == pytest.approx(-math.log(720 / (15 / 8) ** 2), rel=1e-2)
