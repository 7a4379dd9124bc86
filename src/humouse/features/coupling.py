"""Dependence between motion, clock and pixel grid within a movement.

A recorder reports when the mouse has moved, so a long time step is a slow one. A bot that moves
along its own path on a recorded clock does not slow down there. Whole pixels, turns and starts
depend on each other too, which the distributions of steps, speeds or ticks do not show.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Shaped

from humouse.features import masked
from humouse.features.motion import Motion
from humouse.features.table import Feature

_CLOCK = (
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
)

PATH_COUPLING = (
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

COUPLING = (*_CLOCK, *PATH_COUPLING)

_LONG = 1.5
_FAST_PX = 6.0
_LEAST_VARIATION = 1e-9


def coupling(motion: Motion) -> dict[str, Float[np.ndarray, "B"]]:
    """Return each of `COUPLING`, [B]; 0 where a movement has too few steps for one."""
    steps = _Steps.of(motion)
    return {**_clock(steps), **_path(steps)}


def path_coupling(motion: Motion) -> dict[str, Float[np.ndarray, "B"]]:
    """Return each of `PATH_COUPLING`, [B]; 0 where a movement has too few steps for one."""
    return _path(_Steps.of(motion))


@dataclass(frozen=True, eq=False)
class _Steps:
    """Steps and the masks that differences between neighbours need.

    Args:
        motion: The movements.
        log_speed: [B, T] log of the speed in px/ms, + 0.01.
        second: [B, T] True from the second valid step on.
        third: [B, T] True from the third valid step on.
        inner: [B, T] True where both neighbours are valid.
    """

    motion: Motion
    log_speed: Float[np.ndarray, "B T"]
    second: Bool[np.ndarray, "B T"]
    third: Bool[np.ndarray, "B T"]
    inner: Bool[np.ndarray, "B T"]

    @classmethod
    def of(cls, motion: Motion) -> "_Steps":
        second, third, inner = (motion.mask.copy() for _ in range(3))
        second[:, :1] = third[:, :2] = inner[:, :1] = False
        inner &= _after(motion.mask)
        inner[:, -1:] = False
        return cls(motion, np.log(motion.speed_px_s / 1000 + 0.01), second, third, inner)


def _clock(s: _Steps) -> dict[str, np.ndarray]:
    """Return what tells about the clock."""
    motion = s.motion
    log_dt = np.log(motion.seconds * 1000)
    dip = s.log_speed - (_before(s.log_speed) + _after(s.log_speed)) / 2
    ascending = np.sort(np.where(motion.mask, motion.dt_ms, np.inf))
    tick_ms = np.maximum(masked.quantile_of_sorted(ascending, motion.count, 0.5), 1.0)
    long = s.inner & (motion.dt_ms > _LONG * tick_ms[:, None])
    with_speed, with_dip, with_next = _correlations(
        (log_dt, s.log_speed, motion.mask),
        (log_dt, dip, s.inner),
        (_before(log_dt), log_dt, s.second),
    )
    return {
        "dt_speed_correlation": with_speed,
        "dt_dip_correlation": with_dip,
        "long_step_dip": _mean(dip, long),
        "dt_autocorrelation_1": with_next,
        "dt_first_log_ratio": _first(log_dt) - np.log(tick_ms) * (motion.count > 0),
    }


def _path(s: _Steps) -> dict[str, np.ndarray]:
    """Return ties between pixels, turns, speed and the ends: what needs no clock of its own."""
    motion = s.motion
    moves_px, step_px = motion.moves_px, motion.step_px
    step_before_px = _before(step_px)
    rough = _before(moves_px) - 2 * moves_px + _after(moves_px)
    rough_before, rough_pairs = _before(rough), s.inner & s.third
    roughness = np.log(masked.mean(rough * rough * s.inner, s.inner.sum(1)) + 0.1)
    turn = _turn(motion)
    turning = s.second & (step_px > 0) & (step_before_px > 0)
    both_px = step_px + step_before_px
    both_ms = np.maximum(motion.seconds + _before(motion.seconds), 0.001) * 1000
    log_curvature = np.log(2 * (turn + 0.02) / (both_px + 1))
    change = s.log_speed - _before(s.log_speed)
    correlations = _correlations(
        (rough_before[0], rough[0], rough_pairs),
        (rough_before[1], rough[1], rough_pairs),
        (turn, np.log(step_px + 0.5), turning),
        (log_curvature, np.log(both_px / both_ms + 0.01), turning),
        (_before(change), change, s.third),
    )
    same = (moves_px == _before(moves_px)).all(0) & s.second
    fast = turning & (step_px >= _FAST_PX) & (step_before_px >= _FAST_PX)
    return {
        "dx_roughness": roughness[0],
        "dy_roughness": roughness[1],
        **dict(zip(_CORRELATED, correlations, strict=True)),
        "repeat_share": masked.share(same, motion.count),
        **_ends(motion),
        "fast_turn_log_rad": np.log(_mean(turn, fast) + 0.01),
    }


_CORRELATED = (
    "dx_roughness_autocorrelation_1",
    "dy_roughness_autocorrelation_1",
    "turn_step_correlation",
    "curvature_speed_correlation",
    "log_speed_change_autocorrelation_1",
)


def _turn(motion: Motion) -> Float[np.ndarray, "B T"]:
    """Return [B, T] the angle between each step and the one before, 0 to π."""
    heading = np.arctan2(motion.dy_px, motion.dx_px)
    around = np.abs(heading - _before(heading))
    return np.minimum(around, 2 * math.pi - around)


def _ends(motion: Motion) -> dict[str, np.ndarray]:
    mean_px = np.maximum(masked.mean(motion.step_px, motion.count), _LEAST_VARIATION)
    some = motion.count > 0
    last_px = (
        masked.at(motion.step_px, np.maximum(motion.count - 1, 0))
        if motion.step_px.shape[1]
        else mean_px
    )
    return {
        f"{name}_step_log_ratio": np.log(np.where(some, (step_px + 0.5) / mean_px, 1.0))
        for name, step_px in (("first", _first(motion.step_px)), ("last", last_px))
    }


def _before(values: Float[np.ndarray, "*S T"]) -> Float[np.ndarray, "*S T"]:
    """Return the value of the step before each; of the first, the last one's."""
    before = np.empty_like(values)
    before[..., 1:], before[..., :1] = values[..., :-1], values[..., -1:]
    return before


def _after(values: Shaped[np.ndarray, "*S T"]) -> Shaped[np.ndarray, "*S T"]:
    """Return the value of the step after each; of the last, the first one's."""
    after = np.empty_like(values)
    after[..., :-1], after[..., -1:] = values[..., 1:], values[..., :1]
    return after


def _first(values: Float[np.ndarray, "B T"]) -> Float[np.ndarray, "B"]:
    """Return [B] the value of the first step; 0 where there are no steps at all."""
    return values[:, 0] if values.shape[1] else np.zeros(len(values))


def _mean(
    values: Float[np.ndarray, "B T"], where: Bool[np.ndarray, "B T"]
) -> Float[np.ndarray, "B"]:
    return masked.mean(values * where, where.sum(1))


def _correlations(
    *pairs: tuple[Float[np.ndarray, "B T"], Float[np.ndarray, "B T"], Bool[np.ndarray, "B T"]],
) -> Float[np.ndarray, "K B"]:
    """Return [K, B] Pearson's correlation of each of K pairs of variables, where its third part holds.

    0 where a variable does not vary.
    """
    where = np.array([one[2] for one in pairs])
    values = np.array([[one[0] for one in pairs], [one[1] for one in pairs]])
    count = where.sum(2)
    a, b = masked.centred(values * where, where, count)
    variation = (a * a).sum(2) * (b * b).sum(2)
    varies = (variation > _LEAST_VARIATION**2) & (count > 2)
    return (a * b).sum(2) * varies / np.sqrt(np.maximum(variation, 1e-300))
