"""Recorded people to draw from, made up."""

import numpy as np
import pytest
import torch

from humouse.trajectories import Trajectories


@pytest.fixture(scope="session")
def people() -> Trajectories:
    """200 movements of ten users, 12 to 60 steps on two clocks, some at 0 ms; the last 5 are broken.

    Those have no step, one step, two steps without time, and (twice) no net displacement.
    """
    rng = np.random.default_rng(0)
    lengths = rng.integers(12, 61, 200)
    steps = np.zeros((200, 60, 3), np.float32)
    steps[..., :2] = np.round(rng.normal(rng.normal(0, 8, (200, 1, 2)), 2, (200, 60, 2)))
    steps[..., 2] = rng.choice([0, 1, 1, 2], (200, 60)) * rng.choice([8, 17], (200, 1))
    lengths[195:] = [0, 1, 2, 2, 2]
    steps[197, :2, 2] = 0
    steps[198, :2] = [[30, 0, 8], [-30, 0, 8]]
    steps[199, :2] = [[0, 0, 8], [0, 0, 8]]
    return Trajectories(
        torch.from_numpy(steps),
        torch.from_numpy(lengths),
        torch.from_numpy(rng.integers(0, 1000, (200, 2)).astype(np.float32)),
        np.array([f"user {k % 10}" for k in range(200)]),
        "made up",
    )
