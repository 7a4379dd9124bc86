import math

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.diffusion.noise.schedule import (
    CosineSchedule,
    DiscreteSchedule,
    LogSNRSchedule,
    make_schedule,
)
from humouse.errors import InputError

ALL = [CosineSchedule(), LogSNRSchedule(), DiscreteSchedule(CosineSchedule(), 1000)]


@pytest.mark.parametrize("schedule", ALL, ids=lambda s: type(s).__name__)
@settings(deadline=None, max_examples=30)
@given(t=st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_variance_is_preserved_and_noise_grows(schedule, t):
    time = torch.tensor(sorted(t), dtype=torch.float64)
    alpha, sigma = schedule(time)
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones_like(alpha))
    assert (sigma.diff() >= 0).all()
    assert schedule(torch.zeros(1))[0] == 1
    assert schedule(torch.zeros(1))[1] == 0


def test_discrete_cosine_is_the_one_of_diffusers():
    oracle = DDPMScheduler(1000, beta_schedule="squaredcos_cap_v2").alphas_cumprod.double()
    schedule = make_schedule("cosine", 1000)
    ours = schedule.alpha_bar(torch.arange(1, 1001).double() / 1000)
    # diffusers multiplies in float32
    torch.testing.assert_close(ours, oracle, rtol=2e-4, atol=1e-9)


@pytest.mark.parametrize("steps", [1, 5, 20, 50, 1000])
def test_trailing_times_are_those_of_diffusers(steps):
    oracle = DDIMScheduler(1000, beta_schedule="squaredcos_cap_v2", timestep_spacing="trailing")
    oracle.set_timesteps(steps)
    ours = make_schedule("cosine", 1000).times(steps)
    # diffusers counts the grid from 0, and leaves the clean end implicit
    assert (ours[:-1] * 1000).round().int().tolist() == (oracle.timesteps + 1).tolist()
    assert ours[-1] == 0


def test_snr_is_alpha_over_sigma_squared():
    for schedule in ALL:
        t = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
        alpha, sigma = schedule(t)
        torch.testing.assert_close(schedule.snr(t), (alpha / sigma) ** 2)


def test_log_snr_schedule_is_linear_in_lambda():
    schedule = LogSNRSchedule(lambda_max=4.0, lambda_min=-4.0)
    t = torch.linspace(0.01, 1, 9).double()
    torch.testing.assert_close(schedule.log_snr_half(t), 4 - 8 * t)


@pytest.mark.parametrize("schedule", ALL, ids=lambda s: type(s).__name__)
def test_clipping_lambda_starts_at_that_lambda(schedule):
    times = schedule.times(10, lambda_min=-4.0)
    assert schedule.log_snr_half(times[0]).item() == pytest.approx(-4.0, abs=0.05)
    assert (times.diff() < 0).all()


@pytest.mark.parametrize("schedule", ALL, ids=lambda s: type(s).__name__)
def test_equal_steps_of_lambda_end_where_they_should(schedule):
    times = schedule.times(10, lambda_min=-4.0, lambda_max=3.0)
    assert times[-1] == 0
    ends = schedule.log_snr_half(times[:-1])
    torch.testing.assert_close(ends, torch.linspace(-4, 3, 11)[:-1].double(), atol=0.1, rtol=0)
    # One call goes all the way at once.
    assert schedule.times(1, lambda_min=-4.0, lambda_max=3.0).tolist() == [times[0], 0]


@pytest.mark.parametrize("steps", [20, 200, 700, 990])
@pytest.mark.parametrize("lambda_max", [math.inf, 4.0])
def test_no_two_times_of_a_grid_are_alike(steps, lambda_max):
    times = make_schedule("cosine", 1000).times(steps, lambda_min=-5.1, lambda_max=lambda_max)
    assert (times.diff() < 0).all()
    assert ((times * 1000).round() == times * 1000).all()
    assert (times[-1], len(times)) == (0, steps + 1)


def test_training_times_cover_the_grid_evenly():
    u = torch.arange(0, 1, 1 / 4000, dtype=torch.float64)
    times = make_schedule("cosine", 4).training_time(u)
    values, counts = times.unique(return_counts=True)
    assert values.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert counts.tolist() == [1000] * 4
    assert np.all(np.asarray(make_schedule("cosine", 0).training_time(u)) > 0)


def test_unknown_or_impossible_settings_are_errors():
    with pytest.raises(InputError, match=r"diffusion.schedule=linear.*cosine, logsnr"):
        make_schedule("linear", 1000)
    with pytest.raises(InputError, match=r"diffusion\.timesteps"):
        make_schedule("cosine", -1)
    with pytest.raises(InputError, match="steps=0"):
        make_schedule("cosine", 0).times(0)
    with pytest.raises(InputError, match="steps=11"):
        make_schedule("cosine", 10).times(11)
    assert math.isinf(CosineSchedule().log_snr_half(torch.zeros(())).item())
