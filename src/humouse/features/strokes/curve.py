"""Displacements of strokes during the steps of a recording, and their derivatives.

The model's own parameters (t0, µ, σ) are almost interchangeable, so the solver uses others. With the
median time m = t0 + e^µ and the width s = σ e^µ,

    z = ln(1 + σ τ) / σ,    τ = (t − m) / s,

σ only skews the curve, which tends to a normal distribution of mean m and deviation s as σ → 0. The
other parameters are ln D, the angle at the start and the bend θe − θs. All are in one tensor
[B, 6, K], in the order of `PARAMETERS`.

A recorder gives the displacement of each step, so curves are compared as displacements, by their exact
integral over the step. An uneven clock, or a step longer than a stroke, is handled exactly.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from humouse.features.motion import Motion, beside_zero
from humouse.features.strokes.model import Strokes, arc, never_straight, normal_cdf

PARAMETERS = ("log_amplitude", "median_s", "log_width", "skew", "angle_start_rad", "bend_rad")

# At 0.1 the curve is nearly symmetric (skewness 0.3), and the command comes ten widths (0.3 s for the
# usual 30 ms) before the motion; with less, t0 and µ diverge while the curve stays the same. At 1 the
# mode lies at a third of the median delay; beyond, the curve is a spike with a long tail, which fits
# jumps of the recorder rather than a hand.
_SKEW = (0.1, 1.0)
# A stroke lasts about 6 widths; 60 ms is the shortest movement of a hand.
_LEAST_WIDTH_S = 0.01
# Strokes may oppose each other, but none needs to be longer than twice the path.
_AMPLITUDE_SHARE_OF_PATH = (1e-4, 2.0)
# Strokes peak within the recording: one that does not could have any size.
_MEDIAN_BEYOND_S = 0.05
_LEAST = 1e-300
_PEAK = 1 / math.sqrt(2 * math.pi)
_BEFORE_ONSET = 1e-12


@dataclass(frozen=True, eq=False)
class FitTarget:
    """Steps to be fitted, scaled so that the loss without strokes is 1.

    Args:
        time_s: [B, T + 1] times of the points since the first one (s).
        steps: [B, 2, T] displacement of each step over √Δt, over `scale`.
        weight: [B, T] 1 / √Δt of each step; 0 in the padding.
        low: [B, 6] least value of each parameter.
        high: [B, 6] largest value.
        scale: [B] √(Σ |v|² Δt), the movement's size (px/√s).
        count: [B] number of steps.
    """

    time_s: Float[Tensor, "B N"]
    steps: Float[Tensor, "B 2 T"]
    weight: Float[Tensor, "B T"]
    low: Float[Tensor, "B 6"]
    high: Float[Tensor, "B 6"]
    scale: Float[Tensor, "B"]
    count: Int[Tensor, "B"]

    @classmethod
    def of(cls, motion: Motion) -> "FitTarget":
        """Return the target of a motion."""
        weight = torch.from_numpy(motion.mask / np.sqrt(motion.seconds))
        steps = torch.from_numpy(motion.moves_px).transpose(0, 1) * weight[:, None]
        scale = steps.square().sum((1, 2)).sqrt()
        path_px, duration_s, time_s, count = map(
            torch.from_numpy,
            (motion.step_px.sum(1), motion.duration_s, beside_zero(motion.end_s), motion.count),
        )
        low, high = _bounds(path_px / scale.clamp(min=_LEAST), duration_s)
        steps = steps / scale.clamp(min=_LEAST)[:, None, None]
        return cls(time_s, steps, weight, low, high, scale, count)

    def __getitem__(self, rows: Tensor) -> "FitTarget":
        """Return the chosen rows."""
        return FitTarget(
            self.time_s[rows],
            self.steps[rows],
            self.weight[rows],
            self.low[rows],
            self.high[rows],
            self.scale[rows],
            self.count[rows],
        )

    def of_length(self, steps: int) -> "FitTarget":
        """Return the same rows padded or cut to `steps`; no row has more valid steps than that."""
        T = self.steps.shape[2]
        if steps <= T:
            time_s = self.time_s[:, : steps + 1]
        else:
            time_s = torch.cat([self.time_s, self.time_s[:, -1:].expand(-1, steps - T)], 1)
        pad = (0, steps - T)
        weight = torch.nn.functional.pad(self.weight, pad)
        return replace(
            self, time_s=time_s, steps=torch.nn.functional.pad(self.steps, pad), weight=weight
        )

    def clamp(self, parameters: Float[Tensor, "B 6 K"]) -> Float[Tensor, "B 6 K"]:
        """Return the parameters clamped to their bounds, with every arc bent at least slightly."""
        inside = parameters.clamp(self.low[..., None], self.high[..., None])
        inside[:, 5] = never_straight(inside[:, 5])
        return inside


def _bounds(
    path: Float[Tensor, "B"], duration_s: Float[Tensor, "B"]
) -> tuple[Float[Tensor, "B 6"], Float[Tensor, "B 6"]]:
    whole = torch.ones_like(path)
    least, most = _AMPLITUDE_SHARE_OF_PATH
    low = (
        (path * least).clamp(min=_LEAST).log(),
        -_MEDIAN_BEYOND_S * whole,
        math.log(_LEAST_WIDTH_S) * whole,
        _SKEW[0] * whole,
        -math.inf * whole,
        -math.pi * whole,
    )
    high = (
        (path * most).clamp(min=_LEAST).log(),
        duration_s + _MEDIAN_BEYOND_S,
        duration_s.clamp(min=_MEDIAN_BEYOND_S).log(),
        _SKEW[1] * whole,
        math.inf * whole,
        math.pi * whole,
    )
    return torch.stack(low, 1), torch.stack(high, 1)


def displacements(parameters: Float[Tensor, "B 6 K"], target: FitTarget) -> Float[Tensor, "B 2 T"]:
    """Return [B, 2, T] the displacement of the strokes in each step, weighted as the target."""
    if parameters.shape[2] == 0:
        return torch.zeros_like(target.steps)
    log_amplitude, median, log_width, skew, start, bend = parameters[..., None].unbind(1)
    far = (target.time_s[:, None] - median) * (-log_width).exp()
    z = (1 + skew * far).clamp(min=_BEFORE_ONSET).log() / skew
    way, _ = arc(normal_cdf(z), start, bend)
    done = (way * log_amplitude.exp()[..., None]).sum(1)
    return done.diff(dim=2) * target.weight[:, None]


def slopes(parameters: Float[Tensor, "B 6 K"], target: FitTarget) -> Float[Tensor, "B 6 K 2 N"]:
    """Return the derivative of `displacements` by each parameter; its last column holds zeros.

    The derivative by ln D is the stroke's own displacement. Per stroke, with e the direction and
    g = 1 + στ,

        ∂z/∂m = −1/(s g),   ∂z/∂ln s = −τ/g,   ∂z/∂σ = (τ/g − z)/σ,   ∂/∂z = D e exp(−z²/2)/√(2π),

    the derivative by the angle at the start is the stroke turned by a quarter turn, and by the bend it
    is (D F e − arc) / bend.
    """
    log_amplitude, median, log_width, skew, start, bend = parameters[..., None].unbind(1)
    reach, rate = log_amplitude.exp(), (-log_width).exp()
    far = (target.time_s[:, None] - median).mul_(rate)
    grown = (far * skew).add_(1).clamp_(min=_BEFORE_ONSET)
    z = grown.log() / skew
    done = normal_cdf(z)
    B, K, N = done.shape
    at_points = z.new_empty(B, 6, K, 2, N)
    way, direction = arc(done, start, bend)
    position = torch.mul(way, reach[..., None], out=at_points[:, 0])
    bell = (z * z).mul_(-0.5).exp_().mul_(reach * -_PEAK)
    late = bell / grown
    wide = late * far
    skewed = bell.mul_(z).sub_(wide).div_(skew)
    for place, by in ((1, late.mul_(rate)), (2, wide), (3, skewed)):
        torch.mul(direction, by[:, :, None], out=at_points[:, place])
    torch.neg(position[:, :, 1], out=at_points[:, 4, :, 0])
    at_points[:, 4, :, 1] = position[:, :, 0]
    bent = torch.mul(direction, done.mul_(reach)[:, :, None], out=at_points[:, 5])
    bent.sub_(position).div_(bend[..., None])
    return _differences(at_points, target.weight)


def _differences(
    values: Float[Tensor, "B 6 K 2 N"], weight: Float[Tensor, "B T"]
) -> Float[Tensor, "B 6 K 2 N"]:
    """Return the weighted change from each point to the next, and 0 at the last point."""
    # One flat difference is several times as fast as one per row. Differences from one row to the next
    # are in the last column, whose weight is 0.
    flat = values.flatten()
    change = torch.empty_like(flat)
    torch.sub(flat[1:], flat[:-1], out=change[:-1])
    change[-1:] = 0
    return change.view_as(values).mul_(torch.nn.functional.pad(weight, (0, 1))[:, None, None, None])


def as_strokes(
    parameters: Float[Tensor, "B 6 K"],
    count: Int[Tensor, "B"],
    scale: Float[Tensor, "B"],
    snr_db: Float[Tensor, "B"],
) -> Strokes:
    """Return the first `count` strokes of each row in the model's own parameters, sorted by peak."""
    log_amplitude, median, log_width, skew, start, bend = parameters.unbind(1)
    valid: Bool[Tensor, "B K"] = (
        torch.arange(parameters.shape[2], device=count.device) < count[:, None]
    )
    log_delay = log_width - skew.clamp(min=_LEAST).log()
    onset = median - log_delay.exp()
    peak = torch.where(valid, onset + (log_delay - skew * skew).exp(), math.inf)
    start = torch.atan2(start.sin(), start.cos())
    order = peak.argsort(dim=1, stable=True)
    amplitude = log_amplitude.exp() * scale[:, None]
    columns = (amplitude, onset, log_delay, skew, start, start + bend)
    in_order = (torch.where(valid, column, 0.0).gather(1, order) for column in columns)
    amplitude, onset, log_delay, skew, start, end = in_order
    return Strokes(amplitude, onset, log_delay, skew, start, end, count, snr_db)
