"""Natural cubic splines, against SciPy's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from humouse.bots import Spline
from humouse.bots.spline import MOST_WAYPOINTS, natural_spline


@settings(deadline=None, max_examples=30)
@given(st.integers(2, MOST_WAYPOINTS + 1), st.integers(0, 10_000))
def test_it_equals_scipys(K, seed):
    points = torch.randn(3, K, 2, dtype=torch.float64, generator=torch.manual_seed(seed))
    s = torch.rand(3, 50, dtype=torch.float64, generator=torch.manual_seed(seed))
    made = natural_spline(s, points)
    for row in range(3):
        knots = np.r_[np.zeros((1, 2)), points[row].numpy()]
        spline = CubicSpline(np.arange(K + 1) / K, knots, bc_type="natural")
        np.testing.assert_allclose(made[row].numpy(), spline(s[row].numpy()), atol=1e-9)


def test_single_precision_is_precise_to_hundredths_of_a_pixel():
    K = MOST_WAYPOINTS + 1
    points = torch.rand(200, K, 2, generator=torch.manual_seed(0))
    s = torch.linspace(0, 1, 200).expand(200, -1)
    error = natural_spline(s, points) - natural_spline(s.double(), points.double())
    assert 2000 * error.abs().max() < 0.02


@pytest.mark.parametrize("waypoints", [1, 4])
def test_a_movement_passes_its_waypoints(people, waypoints):
    bot = Spline(people, waypoints=waypoints, bow=0.2, speed="constant", tick_ms=10.0)
    cond = torch.tensor([600.0, 800.0, 100.0 * (waypoints + 1)])
    made = bot.sample(400, cond=cond, seed=0)
    place = ((made.positions_px() - made.start[:, None]) / 1000)[:, ::10]
    along = place @ torch.tensor([0.6, 0.8])
    beside = place @ torch.tensor([-0.8, 0.6])
    for j in range(1, waypoints + 1):
        assert along[:, j].mean() == pytest.approx(j / (waypoints + 1), abs=0.01)
        spread = 0.3 / (waypoints + 1)
        assert (along[:, j] - j / (waypoints + 1)).abs().max() <= spread + 1e-3
        assert 0.19 < beside[:, j].abs().max() <= 0.201
        assert beside[:, j].mean() == pytest.approx(0, abs=0.02)
