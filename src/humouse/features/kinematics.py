"""Kinematics: speed and its derivatives, straightness, turns, submovements.

The recorder's clock is uneven, and derivatives use it without resampling: the velocity during step i
is v_i = d_i / Δt_i; the acceleration at the point between steps i and i+1 is
(v_{i+1} − v_i) / ½(Δt_i + Δt_{i+1}); the jerk during step i is the difference of the accelerations at
its two ends over Δt_i. Steps are clamped to at least 1 ms (`motion.MIN_STEP_MS`).

A measure is 0 where a movement has too few steps for it (no turn, no jerk …). A movement that ends
where it began has no direction: its lateral distance is the distance from the start, its overshoot 0.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from humouse.features import masked
from humouse.features.motion import Motion, beside_zero, length
from humouse.features.table import Feature

PAUSE_MS = 50.0
_NO_DISTANCE_PX = 1e-6
_LEVEL = 1e-6

_GAMBOA = "Gamboa & Fred 2004, doi:10.1117/12.542625"
_MACKENZIE = "MacKenzie, Kauppinen & Silfverberg 2001, doi:10.1145/365024.365028"
_MEYER = "Meyer et al. 1988, doi:10.1037/0033-295X.95.3.340"
_BALASUBRAMANIAN = "Balasubramanian et al. 2015, doi:10.1186/s12984-015-0090-9"

_STATISTICS = (
    ("mean", "mean"),
    ("std", "standard deviation"),
    ("max", "maximum"),
    ("p95", "95th percentile"),
)
_MAGNITUDES = (
    ("speed", "px/s", "length of a step over its time"),
    ("acceleration", "px/s²", "length of the change of velocity over the time between steps"),
    ("jerk", "px/s³", "length of the change of acceleration over the time of the step between"),
)
_SUFFIX = {"px/s": "px_s", "px/s²": "px_s2", "px/s³": "px_s3"}

KINEMATICS = (
    Feature("duration_ms", "ms", "time from the first point to the last, as recorded"),
    Feature("path_px", "px", "length of the path"),
    Feature("net_px", "px", "distance from the first point to the last"),
    Feature("steps", "count", "number of steps"),
    Feature("direction_cos", "1", "cosine of the direction from the first point to the last"),
    Feature("direction_sin", "1", "sine of that direction, downwards positive as on screens"),
    *(
        Feature(f"{name}_{key}_{_SUFFIX[unit]}", unit, f"{words} over the steps: {what}", _GAMBOA)
        for name, unit, what in _MAGNITUDES
        for key, words in _STATISTICS
    ),
    Feature(
        "log_dimensionless_jerk",
        "1",
        "−ln(D³ / v_max² · Σ |jerk|² Δt), D the duration",
        _BALASUBRAMANIAN,
    ),
    Feature("path_efficiency", "1", "net distance over path length; 0 without a path", _GAMBOA),
    Feature("heading_change_mean_rad", "rad", "mean |turn| between non-zero moves", _GAMBOA),
    Feature("heading_change_std_rad", "rad", "standard deviation of the signed turn", _GAMBOA),
    Feature("heading_change_max_rad", "rad", "largest |turn|", _GAMBOA),
    Feature(
        "curvature_mean_rad_px",
        "rad/px",
        "mean of |turn| over the mean length of its two moves",
        _GAMBOA,
    ),
    Feature(
        "lateral_rms_px",
        "px",
        "root mean square distance of the points from the line to the end",
        _MACKENZIE,
    ),
    Feature("lateral_max_px", "px", "largest distance from the line to the end", _MACKENZIE),
    Feature(
        "lateral_rms_ratio", "1", "lateral_rms_px over the net distance (at least 1 px)", _MACKENZIE
    ),
    Feature("overshoot_px", "px", "how far beyond its end the movement goes, along the line to it"),
    Feature("dx_flips", "count", "changes of sign among the non-zero dx", _MACKENZIE),
    Feature("dy_flips", "count", "changes of sign among the non-zero dy", _MACKENZIE),
    Feature("submovements", "count", "local maxima of speed, rest before and after", _MEYER),
    Feature("pauses", "count", f"non-zero moves {PAUSE_MS:.0f} ms or more after the one before"),
    Feature("pause_share", "1", "share of the duration spent before those moves"),
    Feature("peak_speed_time_ratio", "1", "middle of the fastest step over the duration", _MEYER),
    *(
        Feature(f"speed_quarter{k}_px_s", "px/s", f"mean speed in quarter {k} of the duration")
        for k in (1, 2, 3, 4)
    ),
)

BASIC = (
    "duration_ms",
    "path_px",
    "net_px",
    "path_efficiency",
    "speed_mean_px_s",
    "speed_std_px_s",
    "speed_max_px_s",
    "acceleration_mean_px_s2",
    "acceleration_std_px_s2",
    "acceleration_max_px_s2",
    "jerk_mean_px_s3",
    "jerk_std_px_s3",
    "heading_change_mean_rad",
    "heading_change_std_rad",
    "curvature_mean_rad_px",
    "lateral_max_px",
    "submovements",
    "peak_speed_time_ratio",
)
"""Eighteen basic features: size, speed and its derivatives, shape."""


def kinematics(motion: Motion) -> dict[str, Float[Tensor, "B"]]:
    """Return each of `KINEMATICS`, [B]; all 0 for a movement without steps."""
    path = motion.step_px.sum(1)
    dx, dy = motion.dx_px.sum(1), motion.dy_px.sum(1)
    net = length(dx, dy)
    somewhere = net > _NO_DISTANCE_PX
    return {
        "duration_ms": motion.dt_ms.sum(1),
        "path_px": path,
        "net_px": net,
        "steps": motion.count.double(),
        "direction_cos": torch.where(somewhere, dx / net.clamp(min=_NO_DISTANCE_PX), 0.0),
        "direction_sin": torch.where(somewhere, dy / net.clamp(min=_NO_DISTANCE_PX), 0.0),
        "path_efficiency": torch.where(path > 0, net / path.clamp(min=1e-300), 0.0).clamp(max=1),
        **_derivatives(motion),
        **_speed_profile(motion),
        **_turns(motion),
        **_canonical(motion, net),
        "dx_flips": masked.sign_changes(motion.dx_px),
        "dy_flips": masked.sign_changes(motion.dy_px),
    }


def _derivatives(motion: Motion) -> dict[str, Float[Tensor, "B"]]:
    mask, seconds, speed = motion.mask, motion.seconds, motion.speed_px_s
    between = (seconds[:, 1:] + seconds[:, :-1]) / 2
    ax, ay = (v.diff(dim=1) / between for v in motion.velocity_px_s)
    inner = seconds[:, 1:-1]
    jx, jy = (a.diff(dim=1) / inner for a in (ax, ay))
    # Differences across the end, into the padding, are not derivatives.
    acceleration = torch.where(mask[:, 1:], length(ax, ay), 0.0)
    jerk = torch.where(mask[:, 2:], length(jx, jy), 0.0)
    roughness = (jerk * jerk * inner).sum(1) * motion.duration_s**3
    peak = masked.largest(speed)
    ratio = torch.where(roughness > 0, roughness / (peak * peak).clamp(min=1e-300), 1.0)
    numbers = {"log_dimensionless_jerk": -ratio.clamp(min=1e-300).log()}
    magnitudes = (speed, acceleration, jerk)
    for order, ((name, unit, _), values) in enumerate(zip(_MAGNITUDES, magnitudes, strict=True)):
        count = (motion.count - order).clamp(min=0)
        for key, number in _statistics(values, mask[:, order:], count).items():
            numbers[f"{name}_{key}_{_SUFFIX[unit]}"] = number
    return numbers


def _statistics(
    values: Float[Tensor, "B T"], valid: Bool[Tensor, "B T"], count: Int[Tensor, "B"]
) -> dict[str, Float[Tensor, "B"]]:
    return {
        "mean": masked.mean(values, count),
        "std": masked.std(values, valid, count),
        "max": masked.largest(values),
        "p95": masked.upper_quantile(values, count, 0.95),
    }


def _speed_profile(motion: Motion) -> dict[str, Float[Tensor, "B"]]:
    """Return peaks of speed, the time of the highest, and the speed in each quarter."""
    speed = beside_zero(motion.speed_px_s, after=1)
    peak, at = speed.max(1)
    change = speed.diff(dim=1)
    # Differences below rounding count as none, else a plateau of equal speeds would have many peaks.
    change = torch.where(change.abs() > _LEVEL * peak[:, None], change, 0.0)
    knots, duration = beside_zero(motion.end_s), motion.duration_s
    middle = (knots.gather(1, at[:, None]) + knots.gather(1, (at - 1).clamp(min=0)[:, None])) / 2
    quarters = torch.tensor([0.25, 0.5, 0.75, 1.0], device=knots.device, dtype=torch.float64)
    done = _interpolate(knots, beside_zero(motion.step_px).cumsum(1), duration[:, None] * quarters)
    speeds = beside_zero(done).diff(dim=1) / (duration[:, None] / 4)
    return {
        # From rest to rest, speed rises and falls alternately: 2 · peaks − 1 changes.
        "submovements": (masked.sign_changes(change) + (peak > 0)) / 2,
        "peak_speed_time_ratio": torch.where(peak > 0, middle[:, 0] / duration, 0.0),
        **{f"speed_quarter{k + 1}_px_s": speeds[:, k] for k in range(4)},
    }


def _interpolate(
    knots: Float[Tensor, "B K"], values: Float[Tensor, "B K"], at: Float[Tensor, "B Q"]
) -> Float[Tensor, "B Q"]:
    """Return [B, Q] each row's piecewise linear values at `at`."""
    last = knots.shape[1] - 1
    high = torch.searchsorted(knots, at.contiguous()).clamp(min(1, last), last)
    low = (high - 1).clamp(min=0)
    left, right = knots.gather(1, low), knots.gather(1, high)
    part = ((at - left) / (right - left).clamp(min=1e-300)).clamp(0, 1)
    before, after = values.gather(1, low), values.gather(1, high)
    return before + (after - before) * part


def _turns(motion: Motion) -> dict[str, Float[Tensor, "B"]]:
    """Return heading changes, curvature and pauses, between one non-zero move and the next."""
    moves = (motion.dx_px != 0) | (motion.dy_px != 0)
    x, y, end_s = masked.packed(
        torch.stack([motion.dx_px, motion.dy_px, motion.end_s]), moves
    ).unbind(0)
    count = moves.sum(1)
    turns = (count - 1).clamp(min=0)
    valid = torch.arange(x.shape[1], device=x.device) < count[:, None]
    pairs = valid[:, 1:]
    x0, y0, x1, y1 = x[:, :-1], y[:, :-1], x[:, 1:], y[:, 1:]
    turn = torch.where(pairs, torch.atan2(x0 * y1 - y0 * x1, x0 * x1 + y0 * y1), 0.0)
    size, step = turn.abs(), length(x, y)
    both = ((step[:, 1:] + step[:, :-1]) / 2).clamp(min=1e-300)
    # The time before the first move counts as a wait too.
    wait_s = torch.where(valid, beside_zero(end_s).diff(dim=1), 0.0)
    pause = wait_s >= (PAUSE_MS - 1e-6) / 1000
    return {
        "heading_change_mean_rad": masked.mean(size, turns),
        "heading_change_std_rad": masked.std(turn, pairs, turns),
        "heading_change_max_rad": masked.largest(size),
        "curvature_mean_rad_px": masked.mean(size / both, turns),
        "pauses": pause.sum(1, dtype=torch.int32).double(),
        "pause_share": torch.where(pause, wait_s, 0.0).sum(1) / motion.duration_s,
    }


def _canonical(motion: Motion, net: Float[Tensor, "B"]) -> dict[str, Float[Tensor, "B"]]:
    """Return distances from, and beyond the end of, the line from the first point to the last."""
    x, y = motion.dx_px.cumsum(1), motion.dy_px.cumsum(1)
    somewhere = net > _NO_DISTANCE_PX
    scale = torch.where(somewhere, 1 / net.clamp(min=_NO_DISTANCE_PX), 0.0)
    east = (motion.dx_px.sum(1) * scale)[:, None]
    north = (motion.dy_px.sum(1) * scale)[:, None]
    lateral = torch.where(somewhere[:, None], (east * y - north * x).abs(), length(x, y))
    lateral = torch.where(motion.mask, lateral, 0.0)
    along = torch.where(motion.mask, east * x + north * y, 0.0)
    rms = masked.mean(lateral * lateral, motion.count).sqrt()
    return {
        "lateral_rms_px": rms,
        "lateral_max_px": masked.largest(lateral),
        "lateral_rms_ratio": rms / net.clamp(min=1),
        "overshoot_px": torch.where(somewhere, masked.largest(along.clamp(min=0)) - net, 0.0).clamp(
            min=0
        ),
    }
