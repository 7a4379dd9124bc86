"""Least jerk: nothing smoother passes the same points."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from humouse.bots import MinimumJerk
from humouse.bots.minimum_jerk import best_time, correction, through
from humouse.bots.speed import bell

TAU = torch.linspace(0, 1, 2001, dtype=torch.float64)[None]
via_points = st.tuples(st.floats(0.25, 0.75), st.floats(-0.4, 0.4))


def row(*values: float) -> torch.Tensor:
    return torch.tensor([values], dtype=torch.float64)


def jerk_cost(path: np.ndarray) -> float:
    jerk = np.diff(path, n=3, axis=0) * 2000**3
    return float((jerk**2).sum() / 2000)


def solved(via, time):
    """Return the cost of the quintic through (0, 0), via, (1, 0), solved as equations.

    Unknown are six coefficients before and six after the via-point: place, speed and acceleration at
    both ends, the place on both sides of it, and four continuous derivatives there.
    """

    def powers(at, derivative):
        values = np.zeros(6)
        for k in range(derivative, 6):
            values[k] = np.prod(np.arange(k, k - derivative, -1)) * at ** (k - derivative)
        return values

    none = np.zeros(6)
    system = [np.r_[powers(0, d), none] for d in range(3)]
    system += [np.r_[none, powers(1, d)] for d in range(3)]
    system += [np.r_[powers(time, 0), none], np.r_[none, powers(time, 0)]]
    system += [np.r_[powers(time, d), -powers(time, d)] for d in range(1, 5)]
    wanted = np.zeros((12, 2))
    wanted[3, 0] = 1
    wanted[6] = wanted[7] = via
    both = np.linalg.solve(np.array(system), wanted)
    tau = TAU[0].numpy()
    basis = tau[:, None] ** np.arange(6)
    return np.where(tau[:, None] < time, basis @ both[:6], basis @ both[6:])


@settings(deadline=None, max_examples=25)
@given(via_points, st.floats(0.2, 0.8))
def test_it_solves_the_equations_of_flash_and_hogan(via, time):
    made = through(TAU, row(*via), row(time))[0].numpy()
    np.testing.assert_allclose(made, solved(via, time), atol=1e-8)
    passed = through(row(time), row(*via), row(time))
    np.testing.assert_allclose(passed[0, 0].numpy(), via, atol=1e-12)


@settings(deadline=None, max_examples=15)
@given(via_points)
def test_no_other_time_to_pass_costs_less(via):
    def cost(time):
        return jerk_cost(through(TAU, row(*via), row(time))[0].numpy())

    chosen = float(best_time(row(*via)))
    grid = min(np.linspace(0.05, 0.95, 19), key=cost)
    best = minimize_scalar(cost, bounds=(grid - 0.05, grid + 0.05), method="bounded")
    assert cost(chosen) <= best.fun * (1 + 1e-4)


def test_a_detour_costs_more_than_any_other_path_through_its_point_would_save():
    via, time = row(0.4, 0.2), row(0.45)
    made = through(TAU, via, time)[0].numpy()
    tau = TAU[0].numpy()
    for wave in (2, 3, 5):  # at rest at both ends, and 0 when the point is passed
        bump = (tau * (1 - tau)) ** 3 * np.sin(wave * np.pi * (tau - 0.45))
        for size in (1e-2, -1e-2):
            assert jerk_cost(made + size * bump[:, None]) > jerk_cost(made)


def test_a_correction_is_two_strokes_and_no_jolt():
    made = correction(TAU, row(0.9, 0.1), row(0.5), row(0.8))[0].numpy()
    np.testing.assert_allclose(made[[0, -1]], [[0, 0], [1, 0]], atol=1e-12)
    before = TAU[0] <= 0.5
    first = bell(TAU[0] / 0.8)[:, None].numpy() * [0.9, 0.1]
    np.testing.assert_allclose(made[before], first[before], atol=1e-12)
    after = TAU[0] >= 0.8
    second = [0.9, 0.1] + bell((TAU[0] - 0.5) / 0.5)[:, None].numpy() * [0.1, -0.1]
    np.testing.assert_allclose(made[after], second[after], atol=1e-12)
    speed = np.linalg.norm(np.diff(made, axis=0), axis=1) * 2000
    assert speed[[0, -1]].max() < 1e-4
    assert np.abs(np.diff(speed)).max() < 0.01


@pytest.mark.parametrize("plan", ["via_point", "correction"])
def test_the_plans_miss_the_line_to_either_side(people, plan):
    bot = MinimumJerk(people, plan=plan, bow=0.2, tick_ms=8.0)
    made = bot.sample(300, cond=torch.tensor([1000.0, 0.0, 800.0]), seed=0)
    side = made.positions_px()[..., 1] - made.start[:, None, 1]
    farthest = side.gather(1, side.abs().argmax(1, keepdim=True))[:, 0]
    assert (farthest > 0).float().mean() == pytest.approx(0.5, abs=0.1)
    assert 170 < farthest.abs().max() <= 230
