"""Movements on a fixed clock: smooth resampling, and the cosine modes of a movement's steps.

Kinematics are low-passed in motor control, because what a tracker and an interpolation add lies above
what a hand does (Winter, Biomechanics and Motor Control of Human Movement). Here the low pass is a sharp
one, the first modes of the discrete cosine transform of the steps: applied twice it does nothing more,
and a movement that went through it can be written on any number of points without loss.
"""

import math
from dataclasses import replace
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.codec.frame import valid_steps
from humouse.trajectories import Trajectories

_LEAST_MS = 1e-9


def at_points(x: Float[Tensor, "B n C"], points: int, modes: int) -> Float[Tensor, "B points C"]:
    """Return the first modes of x, at another number of points.

    Mode k is cos(π k (i + ½) / n) at point i. Values keep their size: each channel's mean is the same.
    With fewer points than modes, as many modes are kept as there are points.
    """
    return _change_of_points(x.shape[1], points, modes).to(x) @ x


@lru_cache(maxsize=64)
def _change_of_points(n: int, points: int, modes: int) -> Float[Tensor, "points n"]:
    k = torch.arange(min(modes, n, points), dtype=torch.float64)

    def cosines(count: int) -> Float[Tensor, "count K"]:
        at = (torch.arange(count, dtype=torch.float64) + 0.5) / count
        return (math.pi * at[:, None] * k).cos()

    weights = torch.where(k == 0, 1.0, 2.0) / n
    return (cosines(points) * weights) @ cosines(n).T


def resample(trajectories: Trajectories, steps: int) -> Trajectories:
    """Return the movements at `steps` equal time steps.

    Between recorded points each coordinate follows a monotone cubic (PCHIP; Fritsch & Butland 1984,
    doi:10.1137/0905021): it has no corner where straight lines would have one, and never overshoots. At
    both ends its slope is that of the outermost step.
    """
    time_ms = _from_zero(trajectories.deltas[..., 2:])[..., 0]
    position = _from_zero(trajectories.deltas[..., :2])
    slope = _slopes(trajectories)
    duration_ms = time_ms[:, -1:]
    query_ms = duration_ms * torch.linspace(0, 1, steps + 1, device=time_ms.device).double()
    right = torch.searchsorted(time_ms, query_ms).clamp(1, time_ms.shape[1] - 1)
    left_ms = time_ms.gather(1, right - 1)
    width_ms = (time_ms.gather(1, right) - left_ms).clamp_min(_LEAST_MS)
    u = ((query_ms - left_ms) / width_ms).clamp(0, 1)[..., None]
    index = right[..., None].expand(-1, -1, 2)
    p0, p1 = position.gather(1, index - 1), position.gather(1, index)
    d0, d1 = (slope.gather(1, at) * width_ms[..., None] for at in (index - 1, index))
    rise = u * u * (3 - 2 * u)  # Hermite's form, as a step from p0 to p1 and two bends
    there = torch.lerp(p0, p1, rise) + u * (1 - u) * ((1 - u) * d0 - u * d1)
    dt_ms = (duration_ms / steps)[..., None].expand(-1, steps, 1)
    deltas = torch.cat([there.diff(dim=1), dt_ms], -1).to(trajectories.deltas.dtype)
    return replace(
        trajectories, deltas=deltas, lengths=torch.full_like(trajectories.lengths, steps)
    )


def _from_zero(steps: Float[Tensor, "B T C"]) -> Float[Tensor, "B n C"]:
    return torch.nn.functional.pad(steps.double().cumsum(1), (0, 0, 1, 0))


def _slopes(trajectories: Trajectories) -> Float[Tensor, "B n 2"]:
    """Return px/ms at each recorded point: the weighted harmonic mean of the steps before and after.

    Where they have opposite signs, or one is at rest, it is 0.
    """
    width = trajectories.deltas[..., 2:].double().clamp_min(_LEAST_MS)
    secant = trajectories.deltas[..., :2].double() / width
    before, h0 = (torch.cat([part[:, :1], part], 1) for part in (secant, width))
    after, h1 = (torch.cat([part, part[:, -1:]], 1) for part in (secant, width))
    last = ~valid_steps(trajectories.lengths, before.shape[1])[..., None]
    after, h1 = torch.where(last, before, after), torch.where(last, h0, h1)
    w0, w1 = 2 * h1 + h0, h1 + 2 * h0
    same_way = before * after > 0
    before, after = (torch.where(same_way, part, 1.0) for part in (before, after))
    return torch.where(same_way, (w0 + w1) / (w0 / before + w1 / after), 0.0)
