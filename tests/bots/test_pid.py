"""The controller, against a plain loop over one movement."""

import pytest
import torch

from humouse.bots import Pid
from humouse.bots.pid import CYCLES, Gains, pursuit


def gains(*each: tuple[float, float, float]) -> Gains:
    return Gains(*torch.tensor(each, dtype=torch.float64).unbind(1))


def plainly(target, kp, ki, kd, motor, delay):
    h = 1 / len(target)
    places, speeds, summed = [0j], [0j], 0j
    for k, aim in enumerate(target):
        seen = max(k - delay, 0)
        error = aim - places[seen]
        force = kp * (error + ki * summed) - kd * speeds[seen]
        summed += error * h
        speeds.append(speeds[-1] + h * force * motor[k])
        places.append(places[-1] + h * speeds[-1])
    return places


@pytest.mark.parametrize("delay", [0, 1, 5])
def test_it_does_what_a_plain_loop_does(delay):
    settings = [(60.0, 0.3, 14.0), (90.0, 0.0, 12.0), (40.0, 0.5, 12.0)]
    source = torch.manual_seed(0)
    motor = 1 + 0.5 * torch.randn(60, 3, dtype=torch.complex128, generator=source)
    target = torch.linspace(0.2, 1, 60, dtype=torch.float64)
    made = pursuit(target, gains(*settings), motor, delay)
    assert made.shape == (3, 61, 2)
    for row, (kp, ki, kd) in enumerate(settings):
        expected = plainly(target.tolist(), kp, ki, kd, motor[:, row].tolist(), delay)
        expected = torch.view_as_real(torch.tensor(expected, dtype=torch.complex128))
        assert torch.allclose(made[row], expected, atol=1e-12)


@pytest.mark.slow
def test_without_noise_and_delay_it_converges_as_its_equation_says():
    """Critically damped, x'' = ω²(1 − x) − 2ωx' has x = 1 − (1 + ωt) e^(−ωt)."""
    N, omega = 20_000, 10.0
    motor = torch.ones(N, 1, dtype=torch.complex128)
    made = pursuit(torch.ones(N), gains((omega**2, 0.0, 2 * omega)), motor, 0)[0]
    t = torch.linspace(0, 1, N + 1, dtype=torch.float64)
    exact = 1 - (1 + omega * t) * (-omega * t).exp()
    assert (made[:, 0] - exact).abs().max() < 1e-3
    assert (made[:, 1] == 0).all()
    assert made[-1, 0] == pytest.approx(1, abs=1e-3)


def test_integral_action_takes_out_a_steady_error():
    """A target that moves away evenly is followed at a distance without it, and reached with it."""
    N = 4000
    target = torch.linspace(0, 10, N, dtype=torch.float64)
    motor = torch.ones(N, 1, dtype=torch.complex128)
    late, there = (
        pursuit(target, gains((4000.0, ki, 100.0)), motor, 0)[0, -1, 0] for ki in (0.0, 8.0)
    )
    assert 10 - late == pytest.approx(10 * 100 / 4000, rel=0.02)
    assert abs(10 - there) < 0.1 * (10 - late)


@pytest.mark.parametrize("target", ["goal", "moving"])
@pytest.mark.parametrize("delay", [0.0, 0.03])
def test_exact_motors_keep_to_the_line_and_are_early_at_the_goal(people, target, delay):
    bot = Pid(people, target=target, noise=0.0, delay=delay, tick_ms=10.0)
    made = bot.sample(300, cond=torch.tensor([0.0, 1000.0, 1000.0]), seed=0)
    place = made.positions_px() - made.start[:, None]
    assert (place[..., 0] == 0).all()
    assert place[:, 90, 1].sub(1000).abs().max() < 80
    assert place[:, 99, 1].sub(1000).abs().max() < 25
    assert place[..., 1].max() < 1250


def test_noise_grows_with_force(people):
    bot = Pid(people, noise=0.6, delay=0.0, tick_ms=1000 / CYCLES)
    near, far = (
        bot.sample(500, cond=torch.tensor([distance, 0.0, 1000.0]), seed=0)
        for distance in (200, 2000)
    )
    spread = [(one.positions_px()[:, 60, 1] - one.start[:, 1]).std() for one in (near, far)]
    assert spread[1] / spread[0] == pytest.approx(10, rel=0.05)
