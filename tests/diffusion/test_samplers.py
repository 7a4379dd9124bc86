import math
from itertools import pairwise

import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler

from humouse.diffusion.noise.schedule import CosineSchedule, LogSNRSchedule, make_schedule
from humouse.diffusion.samplers import (
    DDIM,
    SAMPLERS,
    DPMSolverPP2M,
    SDEDPMSolverPP2M,
    draw,
    make_sampler,
)
from humouse.errors import InputError

MEAN, STD = 0.7, 0.4


def gaussian(schedule):
    """E[x0 | x_t] in closed form where x0 ~ N(MEAN, STD²)."""

    def denoise(x_t, t, mask, cond, x0_prev):
        alpha, sigma = (part[:, None, None] for part in schedule(t))
        gain = alpha * STD**2 / (alpha**2 * STD**2 + sigma**2)
        return MEAN + gain * (x_t - alpha * MEAN)

    return denoise


def run(sampler, denoise, steps, n=64, seed=0, T=8):
    generator = torch.Generator().manual_seed(seed)
    return draw(
        denoise,
        sampler,
        steps=steps,
        noise=lambda: torch.randn(n, T, 2, generator=generator, dtype=torch.float64),
        mask=torch.ones(n, T, dtype=torch.bool),
    )


@pytest.mark.parametrize("sampler", [DDIM, DPMSolverPP2M])
@pytest.mark.parametrize("timesteps", [0, 1000])
def test_samples_of_a_gaussian_have_its_mean_and_spread(sampler, timesteps):
    schedule = make_schedule("cosine", timesteps)
    x0 = run(sampler(schedule), gaussian(schedule), steps=100, n=500)
    assert x0.mean().item() == pytest.approx(MEAN, abs=0.02)
    assert x0.std().item() == pytest.approx(STD, rel=0.03)


def test_ancestral_sampling_of_a_gaussian_has_its_mean_and_spread():
    schedule = CosineSchedule()
    x0 = run(DDIM(schedule, eta=1.0), gaussian(schedule), steps=300, n=500)
    assert x0.mean().item() == pytest.approx(MEAN, abs=0.02)
    assert x0.std().item() == pytest.approx(STD, rel=0.03)


@pytest.mark.parametrize("timesteps", [0, 1000])
def test_stochastic_sampling_of_a_gaussian_has_its_mean_and_spread(timesteps):
    schedule = make_schedule("cosine", timesteps)
    x0 = run(SDEDPMSolverPP2M(schedule), gaussian(schedule), steps=200, n=2000)
    # Six standard errors of 32,000 independent numbers, and half a hundredth of discretisation.
    assert x0.mean().item() == pytest.approx(MEAN, abs=6 * STD / 32_000**0.5)
    assert x0.std().item() == pytest.approx(STD, rel=6 / 64_000**0.5 + 0.005)


@pytest.mark.parametrize(("order", "sampler"), [(1, DDIM), (2, SDEDPMSolverPP2M)])
def test_spread_of_stochastic_samples_converges(sampler, order):
    """The variance follows in closed form, step by step: no draw blurs the slope."""
    schedule = LogSNRSchedule(lambda_max=3.0, lambda_min=-3.0)

    def error(steps):
        solver = sampler(schedule, eta=1.0) if sampler is DDIM else sampler(schedule)
        times = torch.linspace(1, 0.05, steps + 1).double()
        # A step is linear in x and noise: feeding basis vectors finds all its coefficients. The
        # start is spread as the data's own x_t.
        alpha, sigma = map(float, schedule(times[0]))
        x = torch.zeros(steps + 1, 1, 1, dtype=torch.float64)
        x[0] = math.sqrt(alpha**2 * STD**2 + sigma**2)
        centred = gaussian(schedule)
        shift = torch.zeros_like(x)  # MEAN enters E[x0 | x_t] beside the gain: taken out
        solver.start()
        for k, (t, s) in enumerate(pairwise(times)):
            noise = torch.zeros_like(x)
            noise[k + 1] = 1.0
            at = t.expand(len(x))
            x0 = centred(x, at, None, None, None) - centred(shift, at, None, None, None)
            x = solver.step(x, x0, t, s, noise)
        alpha, sigma = map(float, schedule(times[-1]))
        return abs(x.square().sum().item() - (alpha**2 * STD**2 + sigma**2))

    steps = torch.tensor([40, 80, 160, 320]).double()
    x, y = steps.log(), torch.tensor([error(int(n)) for n in steps]).double().log()
    slope = ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()
    assert -slope.item() >= order - 0.25


@pytest.mark.parametrize(("sampler", "order"), [(DDIM, 1), (DPMSolverPP2M, 2)])
def test_error_falls_with_the_order_of_the_solver(sampler, order):
    # In λ, on a finite range: that is where the solvers' orders are stated.
    schedule = LogSNRSchedule(lambda_max=3.0, lambda_min=-3.0)
    denoise = gaussian(schedule)

    def end(steps):
        x = torch.full((1, 1, 1), 0.3, dtype=torch.float64)
        solver = sampler(schedule)
        solver.start()
        times = torch.linspace(1, 0.05, steps + 1).double()
        for t, s in pairwise(times):
            x = solver.step(x, denoise(x, t.expand(1), None, None, None), t, s, None)
        return x.item()

    # The flow of a Gaussian is exact: (x − α m)/√(α² s² + σ²) stays constant along it.
    scale = [
        (a, math.sqrt(a**2 * STD**2 + b**2))
        for a, b in (map(float, schedule(torch.tensor(t).double())) for t in (1.0, 0.05))
    ]
    exact = scale[1][0] * MEAN + (0.3 - scale[0][0] * MEAN) / scale[0][1] * scale[1][1]
    steps = torch.tensor([20, 40, 80, 160])
    error = torch.tensor([abs(end(int(n)) - exact) for n in steps]).double()
    x, y = steps.double().log(), error.log()
    slope = ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()
    assert -slope.item() == pytest.approx(order, abs=0.25)


def oracle_run(scheduler, steps, x, network):
    scheduler.set_timesteps(steps)
    for t in scheduler.timesteps:
        x = scheduler.step(network(x, t), t, x).prev_sample
    return x


def v_of(denoise, schedule):
    """The v-prediction whose x̂0 is `denoise`'s, on diffusers' grid, which counts from 0."""

    def network(x, t):
        time = ((t.double() + 1) / 1000).expand(len(x))
        alpha, sigma = (part[:, None, None] for part in schedule(time))
        return (alpha * x - denoise(x, time, None, None, None)) / sigma

    return network


@pytest.mark.parametrize("steps", [1, 5, 20, 50])
def test_ddim_follows_diffusers(steps):
    schedule = make_schedule("cosine", 1000)
    oracle = DDIMScheduler(
        1000,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        clip_sample=False,
    )
    noise = torch.randn(16, 8, 2, generator=torch.Generator().manual_seed(1)).double()
    theirs = oracle_run(oracle, steps, noise, v_of(gaussian(schedule), schedule))
    ours = draw(
        gaussian(schedule),
        DDIM(schedule),
        steps=steps,
        noise=lambda: noise,
        mask=torch.ones(16, 8, dtype=torch.bool),
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' own
@pytest.mark.parametrize("steps", [5, 10, 20])
def test_dpm_solver_follows_diffusers(steps):
    schedule = make_schedule("cosine", 1000)
    oracle = DPMSolverMultistepScheduler(
        1000,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        algorithm_type="dpmsolver++",
        solver_order=2,
        timestep_spacing="trailing",
        lambda_min_clipped=-5.1,
        final_sigmas_type="zero",
        lower_order_final=False,
        euler_at_final=True,
    )
    oracle.set_timesteps(steps)
    noise = torch.randn(16, 8, 2, generator=torch.Generator().manual_seed(1)).double()
    theirs = oracle_run(oracle, steps, noise, v_of(gaussian(schedule), schedule))
    # diffusers spaces a clipped start another way: compare the solver, on its times
    times = torch.cat([(oracle.timesteps + 1).double() / 1000, torch.zeros(1).double()])
    solver, denoise, x = DPMSolverPP2M(schedule), gaussian(schedule), noise
    solver.start()
    for t, s in pairwise(times):
        x = solver.step(x, denoise(x, t.expand(16), None, None, None), t, s, None)
    torch.testing.assert_close(x, theirs, rtol=2e-3, atol=2e-3)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' own
@pytest.mark.parametrize("steps", [2, 5, 20])
def test_stochastic_solver_follows_diffusers_on_the_same_noise(steps):
    schedule = make_schedule("cosine", 1000)
    oracle = DPMSolverMultistepScheduler(
        1000,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        algorithm_type="sde-dpmsolver++",
        solver_order=2,
        timestep_spacing="trailing",
        lambda_min_clipped=-5.1,
        final_sigmas_type="zero",
        lower_order_final=False,
        euler_at_final=True,
    )
    oracle.set_timesteps(steps)
    g = torch.Generator().manual_seed(1)
    start, *fresh = torch.randn(steps + 1, 16, 8, 2, generator=g).double()
    denoise, theirs = gaussian(schedule), start
    network = v_of(denoise, schedule)
    for t, z in zip(oracle.timesteps, fresh, strict=True):
        theirs = oracle.step(network(theirs, t), t, theirs, variance_noise=z).prev_sample
    # diffusers spaces a clipped start another way: compare the solver, on its times
    times = torch.cat([(oracle.timesteps + 1).double() / 1000, torch.zeros(1).double()])
    solver, ours = SDEDPMSolverPP2M(schedule), start
    solver.start()
    for (t, s), z in zip(pairwise(times), fresh, strict=True):
        ours = solver.step(ours, denoise(ours, t.expand(16), None, None, None), t, s, z)
    torch.testing.assert_close(ours, theirs.double(), rtol=2e-3, atol=2e-3)


def test_a_stochastic_step_without_noise_is_a_mistake():
    solver = SDEDPMSolverPP2M(CosineSchedule())
    solver.start()
    x, t = torch.zeros(1, 2, 1), torch.tensor(0.5)
    with pytest.raises(ValueError, match="noise"):
        solver.step(x, x, t, t / 2, None)


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_ends_clean_from_a_single_step(name):
    schedule = CosineSchedule()
    x0 = run(make_sampler(name, schedule), gaussian(schedule), steps=1)
    assert x0.mean().item() == pytest.approx(MEAN, abs=0.01)


def test_padding_stays_zero_and_changes_nothing_valid():
    schedule = CosineSchedule()
    mask = torch.arange(8) < torch.tensor([3, 8])[:, None]

    def noise_with(padding):
        x = torch.randn(2, 8, 2, generator=torch.Generator().manual_seed(0))
        return torch.where(mask[..., None], x, torch.tensor(padding))

    first, second = (
        draw(
            gaussian(schedule),
            DDIM(schedule),
            steps=5,
            noise=lambda padding=padding: noise_with(padding),
            mask=mask,
        )
        for padding in (0.0, 1e6)
    )
    assert torch.equal(first, second)
    assert (first[0, 3:] == 0).all()


def test_self_conditioning_hands_on_the_previous_answer():
    seen = []

    def denoise(x_t, t, mask, cond, x0_prev):
        seen.append(x0_prev)
        return x_t * 0 + len(seen)

    draw(
        denoise,
        DDIM(CosineSchedule()),
        steps=3,
        noise=lambda: torch.ones(1, 2, 1),
        mask=torch.ones(1, 2, dtype=torch.bool),
        self_condition=True,
    )
    assert seen[0] is None
    assert [float(x.mean()) for x in seen[1:]] == [1.0, 2.0]


def test_unknown_sampler_is_said():
    with pytest.raises(InputError, match=r"sampler=euler.*ddim, dpm, sde"):
        make_sampler("euler", CosineSchedule())
    with pytest.raises(InputError, match="eta=2"):
        make_sampler("ddim", CosineSchedule(), eta=2.0)
