"""Dependence between motion, clock and pixel grid within a movement.

A recorder reports when the mouse has moved, so a long time step is a slow one. A bot that moves
along its own path on a recorded clock does not slow down there. Whole pixels, turns and starts
depend on each other too, which the distributions of steps, speeds or ticks do not show.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from humouse.features import masked
from humouse.features.motion import Motion
from humouse.features.table import Feature

COUPLING = (
    Feature("dt_speed_correlation", "1", "correlation of log time step and log speed"),
    Feature(
        "dt_dip_correlation",
        "1",
        "correlation of log time step and log speed relative to both neighbours'",
    ),
    Feature(
        "long_step_dip",
        "1",
        "mean log speed of steps over 1.5 ticks relative to both neighbours'; 0 where none",
    ),
    Feature("dt_autocorrelation_1", "1", "correlation of log time step with the next"),
    Feature("dt_first_log_ratio", "1", "log of the first time step over the median"),
    Feature("dx_roughness", "1", "log mean square of the second difference of dx (px²) + 0.1"),
    Feature("dy_roughness", "1", "log mean square of the second difference of dy (px²) + 0.1"),
    Feature(
        "dx_roughness_autocorrelation_1",
        "1",
        "correlation of the second difference of dx with the next; −3/4 for rounding alone",
    ),
    Feature(
        "dy_roughness_autocorrelation_1",
        "1",
        "correlation of the second difference of dy with the next; −3/4 for rounding alone",
    ),
    Feature("repeat_share", "1", "share of steps that repeat the one before"),
    Feature("first_step_log_ratio", "1", "log of the first step + 0.5 px over the mean step"),
    Feature("last_step_log_ratio", "1", "log of the last step + 0.5 px over the mean step"),
    Feature(
        "turn_step_correlation", "1", "correlation of the turn and the log of the step after it"
    ),
    Feature(
        "curvature_speed_correlation",
        "1",
        "correlation of log curvature and log speed over pairs of steps",
        "Lacquaniti, Terzuolo & Viviani 1983: the two-thirds power law",
    ),
    Feature("fast_turn_log_rad", "1", "log mean turn between steps of 6 px and more, + 0.01 rad"),
    Feature(
        "log_speed_change_autocorrelation_1", "1", "correlation of a log speed ratio with the next"
    ),
)

_LONG = 1.5
_FAST_PX = 6.0
_LEAST_VARIATION = 1e-9


def coupling(motion: Motion) -> dict[str, Float[Tensor, "B"]]:
    """Return each of `COUPLING`, [B]; 0 where a movement has too few steps for one."""
    steps = _Steps.of(motion)
    return {**_clock(steps), **_pixels(steps), **_ends(steps), **_turns(steps)}


@dataclass(frozen=True, eq=False)
class _Steps:
    """Steps and the masks that differences between neighbours need.

    Args:
        motion: The movements.
        log_dt: [B, T] log of the time step in ms.
        log_speed: [B, T] log of the speed in px/ms, + 0.01.
        second: [B, T] True from the second valid step on.
        third: [B, T] True from the third valid step on.
        inner: [B, T] True where both neighbours are valid.
    """

    motion: Motion
    log_dt: Float[Tensor, "B T"]
    log_speed: Float[Tensor, "B T"]
    second: Bool[Tensor, "B T"]
    third: Bool[Tensor, "B T"]
    inner: Bool[Tensor, "B T"]

    @classmethod
    def of(cls, motion: Motion) -> "_Steps":
        mask = motion.mask
        index = torch.arange(mask.shape[1], device=mask.device)
        return cls(
            motion,
            (motion.seconds * 1000).log(),
            (motion.speed_px_s / 1000 + 0.01).log(),
            mask & (index >= 1),
            mask & (index >= 2),
            mask & (index >= 1) & (index < motion.count[:, None] - 1),
        )


def _clock(s: _Steps) -> dict[str, Tensor]:
    motion = s.motion
    dip = s.log_speed - (_before(s.log_speed) + _after(s.log_speed)) / 2
    ascending = motion.dt_ms.masked_fill(~motion.mask, torch.inf).sort(1).values
    tick_ms = masked.quantile_of_sorted(ascending, motion.count, 0.5).clamp(min=1.0)
    long = s.inner & (motion.dt_ms > _LONG * tick_ms[:, None])
    return {
        "dt_speed_correlation": _correlation(s.log_dt, s.log_speed, motion.mask),
        "dt_dip_correlation": _correlation(s.log_dt, dip, s.inner),
        "long_step_dip": _mean(dip, long),
        "dt_autocorrelation_1": _correlation(_before(s.log_dt), s.log_dt, s.second),
        "dt_first_log_ratio": _first(s.log_dt, motion) - tick_ms.log() * (motion.count > 0),
    }


def _pixels(s: _Steps) -> dict[str, Tensor]:
    numbers = {}
    for name, moves in (("dx", s.motion.dx_px), ("dy", s.motion.dy_px)):
        rough = _before(moves) - 2 * moves + _after(moves)
        power = torch.where(s.inner, rough * rough, 0.0)
        numbers[f"{name}_roughness"] = (masked.mean(power, s.inner.sum(1)) + 0.1).log()
        numbers[f"{name}_roughness_autocorrelation_1"] = _correlation(
            _before(rough), rough, s.inner & s.third
        )
    same = [moves == _before(moves) for moves in (s.motion.dx_px, s.motion.dy_px)]
    numbers["repeat_share"] = masked.share(same[0] & same[1] & s.second, s.motion.count)
    return numbers


def _ends(s: _Steps) -> dict[str, Tensor]:
    motion = s.motion
    mean_px = masked.mean(motion.step_px, motion.count).clamp(min=_LEAST_VARIATION)
    last = (motion.count - 1).clamp(min=0)[:, None]
    numbers = {}
    for name, step_px in (
        ("first", _first(motion.step_px, motion)),
        ("last", _at(motion.step_px, last)),
    ):
        ratio = ((step_px + 0.5) / mean_px).log()
        numbers[f"{name}_step_log_ratio"] = torch.where(motion.count > 0, ratio, 0.0)
    return numbers


def _turns(s: _Steps) -> dict[str, Tensor]:
    motion = s.motion
    step_px, before_px = motion.step_px, _before(motion.step_px)
    heading = torch.atan2(motion.dy_px, motion.dx_px)
    turn = (heading - _before(heading) + math.pi).remainder(2 * math.pi) - math.pi
    turn = turn.abs()
    turning = s.second & (step_px > 0) & (before_px > 0)
    both_px = step_px + before_px
    both_ms = (motion.seconds + _before(motion.seconds)).clamp(min=0.001) * 1000
    log_curvature = (2 * (turn + 0.02) / (both_px + 1)).log()
    change = s.log_speed - _before(s.log_speed)
    fast = turning & (step_px >= _FAST_PX) & (before_px >= _FAST_PX)
    return {
        "turn_step_correlation": _correlation(turn, (step_px + 0.5).log(), turning),
        "curvature_speed_correlation": _correlation(
            log_curvature, (both_px / both_ms + 0.01).log(), turning
        ),
        "fast_turn_log_rad": (_mean(turn, fast) + 0.01).log(),
        "log_speed_change_autocorrelation_1": _correlation(_before(change), change, s.third),
    }


def _before(values: Float[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """Return [B, T] the value of the step before each."""
    return values.roll(1, 1)


def _after(values: Float[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """Return [B, T] the value of the step after each."""
    return values.roll(-1, 1)


def _first(values: Float[Tensor, "B T"], motion: Motion) -> Float[Tensor, "B"]:
    return _at(values, torch.zeros_like(motion.count)[:, None])


def _at(values: Float[Tensor, "B T"], index: Int[Tensor, "B 1"]) -> Float[Tensor, "B"]:
    """Return [B] the value at each row's index; 0 where there are no steps at all."""
    return values.gather(1, index)[:, 0] if values.shape[1] else values.sum(1)


def _mean(values: Float[Tensor, "B T"], where: Bool[Tensor, "B T"]) -> Float[Tensor, "B"]:
    return masked.mean(torch.where(where, values, 0.0), where.sum(1))


def _correlation(
    a: Float[Tensor, "B T"], b: Float[Tensor, "B T"], where: Bool[Tensor, "B T"]
) -> Float[Tensor, "B"]:
    """Return [B] Pearson's correlation where `where` holds; 0 where a variable does not vary."""
    count = where.sum(1)
    a, b = (torch.where(where, v - _mean(v, where)[:, None], 0.0) for v in (a, b))
    variation = (a * a).sum(1) * (b * b).sum(1)
    varies = (variation > _LEAST_VARIATION**2) & (count > 2)
    return torch.where(varies, (a * b).sum(1) / variation.clamp(min=1e-300).sqrt(), 0.0)
