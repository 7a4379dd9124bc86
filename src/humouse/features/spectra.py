"""Power spectrum of the velocity; micro-corrections and tremor are in its tail.

Between two recorded points the pointer is taken to move in a straight line at constant speed. The
velocity is then piecewise constant, and its Fourier transform a finite sum without resampling:

    V(f) = ∫ v(t) e^{−2πift} dt = Σ_k (v_k − v_{k−1}) e^{−2πi f t_k} / (2πif),  v_{−1} = v_n = 0.

The power is |V_x(f)|² + |V_y(f)|² over the duration (px²/s): a density that does not grow with the
movement's length. Above half the recorder's rate (30 Hz for a 60 Hz browser) it reflects the clock
rather than the hand.
"""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from humouse.features import masked
from humouse.features.motion import Motion, beside_zero
from humouse.features.table import Feature
from humouse.trajectories import Trajectories

BANDS_HZ = ((0, 4), (4, 8), (8, 16), (16, 32), (32, 64))
FREQUENCIES_HZ = tuple(float(f) for f in range(1, 64, 2))
"""Centres of bins of 2 Hz, the resolution of a gesture of half a second."""
LAGS = (1, 2, 4)
TAIL_FROM_HZ = 16
_FLOOR = 1e-6
_PHASES_AT_A_TIME = 2**19

SPECTRA = (
    *(
        Feature(
            f"power_{low}_{high}_hz_db",
            "dB",
            f"mean power from {low} to {high} Hz re 1 px²/s, at least −60 dB",
        )
        for low, high in BANDS_HZ
    ),
    *(
        Feature(
            f"power_{low}_{high}_hz_share",
            "1",
            f"share of the power up to 64 Hz that lies from {low} to {high} Hz",
        )
        for low, high in BANDS_HZ
    ),
    Feature(
        "power_tail_db", "dB", f"share of the power from {TAIL_FROM_HZ} Hz up, at least −60 dB"
    ),
    Feature("spectral_centroid_hz", "Hz", "mean frequency, weighted by power"),
    Feature(
        "spectral_entropy",
        "1",
        "entropy of the power over its largest possible value",
        "Shannon 1948",
    ),
    *(
        Feature(
            f"velocity_autocorrelation_{lag}",
            "1",
            f"Σ v_i · v_(i+{lag}) / Σ |v_i|² of the velocity less its mean over steps",
        )
        for lag in LAGS
    ),
)


def spectra(motion: Motion) -> dict[str, Float[Tensor, "B"]]:
    """Return each of `SPECTRA`, [B]; a movement without steps or motion has no power."""
    frequency = torch.tensor(FREQUENCIES_HZ, dtype=torch.float64, device=motion.mask.device)
    power = _power(motion, frequency)
    total = power.sum(1, keepdim=True)
    part = torch.where(total > 0, power / total.clamp(min=1e-300), 0.0)
    numbers = {}
    for low, high in BANDS_HZ:
        inside = slice(*np.searchsorted(FREQUENCIES_HZ, (low, high)).tolist())
        numbers[f"power_{low}_{high}_hz_db"] = decibel(power[:, inside].mean(1))
        numbers[f"power_{low}_{high}_hz_share"] = part[:, inside].sum(1)
    disorder = -torch.special.xlogy(part, part).sum(1) / math.log(len(FREQUENCIES_HZ))
    return {
        **numbers,
        "power_tail_db": decibel(part[:, np.searchsorted(FREQUENCIES_HZ, TAIL_FROM_HZ) :].sum(1)),
        "spectral_centroid_hz": part @ frequency,
        "spectral_entropy": disorder,
        **_autocorrelation(motion),
    }


def decibel(power: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
    """Return the power in dB, at least −60."""
    return 10 * power.clamp(min=_FLOOR).log10()


def velocity_spectrum(
    trajectories: Trajectories, frequency_hz: Float[Tensor, "F"] | None = None
) -> tuple[Float[Tensor, "F"], Float[Tensor, "B F"]]:
    """Return the power of the velocity of each movement at each frequency.

    Args:
        trajectories: B movements.
        frequency_hz: [F] frequencies above 0 (Hz); by default 1, 3, … 63.

    Returns:
        [F] frequencies (Hz) and [B, F] power (px²/s), both float32.

    Raises:
        ValueError: A frequency is not above 0.
    """
    if frequency_hz is None:
        frequency_hz = torch.tensor(FREQUENCIES_HZ, device=trajectories.deltas.device)
    if (frequency_hz <= 0).any():
        raise ValueError("frequencies must be above 0 Hz")
    motion = Motion.of(trajectories.deltas, trajectories.lengths)
    largest = torch.finfo(torch.float32).max
    return frequency_hz.float(), _power(motion, frequency_hz.double()).clamp(max=largest).float()


def _power(motion: Motion, frequency_hz: Float[Tensor, "F"]) -> Float[Tensor, "B F"]:
    angular = 2 * math.pi * frequency_hz
    knots = beside_zero(motion.end_s)
    jump = torch.stack([beside_zero(v, after=1).diff(dim=1) for v in motion.velocity_px_s], 1)
    # The phases of all knots and frequencies are by far the largest array, so they are made in parts.
    rows = max(1, _PHASES_AT_A_TIME // max(1, knots.shape[1] * len(angular)))
    parts = []
    for some_knots, some_jump in zip(knots.split(rows), jump.split(rows), strict=True):
        phase = some_knots[..., None] * angular
        real, imaginary = some_jump @ phase.cos(), some_jump @ phase.sin_()
        parts.append((real * real + imaginary * imaginary).sum(1))
    return torch.cat(parts) / (angular * angular) / motion.duration_s[:, None]


def _autocorrelation(motion: Motion) -> dict[str, Float[Tensor, "B"]]:
    speed = motion.speed_px_s
    vx, vy = (masked.centred(v, motion.mask, motion.count) for v in motion.velocity_px_s)
    power = (vx * vx + vy * vy).sum(1)
    # A constant velocity differs from its mean only by rounding.
    uneven = power > 1e-12 * (speed * speed).sum(1)
    numbers = {}
    for lag in LAGS:
        product = (vx[:, lag:] * vx[:, :-lag] + vy[:, lag:] * vy[:, :-lag]).sum(1)
        ratio = product / power.clamp(min=1e-300)
        numbers[f"velocity_autocorrelation_{lag}"] = torch.where(uneven, ratio, 0.0)
    return numbers
