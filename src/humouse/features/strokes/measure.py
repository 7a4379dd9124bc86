"""Measures the strokes of movements: the values of the columns in `columns`."""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from humouse.features.motion import Motion
from humouse.features.strokes.columns import HALVES, MOST_SNR_DB, PARAMETERS, SNR, column_name
from humouse.features.strokes.fit import fit_strokes
from humouse.features.strokes.model import Strokes


def neuromotor(motion: Motion) -> dict[str, Float[np.ndarray, "B"]]:
    """Return each of `NEUROMOTOR`, [B]; all 0 for a movement without motion."""
    strokes = fit_strokes(motion)
    late = strokes.peak_s > torch.from_numpy(motion.duration_s)[:, None] / 2
    dx_px, dy_px = motion.net_px
    values = _values(strokes, torch.from_numpy(np.arctan2(dy_px, dx_px)))
    numbers = {
        "strokes": strokes.count.double(),
        SNR: strokes.snr_db.clamp(max=MOST_SNR_DB),
    }
    for half, inside in zip(HALVES, (strokes.mask & ~late, strokes.mask & late), strict=True):
        number = inside.sum(1)
        for (parameter, unit, _), value in zip(PARAMETERS, values, strict=True):
            statistics = {
                "max": torch.where(inside, value, -math.inf).amax(1),
                "min": torch.where(inside, value, math.inf).amin(1),
                "mean": torch.where(inside, value, 0.0).sum(1) / number.clamp(min=1),
            }
            for statistic, result in statistics.items():
                name = column_name(parameter, unit, half, statistic)
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
