"""Samplers: from noise x_1 to clean data x_0, in steps from a time t to an earlier time s.

A sampler is made once, for its times, and called for each batch; `path` yields x after every step.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from humouse.diffusion.denoiser import Denoise
from humouse.diffusion.noise.schedule import Schedule
from humouse.errors import InputError


class Previous(NamedTuple):
    """The step before, which multistep rules look back on: its x̂0, and the time t it began at."""

    x0: Float[Tensor, "B T C"]
    t: Float[Tensor, ""]


class Sampler(ABC):
    """A rule for going from x_t to x_s, s < t, and the times that it goes through.

    Args:
        schedule: The schedule that the denoiser was trained with.
        times: The noisiest first; n + 1 of them for n calls of the denoiser.
    """

    lambda_min = -math.inf
    """The noisiest λ this rule can start from."""
    lambda_max = math.inf
    """Towards which λ to go in equal steps, on the way to clean data (see `Schedule.times`)."""
    stochastic = False
    """Whether a step takes fresh noise."""

    def __init__(self, schedule: Schedule, times: Float[Tensor, "P"]) -> None:
        self.schedule = schedule
        self.times = times

    @property
    def calls(self) -> int:
        """Number of calls of the denoiser."""
        return len(self.times) - 1

    @abstractmethod
    def step(
        self,
        x_t: Float[Tensor, "B T C"],
        x0: Float[Tensor, "B T C"],
        t: Float[Tensor, ""],
        s: Float[Tensor, ""],
        *,
        noise: Float[Tensor, "B T C"] | None = None,
        previous: Previous | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Return x_s.

        Args:
            x_t: Where the step begins.
            x0: E[x0 | x_t].
            t: The time there.
            s: The time it goes to.
            noise: Fresh standard normal noise, of a stochastic rule.
            previous: The step before; None for the first.
        """

    def path(
        self,
        denoise: Denoise,
        x: Float[Tensor, "B T C"],
        mask: Bool[Tensor, "B T"],
        *,
        cond: Float[Tensor, "B K"] | None = None,
        self_condition: bool = False,
        noise: Callable[[], Float[Tensor, "B T C"]] | None = None,
    ) -> Iterator[Float[Tensor, "B T C"]]:
        """Yield x [B, T, C] at each time but the first; zero at padding.

        Args:
            denoise: Answers E[x0 | x_t].
            x: x at the first time: standard normal noise.
            mask: [B, T] True where valid.
            cond: [B, K] conditions on the network's scale, or None.
            self_condition: Hand each answer x̂0 to the next call.
            noise: Answers standard normal noise [B, T, C], new at each call; a stochastic rule takes
                one a step.
        """
        valid = mask[..., None]
        x = x * valid
        previous: Previous | None = None
        for t, s in pairwise(self.times.to(x.device)):
            answer = previous.x0 if previous is not None and self_condition else None
            with torch.no_grad():  # not around the yield: the caller's mode is the caller's own
                x0 = denoise(x, t.to(x.dtype).expand(len(x)), mask, cond, answer)
                fresh = noise() if self.stochastic and noise is not None else None
                x = self.step(x, x0, t, s, noise=fresh, previous=previous) * valid
            previous = Previous(x0, t)
            yield x

    def __call__(
        self,
        denoise: Denoise,
        x: Float[Tensor, "B T C"],
        mask: Bool[Tensor, "B T"],
        *,
        cond: Float[Tensor, "B K"] | None = None,
        self_condition: bool = False,
        noise: Callable[[], Float[Tensor, "B T C"]] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Return x [B, T, C] at the last time; see `path`."""
        x = x * mask[..., None]
        steps = self.path(denoise, x, mask, cond=cond, self_condition=self_condition, noise=noise)
        for x_s in steps:
            x = x_s
        return x


class DDIM(Sampler):
    """Song et al. 2010.02502, equation 12, written so that nothing is divided by α.

    x_s = α_s x̂0 + √(σ_s² − ς²) (x_t − α_t x̂0)/σ_t + ς z,
    ς = η √(1 − α_t²/α_s²) σ_s/σ_t.

    Args:
        schedule: The schedule.
        times: The noisiest first.
        eta: η; 0 is deterministic, 1 is DDPM's ancestral sampling.
    """

    def __init__(self, schedule: Schedule, times: Float[Tensor, "P"], eta: float = 0.0) -> None:
        super().__init__(schedule, times)
        if not 0 <= eta <= 1:
            raise InputError(f"eta={eta}: must lie in 0…1")
        self.eta = eta
        self.stochastic = eta > 0

    def step(
        self,
        x_t: Float[Tensor, "B T C"],
        x0: Float[Tensor, "B T C"],
        t: Float[Tensor, ""],
        s: Float[Tensor, ""],
        *,
        noise: Float[Tensor, "B T C"] | None = None,
        previous: Previous | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Return x_s."""
        (alpha_t, sigma_t), (alpha_s, sigma_s) = self.schedule(t), self.schedule(s)
        fresh = self.eta * (1 - (alpha_t / alpha_s) ** 2).clamp_min(0).sqrt() * sigma_s / sigma_t
        kept = (sigma_s**2 - fresh**2).clamp_min(0).sqrt() / sigma_t
        x_s = (kept * x_t + (alpha_s - kept * alpha_t) * x0).to(x_t.dtype)
        return x_s if noise is None else x_s + fresh.to(x_t.dtype) * noise


class DPMSolverPP2M(Sampler):
    """DPM-Solver++(2M), multistep of second order in x̂0 (Lu et al. 2211.01095, algorithm 2).

    x_s = (σ_s/σ_t) x_t − α_s (e^{−h} − 1) D, h = λ_s − λ_t,
    D = x̂0 + (x̂0 − x̂0') h/(2 h'), where ' marks the step before. The first step is of first order,
    and so is the last one into σ = 0, where h is infinite.
    """

    lambda_min = -5.1
    # What is fainter than the noise before the last step is decided in that step, which is of first
    # order: after 20 equal steps of time, movements are too smooth.
    lambda_max = 4.5

    def step(
        self,
        x_t: Float[Tensor, "B T C"],
        x0: Float[Tensor, "B T C"],
        t: Float[Tensor, ""],
        s: Float[Tensor, ""],
        *,
        noise: Float[Tensor, "B T C"] | None = None,
        previous: Previous | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Return x_s."""
        (_, sigma_t), (alpha_s, sigma_s) = self.schedule(t), self.schedule(s)
        h = self._h(t, s)
        change = -alpha_s * math.expm1(-h)
        direction = self._direction(x0, t, h, previous)
        return (sigma_s / sigma_t).to(x_t.dtype) * x_t + change.to(x_t.dtype) * direction

    def _h(self, t: Float[Tensor, ""], s: Float[Tensor, ""]) -> float:
        """Return h = λ_s − λ_t."""
        return float(self.schedule.log_snr_half(s) - self.schedule.log_snr_half(t))

    def _direction(
        self,
        x0: Float[Tensor, "B T C"],
        t: Float[Tensor, ""],
        h: float,
        previous: Previous | None,
    ) -> Float[Tensor, "B T C"]:
        """Return D of a step of length h from t."""
        if previous is None or not math.isfinite(h):
            return x0
        return x0 + (x0 - previous.x0) * (h / (2 * self._h(previous.t, t)))


class SDEDPMSolverPP2M(DPMSolverPP2M):
    """SDE-DPM-Solver++(2M), the stochastic form of DPM-Solver++(2M) (Lu et al. 2211.01095, app. B).

    x_s = (σ_s/σ_t) e^{−h} x_t + α_s (1 − e^{−2h}) D + σ_s √(1 − e^{−2h}) z, with the same D.

    Each step replaces part of x_t by fresh noise, which corrects errors of earlier steps; with few
    steps the fresh noise is too much to be corrected. The last step into σ = 0 takes none.
    """

    stochastic = True

    def step(
        self,
        x_t: Float[Tensor, "B T C"],
        x0: Float[Tensor, "B T C"],
        t: Float[Tensor, ""],
        s: Float[Tensor, ""],
        *,
        noise: Float[Tensor, "B T C"] | None = None,
        previous: Previous | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Return x_s.

        Raises:
            ValueError: There is no noise.
        """
        if noise is None:
            raise ValueError("a stochastic sampler needs noise")
        (_, sigma_t), (alpha_s, sigma_s) = self.schedule(t), self.schedule(s)
        h = self._h(t, s)
        renewed = -math.expm1(-2 * h)
        kept = (sigma_s / sigma_t * math.exp(-h)).to(x_t.dtype)
        pulled = (alpha_s * renewed).to(x_t.dtype)
        fresh = (sigma_s * math.sqrt(renewed)).to(x_t.dtype)
        return kept * x_t + pulled * self._direction(x0, t, h, previous) + fresh * noise


_SAMPLERS: dict[str, type[Sampler]] = {
    "ddim": DDIM,
    "dpm": DPMSolverPP2M,
    "sde": SDEDPMSolverPP2M,
}
SAMPLERS = tuple(_SAMPLERS)
"""The samplers' names, for `make_sampler`."""


def make_sampler(
    name: str, schedule: Schedule, steps: int, *, eta: float = 0.0, t_end: float = 0.0
) -> Sampler:
    """Return the sampler called `name`: "ddim" (with η), "dpm" (DPM-Solver++ 2M) or "sde" (its SDE).

    Args:
        name: One of `SAMPLERS`.
        schedule: The schedule that the denoiser was trained with.
        steps: Number of calls of the denoiser; none where the sampler would start at or below
            `t_end`.
        eta: Noise of DDIM.
        t_end: The noise time to stop at.

    Raises:
        InputError: No sampler has that name, or the schedule has too few times for the steps.
    """
    if name not in _SAMPLERS:
        raise InputError(f"sampler={name}: unknown; choose one of {', '.join(_SAMPLERS)}")
    kind = _SAMPLERS[name]
    times = schedule.times(1, lambda_min=kind.lambda_min)[:1]
    if t_end < float(times[0]):
        lambda_max = math.inf if t_end else kind.lambda_max
        times = schedule.times(
            steps, lambda_min=kind.lambda_min, lambda_max=lambda_max, until=t_end
        )
    return DDIM(schedule, times, eta) if kind is DDIM else kind(schedule, times)
