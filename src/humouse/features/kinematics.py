"""Kinematics: speed and its derivatives, straightness, turns, submovements.

The recorder's clock is uneven, and derivatives use it without resampling: the velocity during step i
is v_i = d_i / Δt_i; the acceleration at the point between steps i and i+1 is
(v_{i+1} − v_i) / ½(Δt_i + Δt_{i+1}); the jerk during step i is the difference of the accelerations at
its two ends over Δt_i. Steps are clamped to at least 1 ms (`motion.MIN_STEP_MS`).

A measure is 0 where a movement has too few steps for it (no turn, no jerk …). A movement that ends
where it began has no direction: its lateral distance is the distance from the start, its overshoot 0.
"""

import numpy as np
from jaxtyping import Float

from humouse.features import masked
from humouse.features.motion import Motion, beside_zero, length, step_to_step
from humouse.features.table import Feature

PAUSE_MS = 50.0
_NO_DISTANCE_PX = 1e-6
_LEVEL = 1e-6
_QUARTERS = np.array([0.25, 0.5, 0.75, 1.0])
_ORDERS = np.arange(3)[:, None]

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

_NAMES = [
    {key: f"{name}_{key}_{_SUFFIX[unit]}" for key, _ in _STATISTICS}
    for name, unit, _ in _MAGNITUDES
]

KINEMATICS = (
    Feature("duration_ms", "ms", "time from the first point to the last, as recorded"),
    Feature("path_px", "px", "length of the path"),
    Feature("net_px", "px", "distance from the first point to the last"),
    Feature("steps", "count", "number of steps"),
    Feature("direction_cos", "1", "cosine of the direction from the first point to the last"),
    Feature("direction_sin", "1", "sine of that direction, downwards positive as on screens"),
    *(
        Feature(names[key], unit, f"{words} over the steps: {what}", _GAMBOA)
        for names, (_, unit, what) in zip(_NAMES, _MAGNITUDES, strict=True)
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


def kinematics(motion: Motion) -> dict[str, Float[np.ndarray, "B"]]:
    """Return each of `KINEMATICS`, [B]; all 0 for a movement without steps."""
    path, net = motion.step_px.sum(1), length(motion.net_px)
    direction = motion.net_px * _inverse(net)
    flips = masked.sign_changes(motion.moves_px)
    return {
        "duration_ms": motion.dt_ms.sum(1),
        "path_px": path,
        "net_px": net,
        "steps": motion.count.astype(np.float64),
        "direction_cos": direction[0],
        "direction_sin": direction[1],
        "path_efficiency": np.minimum(net / np.maximum(path, 1e-300), 1),
        **_derivatives(motion),
        **_speed_profile(motion),
        **_turns(motion),
        **_canonical(motion, net, direction),
        "dx_flips": flips[0],
        "dy_flips": flips[1],
    }


def _inverse(net: Float[np.ndarray, "B"]) -> Float[np.ndarray, "B"]:
    """Return 1 / net; 0 where a movement ends where it began."""
    return (net > _NO_DISTANCE_PX) / np.maximum(net, _NO_DISTANCE_PX)


def _derivatives(motion: Motion) -> dict[str, Float[np.ndarray, "B"]]:
    seconds, mask = motion.seconds, motion.mask
    # A k-th derivative stands at the last of the steps that it needs; those of the padding, and those
    # across the end into it, are none.
    between = (seconds[:, 1:] + seconds[:, :-1]) / 2
    acceleration = step_to_step(motion.velocity_px_s) / between
    jerk = step_to_step(acceleration) / seconds[:, 1:-1]
    sizes = np.zeros((3, *mask.shape))
    sizes[0] = motion.speed_px_s
    sizes[1, :, 1:] = length(acceleration) * mask[:, 1:]
    sizes[2, :, 2:] = length(jerk) * mask[:, 2:]
    valid = np.zeros(sizes.shape, bool)
    for order in range(3):
        valid[order, :, order:] = mask[:, order:]
    count = np.maximum(motion.count - _ORDERS, 0)
    numbers = {
        "mean": masked.mean(sizes, count),
        "std": masked.std(sizes, valid, count),
        "max": masked.largest(sizes),
        "p95": masked.upper_quantile(sizes, count, 0.95),
    }
    rough = sizes[2, :, 2:]
    roughness = (rough * rough * seconds[:, 1:-1]).sum(1)
    peak = numbers["max"][0]
    ratio = roughness * motion.duration_s**3 / np.maximum(peak * peak, 1e-300)
    ratio = np.where(roughness > 0, np.maximum(ratio, 1e-300), 1.0)
    return {
        "log_dimensionless_jerk": -np.log(ratio),
        **{
            name: numbers[key][order]
            for order, names in enumerate(_NAMES)
            for key, name in names.items()
        },
    }


def _speed_profile(motion: Motion) -> dict[str, Float[np.ndarray, "B"]]:
    """Return peaks of speed, the time of the highest, and the speed in each quarter."""
    speed = beside_zero(motion.speed_px_s, after=1)
    highest = speed.argmax(1)
    peak = masked.at(speed, highest)
    change = step_to_step(speed)
    # Differences below rounding count as none, else a plateau of equal speeds would have many peaks.
    change[np.abs(change) <= _LEVEL * peak[:, None]] = 0
    knots, duration = beside_zero(motion.end_s), motion.duration_s
    middle = (masked.at(knots, highest) + masked.at(knots, np.maximum(highest - 1, 0))) / 2
    done = _interpolate(knots, beside_zero(motion.step_px).cumsum(1), duration[:, None] * _QUARTERS)
    speeds = step_to_step(beside_zero(done)) / (duration[:, None] / 4)
    return {
        # From rest to rest, speed rises and falls alternately: 2 · peaks − 1 changes.
        "submovements": (masked.sign_changes(change) + (peak > 0)) / 2,
        "peak_speed_time_ratio": middle * (peak > 0) / duration,
        **{f"speed_quarter{k + 1}_px_s": speeds[:, k] for k in range(4)},
    }


def _interpolate(
    knots: Float[np.ndarray, "B K"], values: Float[np.ndarray, "B K"], at: Float[np.ndarray, "B Q"]
) -> Float[np.ndarray, "B Q"]:
    """Return [B, Q] each row's piecewise linear values at `at`."""
    last = knots.shape[1] - 1
    row = np.arange(len(knots))[:, None]
    high = (knots[:, None] < at[..., None]).sum(2).clip(min(1, last), last)
    low = np.maximum(high - 1, 0)
    left, before = knots[row, low], values[row, low]
    part = (at - left) / np.maximum(knots[row, high] - left, 1e-300)
    return before + (values[row, high] - before) * part.clip(0, 1)


def _turns(motion: Motion) -> dict[str, Float[np.ndarray, "B"]]:
    """Return heading changes, curvature and pauses, between one non-zero move and the next."""
    moves = motion.step_px > 0
    packed = masked.packed(np.array([*motion.moves_px, motion.end_s, motion.step_px]), moves)
    (x, y), end_s, step = packed[:2], packed[2], packed[3]
    count = moves.sum(1)
    turns = np.maximum(count - 1, 0)
    valid = np.arange(x.shape[1]) < count[:, None]
    pairs = valid[:, 1:]
    x0, y0, x1, y1 = x[:, :-1], y[:, :-1], x[:, 1:], y[:, 1:]
    turn = np.arctan2(x0 * y1 - y0 * x1, x0 * x1 + y0 * y1) * pairs
    size = np.abs(turn)
    both = np.maximum((step[:, 1:] + step[:, :-1]) / 2, 1e-300)
    # The time before the first move counts as a wait too.
    wait_s = step_to_step(beside_zero(end_s)) * valid
    pause = wait_s >= (PAUSE_MS - 1e-6) / 1000
    return {
        "heading_change_mean_rad": masked.mean(size, turns),
        "heading_change_std_rad": masked.std(turn, pairs, turns),
        "heading_change_max_rad": masked.largest(size),
        "curvature_mean_rad_px": masked.mean(size / both, turns),
        "pauses": pause.sum(1) + 0.0,
        "pause_share": (wait_s * pause).sum(1) / motion.duration_s,
    }


def _canonical(
    motion: Motion, net: Float[np.ndarray, "B"], direction: Float[np.ndarray, "2 B"]
) -> dict[str, Float[np.ndarray, "B"]]:
    """Return distances from, and beyond the end of, the line from the first point to the last."""
    position = motion.moves_px.cumsum(2)
    (x, y), (east, north) = position, direction[..., None]
    somewhere = net > _NO_DISTANCE_PX
    lateral = np.abs(east * y - north * x)
    if not somewhere.all():
        lateral = np.where(somewhere[:, None], lateral, length(position))
    lateral *= motion.mask
    along = (east * x + north * y) * motion.mask
    rms = np.sqrt(masked.mean(lateral * lateral, motion.count))
    return {
        "lateral_rms_px": rms,
        "lateral_max_px": masked.largest(lateral),
        "lateral_rms_ratio": rms / np.maximum(net, 1),
        "overshoot_px": np.maximum(masked.largest(along) - net, 0) * somewhere,
    }
