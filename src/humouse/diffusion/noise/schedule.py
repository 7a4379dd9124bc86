"""Schedules: t ↦ (α_t, σ_t), the shares of signal and noise in x_t = α_t x0 + σ_t ε.

Time runs from 0 (clean) to 1 (noise); every schedule here preserves variance, α² + σ² = 1.
"""

import math
from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.errors import InputError


class Schedule(ABC):
    """A variance-preserving noise schedule on t in [0, 1]."""

    @abstractmethod
    def alpha_bar(self, t: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
        """Return ᾱ_t = α_t², float64."""

    def __call__(self, t: Float[Tensor, "*S"]) -> tuple[Float[Tensor, "*S"], Float[Tensor, "*S"]]:
        """Return (α_t, σ_t) in t's dtype; exactly (1, 0) at t = 0."""
        alpha_bar = torch.where(t <= 0, 1.0, self.alpha_bar(t.double()))
        return alpha_bar.sqrt().to(t.dtype), (1 - alpha_bar).sqrt().to(t.dtype)

    def log_snr_half(self, t: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
        """Return λ_t = log(α_t / σ_t) in float64, ±inf at the ends."""
        alpha_bar = torch.where(t <= 0, 1.0, self.alpha_bar(t.double()))
        return 0.5 * torch.logit(alpha_bar)

    def snr(self, t: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
        """Return α_t² / σ_t²."""
        return (2 * self.log_snr_half(t)).exp().to(t.dtype)

    def training_time(self, u: Float[Tensor, "*S"], most: float = 1.0) -> Float[Tensor, "*S"]:
        """Map uniform draws u in [0, 1) to training times in (0, most]."""
        return most * (1 - u)

    def times(
        self,
        steps: int,
        *,
        lambda_min: float = -math.inf,
        lambda_max: float = math.inf,
        until: float = 0.0,
    ) -> Float[Tensor, "{steps}+1"]:
        """Return steps + 1 decreasing sampling times, from the noisiest.

        Args:
            steps: Number of network calls.
            lambda_min: Start no noisier than this λ (DPM-Solver++ wants −5.1 with cosine).
            lambda_max: Go in equal steps of λ towards this one, which the schedule reaches; the last of
                them goes on to `until`. Infinite for equal steps of time ("trailing" spacing).
            until: The last time; 0 for clean data.

        Raises:
            InputError: `steps` is below 1 or above what the schedule has.
        """
        if steps < 1:
            raise InputError(f"steps={steps}: must be at least 1")
        start = self._at(lambda_min)
        if math.isinf(lambda_max):
            return torch.linspace(start, until, steps + 1, dtype=torch.float64)
        first = float(self.log_snr_half(torch.tensor(start, dtype=torch.float64)))
        towards = torch.linspace(first, lambda_max, steps + 1, dtype=torch.float64)[1:-1]
        between = map(self._at, towards.tolist())
        return torch.tensor([start, *between, until], dtype=torch.float64)

    def _at(self, log_snr_half: float) -> float:
        """Return the greatest time whose λ is at least this one, by bisection."""
        low, high = 0.0, 1.0
        if float(self.log_snr_half(torch.tensor(high))) >= log_snr_half:
            return high
        for _ in range(60):
            middle = (low + high) / 2
            enough = float(self.log_snr_half(torch.tensor(middle).double())) >= log_snr_half
            low, high = (middle, high) if enough else (low, middle)
        return low


class CosineSchedule(Schedule):
    """ᾱ_t = cos²((t + s)/(1 + s) · π/2) / cos²(s/(1 + s) · π/2) (Nichol & Dhariwal 2102.09672, 17).

    Args:
        offset: s.
    """

    def __init__(self, offset: float = 0.008) -> None:
        self.offset = offset

    def alpha_bar(self, t: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
        """Return ᾱ_t."""
        s = self.offset
        angle = (t.double() + s) / (1 + s) * (math.pi / 2)
        return (angle.cos() / math.cos(s / (1 + s) * (math.pi / 2))).square().clamp(0, 1)


class LogSNRSchedule(Schedule):
    """λ_t falls linearly from `lambda_max` at t = 0 to `lambda_min` at t = 1.

    Source: Kingma et al., Variational Diffusion Models, 2107.00630 (there as log-SNR = 2λ).
    """

    def __init__(self, lambda_max: float = 6.0, lambda_min: float = -5.0) -> None:
        self.lambda_max = lambda_max
        self.lambda_min = lambda_min

    def alpha_bar(self, t: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
        """Return ᾱ_t = sigmoid(2 λ_t)."""
        return torch.sigmoid(
            2 * (self.lambda_max + (self.lambda_min - self.lambda_max) * t.double())
        )


class DiscreteSchedule(Schedule):
    """Another schedule on a grid of N times k/N, with β_k capped at 0.999 as DDPM has it.

    ᾱ_k = ∏_{i≤k} (1 − β_i), β_i = min(1 − ᾱ(i/N)/ᾱ((i−1)/N), 0.999); between grid times the
    nearest one counts. Source: Ho et al. 2006.11239; the cap, Nichol & Dhariwal 2102.09672.

    Args:
        base: The continuous schedule.
        timesteps: N.
    """

    def __init__(self, base: Schedule, timesteps: int = 1000) -> None:
        self.timesteps = timesteps
        grid = base.alpha_bar(torch.arange(timesteps + 1, dtype=torch.float64) / timesteps)
        grid[0] = 1.0
        beta = (1 - grid[1:] / grid[:-1].clamp_min(1e-300)).clamp(max=0.999)
        self._alpha_bar = torch.cat([grid[:1], (1 - beta).cumprod(0)])

    def alpha_bar(self, t: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
        """Return ᾱ at the nearest grid time."""
        index = (t.double() * self.timesteps).round().long().clamp(0, self.timesteps)
        if self._alpha_bar.device != t.device:  # moves once, with the model
            self._alpha_bar = self._alpha_bar.to(t.device)
        return self._alpha_bar[index]

    def training_time(self, u: Float[Tensor, "*S"], most: float = 1.0) -> Float[Tensor, "*S"]:
        """Map uniform draws u in [0, 1) to the grid's times 1/N … most."""
        times = max(1, round(most * self.timesteps))
        return ((u * times).floor().clamp(max=times - 1) + 1) / self.timesteps

    def times(
        self,
        steps: int,
        *,
        lambda_min: float = -math.inf,
        lambda_max: float = math.inf,
        until: float = 0.0,
    ) -> Float[Tensor, "{steps}+1"]:
        """Return steps + 1 decreasing grid times, from the noisiest, no two alike.

        Raises:
            InputError: `steps` is below 1 or above the number of grid times.
        """
        first, last = round(self._at(lambda_min) * self.timesteps), round(until * self.timesteps)
        if steps > first - last:
            raise InputError(
                f"steps={steps}: this model has {first - last}; ask for at most that many"
            )
        times = super().times(steps, lambda_min=lambda_min, lambda_max=lambda_max, until=until)
        place = torch.arange(steps + 1)
        apart = ((times * self.timesteps).round() + place).cummin(0).values - place
        return torch.maximum(apart, last + steps - place) / self.timesteps

    def _at(self, log_snr_half: float) -> float:
        return int((self.log_snr_half(self._grid()) >= log_snr_half).sum()) / self.timesteps

    def _grid(self) -> Float[Tensor, "N"]:
        return torch.arange(1, self.timesteps + 1, dtype=torch.float64) / self.timesteps


_SCHEDULES: dict[str, type[Schedule]] = {"cosine": CosineSchedule, "logsnr": LogSNRSchedule}


def make_schedule(name: str, timesteps: int) -> Schedule:
    """Return the schedule called `name` ("cosine", "logsnr"), on a grid unless `timesteps` is 0.

    Raises:
        InputError: No schedule has that name, or `timesteps` is negative.
    """
    if name not in _SCHEDULES:
        raise InputError(
            f"diffusion.schedule={name}: unknown; choose one of {', '.join(_SCHEDULES)}"
        )
    if timesteps < 0:
        raise InputError(f"diffusion.timesteps={timesteps}: must be 0 (continuous time) or above")
    base = _SCHEDULES[name]()
    return DiscreteSchedule(base, timesteps) if timesteps else base
