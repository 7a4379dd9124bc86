"""Strokes that lead to the goal, tremor of the right frequency, noise that grows with speed."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import cumulative_trapezoid

from humouse.bots import SigmaLognormal
from humouse.bots.sigma_lognormal import along, reach
from humouse.features.strokes.model import path, velocity

GOAL = torch.tensor([800.0, 600.0, 2000.0])


def strokes(K=3, rows=6):
    source = torch.Generator().manual_seed(0)

    def draw(low, high):
        return low + (high - low) * torch.rand(rows, K, dtype=torch.float64, generator=source)

    ways = torch.stack([draw(-1, 1), draw(-1, 1)], 2)
    return ways, draw(-1, 1), draw(0.3, 0.6), draw(0.04, 0.08), draw(0.15, 0.35)


def test_strokes_go_the_ways_they_should():
    ways, bend, peak, width, response = strokes()
    made = along(ways, bend, peak, width, response)
    # Long after and long before, nothing is left and nothing is done.
    ends = path(made, torch.tensor([[-50.0, 50.0]], dtype=torch.float64).expand(6, 2))
    torch.testing.assert_close(ends[:, 1], ways.sum(1), atol=1e-6, rtol=0)
    assert (ends[:, 0] == 0).all()
    torch.testing.assert_close(made.peak_s, peak)
    torch.testing.assert_close(made.angle_end_rad - made.angle_start_rad, bend)


def test_reach_is_the_integral_of_the_strokes_velocity_tied_to_the_ends():
    made = along(*strokes())
    share = torch.linspace(0, 1, 4001, dtype=torch.float64).expand(6, -1)
    way = cumulative_trapezoid(velocity(made, share).numpy(), dx=1 / 4000, axis=1, initial=0)
    tied = way + share[..., None].numpy() * ([1, 0] - way[:, -1:])
    np.testing.assert_allclose(reach(made, share).numpy(), tied, atol=1e-5)


@pytest.mark.parametrize("corrections", [0, 1, 4])
def test_the_displacement_outside_the_duration_is_small(people, corrections):
    """The strokes themselves begin and end in time: what is spread over it is a little."""
    bot = SigmaLognormal(people, corrections=corrections, tremor_px=0.0, noise=0.0, tick_ms=10.0)
    made = bot.sample(400, cond=GOAL, seed=0)
    speed = made.deltas[..., :2].norm(dim=-1)
    assert (speed[:, :3].mean(1) < 0.15 * speed.amax(1)).all()
    assert (speed[:, -3:].mean(1) < 0.15 * speed.amax(1)).all()


def test_tremor_has_its_frequency_and_amplitude(people):
    still, shaken = (
        SigmaLognormal(people, tremor_px=size, noise=0.0, tick_ms=10.0).sample(
            200, cond=GOAL, seed=0
        )
        for size in (0.0, 20.0)
    )
    tremor = (shaken.positions_px() - still.positions_px())[:, :200]
    power = np.abs(np.fft.rfft(tremor.numpy(), axis=1)) ** 2
    hertz = np.fft.rfftfreq(200, 0.01)
    band = (hertz >= 7) & (hertz <= 13)
    assert power[:, band].sum() > 0.95 * power.sum()
    assert tremor[:, 90:110].std() == pytest.approx(20 / math.sqrt(2), rel=0.1)
    assert (tremor[:, 0] == 0).all()


def test_noise_grows_with_speed(people):
    exact, noisy = (
        SigmaLognormal(people, tremor_px=0.0, noise=size, tick_ms=10.0).sample(
            600, cond=torch.tensor([2000.0, 0.0, 1000.0]), seed=0
        )
        for size in (0.0, 0.2)
    )
    wrong = (noisy.deltas - exact.deltas)[..., :2]
    speed = exact.deltas[..., :2].norm(dim=-1)
    for low, high in ((40, 50), (60, 80)):
        chosen = (speed > low) & (speed < high)
        assert wrong[chosen].std() / speed[chosen].mean() == pytest.approx(0.2, rel=0.08)
