"""Resampling follows scipy's monotone cubic, and the low pass is scipy's cosine transform cut off."""

import numpy as np
import pytest
import torch
from scipy.fft import dct, idct
from scipy.interpolate import PchipInterpolator

from humouse.codec import resample
from humouse.codec.band import at_points
from humouse.trajectories import Trajectories

RNG = np.random.default_rng(0)


def movements(lengths: list[int], T: int) -> Trajectories:
    deltas = torch.zeros(len(lengths), T, 3)
    for row, k in enumerate(lengths):
        deltas[row, :k, :2] = torch.tensor(RNG.integers(-40, 60, (k, 2)))
        deltas[row, :k, 2] = torch.tensor(RNG.integers(1, 60, k))
    return Trajectories(deltas, torch.tensor(lengths), torch.zeros(len(lengths), 2), None, "test")


def recorded(batch: Trajectories, row: int) -> tuple[np.ndarray, np.ndarray]:
    """Return times (ms) and places (px) of a movement's points, from its start on."""
    k = int(batch.lengths[row])
    d = batch.deltas[row, :k].double().numpy()
    return np.r_[0, d[:, 2].cumsum()], np.r_[np.zeros((1, 2)), d[:, :2].cumsum(0)]


def test_resampling_follows_scipys_monotone_cubic():
    batch = movements([30, 7, 3, 24], 30)
    ours = resample(batch, 333)
    assert ours.lengths.tolist() == [333] * 4
    for row in range(len(batch)):
        time, place = recorded(batch, row)
        query = np.linspace(0, time[-1], 334)
        expected = PchipInterpolator(time, place)(query)
        made = ours.positions_px()[row].numpy()
        # Its ends have another slope: only the outermost steps differ.
        inside = (query >= time[1]) & (query <= time[-2])
        np.testing.assert_allclose(made[inside], expected[inside], atol=2e-3)


def test_a_straight_movement_at_one_pace_stays_one():
    step = torch.tensor([[[4.0, -2.0, 10.0]] * 5 + [[0.0] * 3]])
    batch = Trajectories(step, torch.tensor([5]), torch.zeros(1, 2), None, "test")
    expected = torch.tensor([2.0, -1.0, 5.0]).expand(1, 10, 3)
    torch.testing.assert_close(resample(batch, 10).deltas, expected)


def test_no_coordinate_overshoots_its_recorded_points():
    batch = movements([12] * 20, 12)
    path = resample(batch, 500).positions_px()
    points = batch.positions_px()
    assert bool((path.amax(1) <= points.amax(1) + 1e-2).all())
    assert bool((path.amin(1) >= points.amin(1) - 1e-2).all())


def test_points_of_the_same_millisecond_are_a_jump():
    step = torch.tensor([[[5.0, 0.0, 10.0], [7.0, 0.0, 0.0], [5.0, 0.0, 10.0]]])
    batch = Trajectories(step, torch.tensor([3]), torch.zeros(1, 2), None, "test")
    made = resample(batch, 40)
    assert bool(made.deltas.isfinite().all())
    torch.testing.assert_close(made.net_px, torch.tensor([[17.0, 0.0]]))


@pytest.mark.parametrize("modes", [1, 5, 32, 48])
def test_the_low_pass_keeps_scipys_first_cosine_modes(modes: int):
    x = torch.randn(3, 48, 2, generator=torch.Generator().manual_seed(0))
    cosines = dct(x.double().numpy(), axis=1)
    cosines[:, modes:] = 0
    expected = torch.tensor(idct(cosines, axis=1)).float()
    torch.testing.assert_close(at_points(x, 48, modes), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("points", [32, 33, 64, 500])
def test_any_number_of_points_holds_the_same_movement(points: int):
    x = at_points(torch.randn(3, 200, 2, generator=torch.Generator().manual_seed(1)), 200, 32)
    there = at_points(x, points, 32)
    torch.testing.assert_close(there.mean(1), x.mean(1), rtol=0, atol=1e-5)
    torch.testing.assert_close(at_points(there, 200, 32), x, rtol=0, atol=1e-4)
