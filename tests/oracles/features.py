"""Every feature of one movement, as plain numpy over its steps; and movements to compare on."""

import numpy as np
import torch

from humouse.trajectories import Trajectories

BANDS_HZ = ((0, 4), (4, 8), (8, 16), (16, 32), (32, 64))


def reference(dx: np.ndarray, dy: np.ndarray, dt: np.ndarray) -> dict[str, float]:
    """Return every feature of one movement of at least one step (px, px, ms)."""
    seconds = np.maximum(dt, 1) / 1000
    end = np.cumsum(seconds)
    return {
        **extent(dx, dy, dt),
        **derivatives(dx, dy, seconds, end),
        **profile(dx, dy, seconds, end),
        **turns(dx, dy, end),
        **canonical(dx, dy),
        **clock(dt),
        **grid(dx, dy),
        **spectrum(dx, dy, seconds, end),
    }


def extent(dx, dy, dt):
    path = np.sqrt(dx**2 + dy**2).sum()
    net = np.sqrt(dx.sum() ** 2 + dy.sum() ** 2)
    return {
        "duration_ms": dt.sum(),
        "path_px": path,
        "net_px": net,
        "steps": len(dx),
        "direction_cos": dx.sum() / net if net > 1e-6 else 0,
        "direction_sin": dy.sum() / net if net > 1e-6 else 0,
        "path_efficiency": min(net / path, 1) if path > 0 else 0,
        "dx_flips": flips(dx),
        "dy_flips": flips(dy),
    }


def flips(values):
    sign = np.sign(values[values != 0])
    return int((sign[1:] != sign[:-1]).sum())


def statistics(name, unit, values):
    if len(values) == 0:
        values = np.zeros(1)
    return {
        f"{name}_mean_{unit}": values.mean(),
        f"{name}_std_{unit}": values.std(),
        f"{name}_max_{unit}": values.max(),
        f"{name}_p95_{unit}": np.percentile(values, 95),
    }


def derivatives(dx, dy, seconds, end):
    velocity = np.stack([dx, dy], 1) / seconds[:, None]
    between = (seconds[1:] + seconds[:-1]) / 2
    acceleration = np.diff(velocity, axis=0) / between[:, None]
    jerk = np.diff(acceleration, axis=0) / seconds[1:-1, None]
    speed = np.linalg.norm(velocity, axis=1)
    jerk_size = np.linalg.norm(jerk, axis=1)
    rough = (jerk_size**2 * seconds[1:-1]).sum() * end[-1] ** 3
    return {
        **statistics("speed", "px_s", speed),
        **statistics("acceleration", "px_s2", np.linalg.norm(acceleration, axis=1)),
        **statistics("jerk", "px_s3", jerk_size),
        "log_dimensionless_jerk": -np.log(rough / speed.max() ** 2) if rough > 0 else 0,
    }


def profile(dx, dy, seconds, end):
    step = np.sqrt(dx**2 + dy**2)
    speed = np.concatenate([[0], np.sqrt((dx / seconds) ** 2 + (dy / seconds) ** 2), [0]])
    change = np.diff(speed)
    change[np.abs(change) <= 1e-6 * speed.max()] = 0
    sign = np.sign(change[change != 0])
    peaks = int(((sign[:-1] > 0) & (sign[1:] < 0)).sum())
    fastest = int(speed[1:-1].argmax())
    knots = np.concatenate([[0], end])
    quarter = np.interp(end[-1] * np.arange(5) / 4, knots, np.concatenate([[0], np.cumsum(step)]))
    speeds = np.diff(quarter) / (end[-1] / 4)
    middle = (knots[fastest] + knots[fastest + 1]) / 2
    return {
        "submovements": peaks,
        "peak_speed_time_ratio": middle / end[-1] if speed.max() > 0 else 0,
        **{f"speed_quarter{k + 1}_px_s": speeds[k] for k in range(4)},
    }


def turns(dx, dy, end):
    moves = (dx != 0) | (dy != 0)
    x, y, at = dx[moves], dy[moves], end[moves]
    heading = np.arctan2(y, x)
    turn = (np.diff(heading) + np.pi) % (2 * np.pi) - np.pi
    size = np.abs(turn)
    length = np.sqrt(x**2 + y**2)
    wait = np.diff(np.concatenate([[0], at]))
    paused = wait >= 0.05 - 1e-9
    some = len(turn) > 0
    # A reversal has the sign −π here and may have +π there: only the spread of signed turns differs.
    signed = np.arctan2(x[:-1] * y[1:] - y[:-1] * x[1:], x[:-1] * x[1:] + y[:-1] * y[1:])
    return {
        "heading_change_mean_rad": size.mean() if some else 0,
        "heading_change_std_rad": signed.std() if some else 0,
        "heading_change_max_rad": size.max() if some else 0,
        "curvature_mean_rad_px": (size / ((length[1:] + length[:-1]) / 2)).mean() if some else 0,
        "pauses": int(paused.sum()),
        "pause_share": wait[paused].sum() / end[-1],
    }


def canonical(dx, dy):
    x, y = np.cumsum(dx), np.cumsum(dy)
    net = np.sqrt(x[-1] ** 2 + y[-1] ** 2)
    if net > 1e-6:
        lateral = np.abs(x[-1] * y - y[-1] * x) / net
        beyond = max(0, ((x[-1] * x + y[-1] * y) / net - net).max())
    else:
        lateral, beyond = np.sqrt(x**2 + y**2), 0
    rms = np.sqrt((lateral**2).mean())
    return {
        "lateral_rms_px": rms,
        "lateral_max_px": lateral.max(),
        "lateral_rms_ratio": rms / max(net, 1),
        "overshoot_px": beyond,
    }


def clock(dt):
    whole, times = np.unique(np.round(dt), return_counts=True)
    median = np.median(dt)
    tick = max(median, 1)
    return {
        "dt_mean_ms": dt.mean(),
        "dt_std_ms": dt.std(),
        "dt_min_ms": dt.min(),
        "dt_p10_ms": np.percentile(dt, 10),
        "dt_median_ms": median,
        "dt_p90_ms": np.percentile(dt, 90),
        "dt_max_ms": dt.max(),
        "dt_mode_ms": whole[times.argmax()],
        "dt_mode_share": times.max() / len(dt),
        "dt_on_tick_share": (np.abs(dt - tick * np.round(dt / tick)) <= 1).mean(),
        "dt_off_grid_share": (np.abs(dt - np.round(dt)) > 1e-3).mean(),
    }


def grid(dx, dy):
    reach = np.maximum(np.abs(dx), np.abs(dy))
    both = np.concatenate([dx, dy])
    return {
        "zero_move_share": ((dx == 0) & (dy == 0)).mean(),
        "axis_move_share": ((dx == 0) != (dy == 0)).mean(),
        "one_pixel_share": ((reach >= 0.5) & (reach < 1.5)).mean(),
        "off_grid_share": (np.abs(both - np.round(both)) > 1e-3).mean(),
    }


def spectrum(dx, dy, seconds, end):
    frequency = np.arange(1, 64, 2)
    # Each step is a box of constant velocity: its transform is a sinc about its middle.
    middle = end - seconds / 2
    box = np.sinc(frequency * seconds[:, None]) * np.exp(-2j * np.pi * frequency * middle[:, None])
    power = (np.abs(dx @ box) ** 2 + np.abs(dy @ box) ** 2) / end[-1]
    total = power.sum()
    part = power / total if total > 0 else np.zeros(len(power))
    numbers = {}
    for low, high in BANDS_HZ:
        inside = (frequency >= low) & (frequency < high)
        numbers[f"power_{low}_{high}_hz_db"] = decibel(power[inside].mean())
        numbers[f"power_{low}_{high}_hz_share"] = part[inside].sum()
    some = part[part > 0]
    return {
        **numbers,
        "power_tail_db": decibel(part[frequency >= 16].sum()),
        "spectral_centroid_hz": (part * frequency).sum(),
        "spectral_entropy": -(some * np.log(some)).sum() / np.log(len(frequency)),
        **autocorrelation(dx / seconds, dy / seconds),
    }


def autocorrelation(vx, vy):
    scale = (vx**2 + vy**2).sum()
    vx, vy = vx - vx.mean(), vy - vy.mean()
    power = (vx**2 + vy**2).sum()
    return {
        f"velocity_autocorrelation_{lag}": (
            (vx[lag:] * vx[:-lag]).sum() + (vy[lag:] * vy[:-lag]).sum()
        )
        / power
        if power > 1e-12 * scale
        else 0
        for lag in (1, 2, 4)
    }


def decibel(power):
    return 10 * np.log10(max(power, 1e-6))


def movements(n: int, seed: int, shortest: int = 12, longest: int = 64) -> Trajectories:
    """Return n winding movements on whole pixels and a 60 or 125 Hz clock."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(shortest, longest + 1, n)
    steps = np.zeros((n, longest, 3), np.float32)
    drive = rng.normal(0, 6, (n, longest, 2)).cumsum(1) * 0.4
    steps[..., :2] = np.round(drive * np.sin(np.linspace(0, np.pi, longest))[None, :, None])
    tick = rng.choice([8.0, 16.67], (n, 1))
    steps[..., 2] = np.round(tick * rng.choice([1, 1, 1, 2], (n, longest)) + rng.normal(0, 0.4))
    return Trajectories(
        torch.from_numpy(steps), torch.from_numpy(lengths), torch.zeros(n, 2), None, "synthetic"
    )
