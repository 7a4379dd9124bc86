"""Parabolas and exponentials, against their definitions."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.bots import Curve
from humouse.bots.curve import SHAPES, exponential, parabola

GOAL = torch.tensor([800.0, 600.0, 1600.0])
U = torch.linspace(0, 1, 41, dtype=torch.float64)[None]


def column(value: float) -> torch.Tensor:
    return torch.tensor([[value]], dtype=torch.float64)


@settings(deadline=None, max_examples=30)
@given(st.floats(-1, 1))
def test_the_quadratic_through_three_points(height):
    fitted = np.polyfit([0, 0.5, 1], [0, height, 0], 2)
    x, y = parabola(U, column(height))[0].numpy().T
    np.testing.assert_allclose(y, np.polyval(fitted, x), atol=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.floats(0.5, 7), st.booleans(), st.floats(0.2, 1.3))
def test_the_exponential_is_one_in_its_own_axes(growth, falls, tilt):
    k = -growth if falls else growth
    along, beside = exponential(U, column(k), column(tilt))[0].numpy().T
    assert (along[0], beside[0]) == (0, 0)
    np.testing.assert_allclose([along[-1], beside[-1]], [1, 0], atol=1e-12)
    x = along * np.cos(tilt) + beside * np.sin(tilt)
    y = beside * np.cos(tilt) - along * np.sin(tilt)
    np.testing.assert_allclose(x, np.cos(tilt) * U[0].numpy(), atol=1e-12)
    # The slope of a·e^(kx) + c grows by the same factor from each step to the next.
    ratio = np.diff(y)[1:] / np.diff(y)[:-1]
    np.testing.assert_allclose(ratio, np.exp(k / 40), rtol=1e-6)
    assert np.abs(beside).max() <= 0.5


@pytest.mark.parametrize("shape", SHAPES)
def test_a_movement_is_smooth_and_goes_to_either_side(people, shape):
    made = Curve(people, shape=shape, speed="constant", tick_ms=8.0).sample(300, cond=GOAL, seed=0)
    place = (made.positions_px() - made.start[:, None]).double()
    beside = (place[..., 1] * 0.8 - place[..., 0] * 0.6) / 1000
    assert (beside[:, 100] > 0).double().mean() == pytest.approx(0.5, abs=0.1)
    # One bow: the signs of the distances from the chord agree.
    assert ((beside > 0.003).any(1) & (beside < -0.003).any(1)).sum() == 0
    assert 0.2 < beside.abs().max() <= 0.5


def test_a_bow_is_the_farthest_a_parabola_goes(people):
    bot = Curve(people, bow=0.4, speed="constant", tick_ms=8.0)
    place = bot.sample(300, cond=GOAL, seed=0).positions_px()
    beside = ((place - place[:, :1])[:, 100] * torch.tensor([-0.6, 0.8])).sum(1) / 1000
    assert 0.38 < beside.abs().max() <= 0.401
    assert beside.abs().mean() == pytest.approx(0.2, abs=0.02)
