"""Power spectrum of the velocity; micro-corrections and tremor are in its tail.

Between two recorded points the pointer is taken to move in a straight line at constant speed. The
velocity is then piecewise constant, and its Fourier transform a finite sum without resampling:

    V(f) = ∫ v(t) e^{−2πift} dt = Σ_k (v_k − v_{k−1}) e^{−2πi f t_k} / (2πif),  v_{−1} = v_n = 0.

The power is |V_x(f)|² + |V_y(f)|² over the duration (px²/s): a density that does not grow with the
movement's length. Above half the recorder's rate (30 Hz for a 60 Hz browser) it reflects the clock
rather than the hand.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Complex128, Float, Float32

from humouse.features import masked
from humouse.features.motion import Motion, beside_zero, step_to_step
from humouse.features.table import Feature
from humouse.steps import Steps

if TYPE_CHECKING:
    from humouse.trajectories import Trajectories

BANDS_HZ = ((0, 4), (4, 8), (8, 16), (16, 32), (32, 64))
FREQUENCIES_HZ = tuple(float(f) for f in range(1, 64, 2))
"""Centres of bins of 2 Hz, the resolution of a gesture of half a second."""
LAGS = (1, 2, 4)
TAIL_FROM_HZ = 16
_FLOOR = 1e-6
_TURNS_AT_A_TIME = 2**16
_CENTRES_HZ = np.array(FREQUENCIES_HZ)
_LOW_HZ, _HIGH_HZ = np.array(BANDS_HZ).T
_IN_BAND = ((_CENTRES_HZ[:, None] >= _LOW_HZ) & (_CENTRES_HZ[:, None] < _HIGH_HZ)).astype(float)
_MEANS = [f"power_{low}_{high}_hz_db" for low, high in BANDS_HZ]
_SHARES = [f"power_{low}_{high}_hz_share" for low, high in BANDS_HZ]

SPECTRA = (
    *(
        Feature(name, "dB", f"mean power from {low} to {high} Hz re 1 px²/s, at least −60 dB")
        for name, (low, high) in zip(_MEANS, BANDS_HZ, strict=True)
    ),
    *(
        Feature(name, "1", f"share of the power up to 64 Hz that lies from {low} to {high} Hz")
        for name, (low, high) in zip(_SHARES, BANDS_HZ, strict=True)
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


def spectra(motion: Motion) -> dict[str, Float[np.ndarray, "B"]]:
    """Return each of `SPECTRA`, [B]; a movement without steps or motion has no power."""
    power = _power(motion, _CENTRES_HZ)
    part = power / np.maximum(power.sum(1, keepdims=True), 1e-300)
    means_db = decibel(power @ (_IN_BAND / _IN_BAND.sum(0)))
    shares = part @ _IN_BAND
    disorder = -(part * np.log(np.maximum(part, 1e-300))).sum(1) / math.log(len(FREQUENCIES_HZ))
    return {
        **dict(zip(_MEANS, means_db.T, strict=True)),
        **dict(zip(_SHARES, shares.T, strict=True)),
        "power_tail_db": decibel(part[:, _CENTRES_HZ >= TAIL_FROM_HZ].sum(1)),
        "spectral_centroid_hz": part @ _CENTRES_HZ,
        "spectral_entropy": disorder,
        **_autocorrelation(motion),
    }


def decibel(power: Float[np.ndarray, "*S"]) -> Float[np.ndarray, "*S"]:
    """Return the power in dB, at least −60."""
    return 10 * np.log10(np.maximum(power, _FLOOR))


def velocity_spectrum(
    movements: "Trajectories | Steps", frequency_hz: Float[np.ndarray, "F"] | None = None
) -> tuple[Float32[np.ndarray, "F"], Float32[np.ndarray, "B F"]]:
    """Return the power of the velocity of each movement at each frequency.

    Args:
        movements: B movements.
        frequency_hz: [F] frequencies above 0 (Hz); by default 1, 3, … 63.

    Returns:
        [F] frequencies (Hz) and [B, F] power (px²/s).

    Raises:
        ValueError: A frequency is not above 0.
    """
    if frequency_hz is None:
        frequency_hz = _CENTRES_HZ
    if (frequency_hz <= 0).any():
        raise ValueError("frequencies must be above 0 Hz")
    steps = movements.as_steps()
    power = _power(Motion.of(steps.deltas, steps.lengths), frequency_hz.astype(np.float64))
    power = np.minimum(power, np.finfo(np.float32).max)
    return frequency_hz.astype(np.float32), power.astype(np.float32)


def _power(motion: Motion, frequency_hz: Float[np.ndarray, "F"]) -> Float[np.ndarray, "B F"]:
    knots = beside_zero(motion.end_s)
    jump = step_to_step(beside_zero(motion.velocity_px_s, after=1)).swapaxes(0, 1)
    B, K = knots.shape
    if _on_one_clock(motion):
        # Past its end a movement's velocity does not change, so the longest one's knots do for all.
        power = _transformed(jump, knots[motion.count.argmax()], frequency_hz)
    else:
        # The turns of all knots and frequencies are by far the largest array, so they are made in parts.
        rows = max(1, _TURNS_AT_A_TIME // (K * len(frequency_hz)))
        power = np.concatenate(
            [
                _transformed(jump[part], knots[part], frequency_hz)
                for part in (slice(first, first + rows) for first in range(0, max(B, 1), rows))
            ]
        )
    angular = 2 * math.pi * frequency_hz
    return power / (angular * angular) / motion.duration_s[:, None]


def _transformed(
    jump: Float[np.ndarray, "B 2 K"],
    knots_s: Float[np.ndarray, "*rows K"],
    frequency_hz: Float[np.ndarray, "F"],
) -> Float[np.ndarray, "B F"]:
    """Return the power of jumps at knots, each row's or all's, not yet a density."""
    parts = jump @ _turns(knots_s, frequency_hz).swapaxes(-1, -2)
    return (parts.real * parts.real + parts.imag * parts.imag).sum(1)


def _turns(
    knots_s: Float[np.ndarray, "*rows K"], frequency_hz: Float[np.ndarray, "F"]
) -> Complex128[np.ndarray, "*rows F K"]:
    """Return e^(2πift) at each frequency and knot.

    Evenly spaced frequencies take one exponential a knot, or two, instead of F: as many as are known already
    are turned on to as many again.
    """
    F, apart = len(frequency_hz), frequency_hz[1:] - frequency_hz[:-1]
    knots_s = knots_s[..., None, :]
    if not F > 1 or (apart != apart[0]).any():
        return np.exp(2j * math.pi * frequency_hz[:, None] * knots_s)
    first = np.exp(2j * math.pi * frequency_hz[0] * knots_s)
    odd = apart[0] == 2 * frequency_hz[0]  # 1, 3, 5 … times the first
    step = first * first if odd else np.exp(2j * math.pi * apart[0] * knots_s)
    turns = np.empty((*knots_s.shape[:-2], F, knots_s.shape[-1]), np.complex128)
    turns[..., :1, :] = first
    known = 1
    while known < F:
        more = min(known, F - known)
        np.multiply(turns[..., :more, :], step, out=turns[..., known : known + more, :])
        known, step = known + more, step * step
    return turns


def _on_one_clock(motion: Motion) -> bool:
    """Return whether all steps of all movements take the same time."""
    return bool(motion.seconds.size) and bool(
        ((motion.seconds == motion.seconds[0, 0]) | ~motion.mask).all()
    )


def _autocorrelation(motion: Motion) -> dict[str, Float[np.ndarray, "B"]]:
    speed = motion.speed_px_s
    v = masked.centred(motion.velocity_px_s, motion.mask, motion.count)
    power = (v * v).sum((0, 2))
    # A constant velocity differs from its mean only by rounding.
    uneven = power > 1e-12 * (speed * speed).sum(1)
    inverse = uneven / np.maximum(power, 1e-300)
    return {
        f"velocity_autocorrelation_{lag}": (v[..., lag:] * v[..., :-lag]).sum((0, 2)) * inverse
        for lag in LAGS
    }
