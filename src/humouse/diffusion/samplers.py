"""Samplers: each only steps from time t to an earlier time s, given x̂0. One loop drives them all."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import pairwise

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from humouse.diffusion.denoiser import Denoise
from humouse.diffusion.noise.schedule import Schedule
from humouse.errors import InputError


class Sampler(ABC):
    """A rule for going from x_t to x_s, s < t.

    Args:
        schedule: The schedule that the denoiser was trained with.
    """

    lambda_min = -math.inf
    """The noisiest λ this rule can start from."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule

    def start(self) -> None:  # noqa: B027 — most rules remember nothing
        """Forget earlier steps; called once before a trajectory of steps."""

    def times(self, steps: int, *, until: float = 0.0) -> Float[Tensor, "{steps}+1"]:
        """Return the times of a run of `steps` network calls, the noisiest first, `until` last.

        Raises:
            InputError: The schedule cannot be cut into so many steps.
        """
        return self.schedule.times(steps, lambda_min=self.lambda_min, until=until)

    @property
    def stochastic(self) -> bool:
        """Whether `step` uses its noise."""
        return False

    @abstractmethod
    def step(
        self,
        x_t: Float[Tensor, "B T C"],
        x0: Float[Tensor, "B T C"],
        t: Float[Tensor, ""],
        s: Float[Tensor, ""],
        noise: Float[Tensor, "B T C"] | None,
    ) -> Float[Tensor, "B T C"]:
        """Return x_s."""


class DDIM(Sampler):
    """Song et al. 2010.02502, equation 12, written so that nothing is divided by α.

    x_s = α_s x̂0 + √(σ_s² − ς²) (x_t − α_t x̂0)/σ_t + ς z,
    ς = η √(1 − α_t²/α_s²) σ_s/σ_t.

    Args:
        schedule: The schedule.
        eta: η; 0 is deterministic, 1 is DDPM's ancestral sampling.
    """

    def __init__(self, schedule: Schedule, eta: float = 0.0) -> None:
        super().__init__(schedule)
        if not 0 <= eta <= 1:
            raise InputError(f"eta={eta}: must lie in 0…1")
        self.eta = eta

    @property
    def stochastic(self) -> bool:
        """True with η > 0."""
        return self.eta > 0

    def step(
        self,
        x_t: Float[Tensor, "B T C"],
        x0: Float[Tensor, "B T C"],
        t: Float[Tensor, ""],
        s: Float[Tensor, ""],
        noise: Float[Tensor, "B T C"] | None,
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

    def start(self) -> None:
        """Forget the step before."""
        self._before: tuple[Tensor, float] | None = None

    def step(
        self,
        x_t: Float[Tensor, "B T C"],
        x0: Float[Tensor, "B T C"],
        t: Float[Tensor, ""],
        s: Float[Tensor, ""],
        noise: Float[Tensor, "B T C"] | None,
    ) -> Float[Tensor, "B T C"]:
        """Return x_s."""
        (_, sigma_t), (alpha_s, sigma_s) = self.schedule(t), self.schedule(s)
        h = float(self.schedule.log_snr_half(s) - self.schedule.log_snr_half(t))
        change = -alpha_s * math.expm1(-h)
        direction = self._direction(x0, h)
        return (sigma_s / sigma_t).to(x_t.dtype) * x_t + change.to(x_t.dtype) * direction

    def _direction(self, x0: Float[Tensor, "B T C"], h: float) -> Float[Tensor, "B T C"]:
        """Return D for a step of length h, and remember the step."""
        direction = x0
        if self._before is not None and math.isfinite(h):
            x0_before, h_before = self._before
            direction = x0 + (x0 - x0_before) * (h / (2 * h_before))
        self._before = (x0, h)
        return direction


class SDEDPMSolverPP2M(DPMSolverPP2M):
    """SDE-DPM-Solver++(2M), the stochastic kin of DPM-Solver++(2M) (Lu et al. 2211.01095, app. B).

    x_s = (σ_s/σ_t) e^{−h} x_t + α_s (1 − e^{−2h}) D + σ_s √(1 − e^{−2h}) z, with the same D.

    Each step forgets part of x_t and draws it anew, which mends what earlier steps got wrong; with
    few steps there is more to draw than can be mended. The last step into σ = 0 draws nothing.
    """

    @property
    def stochastic(self) -> bool:
        """True."""
        return True

    def step(
        self,
        x_t: Float[Tensor, "B T C"],
        x0: Float[Tensor, "B T C"],
        t: Float[Tensor, ""],
        s: Float[Tensor, ""],
        noise: Float[Tensor, "B T C"] | None,
    ) -> Float[Tensor, "B T C"]:
        """Return x_s.

        Raises:
            ValueError: There is no noise.
        """
        if noise is None:
            raise ValueError("a stochastic sampler needs noise")
        (_, sigma_t), (alpha_s, sigma_s) = self.schedule(t), self.schedule(s)
        h = float(self.schedule.log_snr_half(s) - self.schedule.log_snr_half(t))
        renewed = -math.expm1(-2 * h)
        kept = (sigma_s / sigma_t * math.exp(-h)).to(x_t.dtype)
        pulled = (alpha_s * renewed).to(x_t.dtype)
        fresh = (sigma_s * math.sqrt(renewed)).to(x_t.dtype)
        return kept * x_t + pulled * self._direction(x0, h) + fresh * noise


_SAMPLERS: dict[str, Callable[[Schedule, float], Sampler]] = {
    "ddim": DDIM,
    "dpm": lambda schedule, eta: DPMSolverPP2M(schedule),
    "sde": lambda schedule, eta: SDEDPMSolverPP2M(schedule),
}
SAMPLERS = tuple(_SAMPLERS)
"""The samplers' names, for `make_sampler`."""


def make_sampler(name: str, schedule: Schedule, *, eta: float = 0.0) -> Sampler:
    """Return the sampler called `name`: "ddim" (with η), "dpm" (DPM-Solver++ 2M) or "sde" (its SDE).

    Raises:
        InputError: No sampler has that name.
    """
    if name not in _SAMPLERS:
        raise InputError(f"sampler={name}: unknown; choose one of {', '.join(_SAMPLERS)}")
    return _SAMPLERS[name](schedule, eta)


@torch.no_grad()
def draw(
    denoise: Denoise,
    sampler: Sampler,
    *,
    steps: int,
    noise: Callable[[], Float[Tensor, "B T C"]],
    mask: Bool[Tensor, "B T"],
    cond: Float[Tensor, "B K"] | None = None,
    self_condition: bool = False,
    until: float = 0.0,
    progress: Callable[[], None] | None = None,
) -> Float[Tensor, "B T C"]:
    """Return samples x0 [B, T, C], or x_t at the time `until`; zero at padding.

    Args:
        denoise: Answers E[x0 | x_t].
        sampler: The rule of a step.
        steps: Number of calls of `denoise`.
        noise: Answers standard normal noise [B, T, C], new at each call.
        mask: [B, T] True where valid.
        cond: [B, K] conditions on the network's scale, or None.
        self_condition: Hand each answer x̂0 to the next call.
        until: The noise time to stop at.
        progress: Called after each step.
    """
    valid = mask[..., None]
    x = noise() * valid
    x0: Tensor | None = None
    sampler.start()
    for t, s in pairwise(sampler.times(steps, until=until).to(x.device)):
        x0 = denoise(x, t.to(x.dtype).expand(len(x)), mask, cond, x0 if self_condition else None)
        x = sampler.step(x, x0, t, s, noise() if sampler.stochastic else None) * valid
        if progress is not None:
            progress()
    return x
