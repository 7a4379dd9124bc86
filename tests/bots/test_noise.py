"""Coloured noise: its spectrum, its size, and its ends."""

import numpy as np
import pytest
import torch
from scipy.signal import periodogram

from humouse.bots import Noise
from humouse.bots.noise import bridge, coloured


@pytest.mark.parametrize("colour", [0.0, 1.0, 2.0, 3.5])
def test_power_falls_as_one_over_f_to_its_colour(colour):
    white = torch.randn(2000, 256, dtype=torch.float64, generator=torch.manual_seed(0))
    noise = coloured(white, colour)
    frequency, power = periodogram(noise.numpy(), detrend=False)
    inner = slice(1, -1)
    slope, _ = np.polyfit(np.log(frequency[inner]), np.log(power.mean(0)[inner]), 1)
    assert slope == pytest.approx(-colour, abs=0.03)
    assert power[:, 0].max() < 1e-20
    assert noise.var(1, correction=0).mean() == pytest.approx(1, rel=0.05)


def test_a_bridge_is_zero_at_both_ends():
    walk = torch.randn(20, 65, dtype=torch.float64, generator=torch.manual_seed(0)).cumsum(1)
    tied = bridge(walk)
    assert tied[:, [0, -1]].abs().max() < 1e-12
    assert (walk - tied).diff(n=2, dim=1).abs().max() < 1e-12


@pytest.mark.parametrize("colour", [1.0, 2.0])
def test_a_movement_is_a_line_with_that_noise(people, colour):
    bot = Noise(people, colour=colour, size=0.02, speed="constant", tick_ms=10.0)
    made = bot.sample(600, cond=torch.tensor([0.0, 2000.0, 1280.0]), seed=0)
    off = (made.positions_px() - made.start[:, None])[..., 0] / 2000
    white = torch.randn(5000, 256, generator=torch.manual_seed(1))
    expected = 0.02 * bridge(coloured(white, colour)[:, :129]).std(0)
    np.testing.assert_allclose(off.std(0)[8:-8].numpy(), expected[8:-8].numpy(), rtol=0.15)


def test_without_size_it_is_a_line(people):
    made = Noise(people, size=0.0).sample(50, cond=torch.tensor([0.0, 500.0]), seed=0)
    assert (made.deltas[..., 0] == 0).all()
    assert (made.deltas[..., 1] >= 0).all()
