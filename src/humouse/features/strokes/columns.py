"""Features of the lognormal strokes of a movement, as in BeCAPTCHA-Mouse.

Each movement is decomposed into lognormal strokes (`fit`). The features are the maximum, minimum and
mean of each of their six parameters over the strokes of the first and of the second half, their number
(the 37 of Acien et al. 2022), and how well they fit the movement.

A stroke belongs to the half in which its speed peaks, at t0 + e^(µ−σ²), and to the first if it peaks
exactly in the middle. Angles are relative to the direction of the net displacement, within ±π, so that
they are invariant to rotation; for a movement that ends where it began they are relative to +x. All
features of a half without strokes are 0, and so are all features of a movement without motion.
"""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from humouse.features.motion import Motion
from humouse.features.strokes.fit import fit_strokes
from humouse.features.strokes.model import Strokes
from humouse.features.table import Feature

_ACIEN = "Acien et al. 2022, arXiv:2005.00890"
_PLAMONDON = "O'Reilly & Plamondon 2009, doi:10.1016/j.patcog.2008.10.017"
_MOST_SNR_DB = 100.0
SNR = "stroke_snr_db"
"""The column of how well the strokes fit the movement; not one of the 37."""

_PARAMETERS = (
    ("amplitude", "px", "length of the stroke (D)"),
    ("onset", "s", "time of the stroke's command since the start (t0)"),
    ("log_delay", "1", "ln of the median seconds from command to motion (µ)"),
    ("log_response", "1", "spread of the logarithm of that time (σ)"),
    ("angle_start", "rad", "direction at the stroke's start, from the net displacement's (θs)"),
    ("angle_end", "rad", "direction at the stroke's end, from the net displacement's (θe)"),
)
_HALVES = ("first", "second")
_STATISTICS = (("max", "largest"), ("min", "smallest"), ("mean", "mean"))


def _name(parameter: str, unit: str, half: str, statistic: str) -> str:
    name = f"stroke_{parameter}_{half}_half_{statistic}"
    return name if unit == "1" else f"{name}_{unit}"


NEUROMOTOR = (
    *(
        Feature(
            _name(parameter, unit, half, statistic),
            unit,
            f"{words} over the strokes fastest in the {half} half: {what}",
            _ACIEN,
        )
        for parameter, unit, what in _PARAMETERS
        for half in _HALVES
        for statistic, words in _STATISTICS
    ),
    Feature("strokes", "count", "number of lognormal strokes", _ACIEN),
    Feature(
        SNR,
        "dB",
        f"10 log10(Σ |v|² Δt / Σ |v − v̂|² Δt), v̂ what the strokes make; at most {_MOST_SNR_DB:.0f}",
        _PLAMONDON,
    ),
)


def neuromotor(motion: Motion) -> dict[str, Float[np.ndarray, "B"]]:
    """Return each of `NEUROMOTOR`, [B]; all 0 for a movement without motion."""
    strokes = fit_strokes(motion)
    late = strokes.peak_s > torch.from_numpy(motion.duration_s)[:, None] / 2
    dx_px, dy_px = motion.net_px
    values = _values(strokes, torch.from_numpy(np.arctan2(dy_px, dx_px)))
    numbers = {
        "strokes": strokes.count.double(),
        SNR: strokes.snr_db.clamp(max=_MOST_SNR_DB),
    }
    for half, inside in zip(_HALVES, (strokes.mask & ~late, strokes.mask & late), strict=True):
        number = inside.sum(1)
        for (parameter, unit, _), value in zip(_PARAMETERS, values, strict=True):
            statistics = {
                "max": torch.where(inside, value, -math.inf).amax(1),
                "min": torch.where(inside, value, math.inf).amin(1),
                "mean": torch.where(inside, value, 0.0).sum(1) / number.clamp(min=1),
            }
            for statistic, result in statistics.items():
                name = _name(parameter, unit, half, statistic)
                numbers[name] = torch.where(number > 0, result, 0.0)
    return {name: number.numpy() for name, number in numbers.items()}


def _values(strokes: Strokes, direction: Float[Tensor, "B"]) -> tuple[Float[Tensor, "B K"], ...]:
    """Return the six parameters [B, K], angles relative to `direction` [B]."""
    angles = (strokes.angle_start_rad, strokes.angle_end_rad)
    relative = (_wrapped(angle - direction[:, None]) for angle in angles)
    return (
        strokes.amplitude_px,
        strokes.onset_s,
        strokes.log_delay,
        strokes.log_response,
        *relative,
    )


def _wrapped(angle_rad: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
    """Return the same directions within ±π."""
    return torch.atan2(angle_rad.sin(), angle_rad.cos())
