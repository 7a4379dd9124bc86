import math

import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler

from humouse.diffusion.noise.schedule import CosineSchedule, LogSNRSchedule, make_schedule
from humouse.diffusion.samplers import (
    DDIM,
    SAMPLERS,
    DPMSolverPP2M,
    SDEDPMSolverPP2M,
    make_sampler,
)
from humouse.errors import InputError
from tests.oracles.gaussian import GaussianDenoiser

MEAN, STD = 0.7, 0.4


def gaussian(schedule):
    return GaussianDenoiser(schedule, MEAN, STD)


def run(sampler, n=64, seed=0, T=8):
    """Samples of the Gaussian."""
    g = torch.Generator().manual_seed(seed)

    def noise():
        return torch.randn(n, T, 2, generator=g, dtype=torch.float64)

    mask = torch.ones(n, T, dtype=torch.bool)
    return sampler(gaussian(sampler.schedule), noise(), mask, noise=noise)


def slope(steps, errors):
    """Return the exponent of a power law through the errors, by least squares on logarithms."""
    x, y = steps.double().log(), errors.double().log()
    return (((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()).item()


@pytest.mark.parametrize("name", ["ddim", "dpm"])
@pytest.mark.parametrize("timesteps", [0, 1000])
def test_samples_of_a_gaussian_have_its_mean_and_spread(name, timesteps):
    x0 = run(make_sampler(name, make_schedule("cosine", timesteps), 100), n=500)
    assert x0.mean().item() == pytest.approx(MEAN, abs=0.02)
    assert x0.std().item() == pytest.approx(STD, rel=0.03)


def test_ancestral_sampling_of_a_gaussian_has_its_mean_and_spread():
    x0 = run(make_sampler("ddim", CosineSchedule(), 300, eta=1.0), n=500)
    assert x0.mean().item() == pytest.approx(MEAN, abs=0.02)
    assert x0.std().item() == pytest.approx(STD, rel=0.03)


@pytest.mark.parametrize("timesteps", [0, 1000])
def test_stochastic_sampling_of_a_gaussian_has_its_mean_and_spread(timesteps):
    x0 = run(make_sampler("sde", make_schedule("cosine", timesteps), 200), n=2000)
    # Six standard errors of 32,000 independent numbers, and half a hundredth of discretisation.
    assert x0.mean().item() == pytest.approx(MEAN, abs=6 * STD / 32_000**0.5)
    assert x0.std().item() == pytest.approx(STD, rel=6 / 64_000**0.5 + 0.005)


@pytest.mark.parametrize(("order", "sampler"), [(1, DDIM), (2, SDEDPMSolverPP2M)])
def test_spread_of_stochastic_samples_converges(sampler, order):
    """The variance follows in closed form, step by step: no draw blurs the slope."""
    schedule = LogSNRSchedule(lambda_max=3.0, lambda_min=-3.0)

    def error(steps):
        times = torch.linspace(1, 0.05, steps + 1).double()
        solver = sampler(schedule, times, eta=1.0) if sampler is DDIM else sampler(schedule, times)
        # A step is linear in x and noise: feeding basis vectors finds all its coefficients. The
        # start is spread as the data's own x_t.
        alpha, sigma = map(float, schedule(times[0]))
        x = torch.zeros(steps + 1, 1, 1, dtype=torch.float64)
        x[0] = math.sqrt(alpha**2 * STD**2 + sigma**2)
        basis = iter(torch.eye(steps + 1, dtype=torch.float64)[1:, :, None, None])
        centred = GaussianDenoiser(schedule, 0.0, STD)  # the mean has no part in the spread
        mask = torch.ones(steps + 1, 1, dtype=torch.bool)
        x = solver(centred, x, mask, noise=lambda: next(basis))
        alpha, sigma = map(float, schedule(times[-1]))
        return abs(x.square().sum().item() - (alpha**2 * STD**2 + sigma**2))

    steps = torch.tensor([40, 80, 160, 320])
    errors = torch.tensor([error(int(n)) for n in steps])
    assert -slope(steps, errors) >= order - 0.25


@pytest.mark.parametrize(("sampler", "order"), [(DDIM, 1), (DPMSolverPP2M, 2)])
def test_error_falls_with_the_order_of_the_solver(sampler, order):
    # In λ, on a finite range: that is where the solvers' orders are stated.
    schedule = LogSNRSchedule(lambda_max=3.0, lambda_min=-3.0)

    def end(steps):
        x = torch.full((1, 1, 1), 0.3, dtype=torch.float64)
        solver = sampler(schedule, torch.linspace(1, 0.05, steps + 1).double())
        return solver(gaussian(schedule), x, torch.ones(1, 1, dtype=torch.bool)).item()

    # The flow of a Gaussian is exact: (x − α m)/√(α² s² + σ²) stays constant along it.
    scale = [
        (a, math.sqrt(a**2 * STD**2 + b**2))
        for a, b in (map(float, schedule(torch.tensor(t).double())) for t in (1.0, 0.05))
    ]
    exact = scale[1][0] * MEAN + (0.3 - scale[0][0] * MEAN) / scale[0][1] * scale[1][1]
    steps = torch.tensor([20, 40, 80, 160])
    errors = torch.tensor([abs(end(int(n)) - exact) for n in steps])
    assert -slope(steps, errors) == pytest.approx(order, abs=0.25)


def oracle_run(scheduler, steps, x, network):
    scheduler.set_timesteps(steps)
    for t in scheduler.timesteps:
        x = scheduler.step(network(x, t), t, x).prev_sample
    return x


def v_on_diffusers_grid(denoise):
    """The v-prediction at diffusers' times, which count from 0."""
    return lambda x, t: denoise.v(x, ((t.double() + 1) / 1000).expand(len(x)))


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
    theirs = oracle_run(oracle, steps, noise, v_on_diffusers_grid(gaussian(schedule)))
    sampler = make_sampler("ddim", schedule, steps)
    ours = sampler(gaussian(schedule), noise, torch.ones(16, 8, dtype=torch.bool))
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
    theirs = oracle_run(oracle, steps, noise, v_on_diffusers_grid(gaussian(schedule)))
    # diffusers spaces a clipped start another way: compare the solver, on its times
    times = torch.cat([(oracle.timesteps + 1).double() / 1000, torch.zeros(1).double()])
    solver, mask = DPMSolverPP2M(schedule, times), torch.ones(16, 8, dtype=torch.bool)
    ours = solver(gaussian(schedule), noise, mask)
    torch.testing.assert_close(ours, theirs, rtol=2e-3, atol=2e-3)


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
    network = v_on_diffusers_grid(denoise)
    for t, z in zip(oracle.timesteps, fresh, strict=True):
        theirs = oracle.step(network(theirs, t), t, theirs, variance_noise=z).prev_sample
    # diffusers spaces a clipped start another way: compare the solver, on its times
    times = torch.cat([(oracle.timesteps + 1).double() / 1000, torch.zeros(1).double()])
    solver, mask = SDEDPMSolverPP2M(schedule, times), torch.ones(16, 8, dtype=torch.bool)
    left = iter(fresh)
    ours = solver(denoise, start, mask, noise=lambda: next(left))
    torch.testing.assert_close(ours, theirs.double(), rtol=2e-3, atol=2e-3)


def test_a_stochastic_step_without_noise_is_a_mistake():
    sampler, x = make_sampler("sde", CosineSchedule(), 2), torch.zeros(1, 2, 1)
    with pytest.raises(ValueError, match="noise"):
        sampler(gaussian(sampler.schedule), x, torch.ones(1, 2, dtype=torch.bool))


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_ends_clean_from_a_single_step(name):
    x0 = run(make_sampler(name, CosineSchedule(), 1))
    assert x0.mean().item() == pytest.approx(MEAN, abs=0.01)


def test_padding_stays_zero_and_changes_nothing_valid():
    mask = torch.arange(8) < torch.tensor([3, 8])[:, None]
    sampler = make_sampler("ddim", CosineSchedule(), 5)

    def end(padding):
        x = torch.randn(2, 8, 2, generator=torch.Generator().manual_seed(0))
        noise = torch.where(mask[..., None], x, torch.tensor(padding))
        return sampler(gaussian(sampler.schedule), noise, mask)

    first, second = end(0.0), end(1e6)
    assert torch.equal(first, second)
    assert (first[0, 3:] == 0).all()


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_path_shows_every_step_and_ends_with_the_sample(name):
    """Two paths of one sampler may be followed side by side: it remembers nothing."""
    sampler = make_sampler(name, CosineSchedule(), 4)
    x, mask = torch.randn(2, 8, 2, generator=torch.Generator().manual_seed(0)), torch.ones(2, 8) > 0
    noises = torch.randn(4, 2, 8, 2, generator=torch.Generator().manual_seed(1))

    def given():
        left = iter(noises)
        return {"noise": lambda: next(left)}

    denoise = gaussian(sampler.schedule)
    both = [sampler.path(denoise, part, mask, **given()) for part in (x, -x)]
    steps = list(zip(*both, strict=True))
    assert len(steps) == sampler.calls == 4
    assert torch.equal(steps[-1][0], sampler(denoise, x, mask, **given()))
    assert torch.equal(steps[-1][1], sampler(denoise, -x, mask, **given()))


@pytest.mark.parametrize("name", SAMPLERS)
def test_sampling_ends_at_t_end_and_has_no_steps_above(name):
    sampler = make_sampler(name, CosineSchedule(), 5, t_end=0.4)
    assert float(sampler.times[-1]) == pytest.approx(0.4)
    assert sampler.calls == 5
    none = make_sampler(name, CosineSchedule(), 5, t_end=1.0)
    x, mask = torch.ones(1, 2, 1), torch.ones(1, 2, dtype=torch.bool)
    assert none.calls == 0
    assert torch.equal(none(gaussian(none.schedule), x, mask), x)


def test_self_conditioning_hands_on_the_previous_answer():
    seen = []

    def denoise(x_t, t, mask, cond, x0_prev):
        seen.append(x0_prev)
        return x_t * 0 + len(seen)

    sampler, mask = make_sampler("ddim", CosineSchedule(), 3), torch.ones(1, 2, dtype=torch.bool)
    sampler(denoise, torch.ones(1, 2, 1), mask, self_condition=True)
    assert seen[0] is None
    assert [float(x.mean()) for x in seen[1:]] == [1.0, 2.0]


def test_an_unknown_sampler_is_an_error():
    with pytest.raises(InputError, match=r"sampler=euler.*ddim, dpm, sde"):
        make_sampler("euler", CosineSchedule(), 2)
    with pytest.raises(InputError, match="eta=2"):
        make_sampler("ddim", CosineSchedule(), 2, eta=2.0)
