"""Looking up a path at a clock's times, against NumPy."""

import numpy as np
import torch

from humouse.bots.interpolation import interpolate


def test_it_equals_numpys_interpolation():
    points = torch.randn(5, 12, 2, generator=torch.manual_seed(0))
    place = torch.cat([torch.rand(5, 40) * 11, torch.tensor([[0.0, 3.0, 11.0]]).expand(5, 3)], 1)
    made = interpolate(points, place)
    for row in range(5):
        for axis in range(2):
            expected = np.interp(place[row], np.arange(12), points[row, :, axis])
            np.testing.assert_allclose(made[row, :, axis], expected, atol=1e-5)
