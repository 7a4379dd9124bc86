"""Random devices: movements as other mice, screens and browsers would have recorded them.

A detector trained on movements seen through many devices cannot take one for evidence. What a device
does, in turn: it scales the hand's motion, samples it by its own clock (not quite evenly; between two
ticks a browser keeps the last position only), tells some events late, loses others, and puts positions on
a grid of px and times on whole ms. The hand's pace varies too: what is fast for one task is slow for
another.
"""

import math
from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64
from scipy.special import ndtri

from humouse.data.resampling import Paths, padded_to, ticks_needed
from humouse.errors import InputError
from humouse.points import MOST_STEPS
from humouse.randomness import derive_seed, uniform_at
from humouse.steps import Steps, in_blocks, merge_zero_moves

_RANGES = ("pace", "scale", "clock_ms", "fast_clock_ms", "slow_clock_ms", "report_ms", "grid_px")
_LEAST_STEPS = 2


@dataclass(frozen=True)
class DeviceRules:
    """How devices differ. What is called a share is one of movements, 0 switches it off.

    Args:
        paced: Share that takes another time.
        pace: Lowest and highest factor of it (log-uniform).
        scaled: Share with another pointer speed.
        scale: Lowest and highest factor of it (log-uniform).
        clocked: Share sampled by another clock; the others keep their times.
        clock_ms: Shortest and longest period of a clock (ms, log-uniform).
        fast: Share of clocks that are fast.
        fast_clock_ms: Shortest and longest period of those (ms, log-uniform).
        slow: Share of clocks that are slow, as in remote desktops.
        slow_clock_ms: Shortest and longest period of those (ms, log-uniform).
        whole_period: Share of clocks with a period of whole ms, such as 8 or 10.
        jittered: Share of clocks that tick unevenly.
        jitter: Highest standard deviation of a tick, as a share of the period (uniform from 0).
        smooth: Share of clocks that see a smooth curve through the points instead of straight lines: a
            hand does not stop between two events.
        held: Share of clocks that report the last position before the tick; the others report the
            position at it. On a smooth curve, positions come from a mouse with reports of its own.
        report_ms: Shortest and longest time between two reports of a mouse (ms, log-uniform, whole).
        late: Share of devices that tell events late, each by its own time.
        late_ms: The most by which they do (ms; each device has its own most).
        whole_ms: Share of clocks whose times are rounded to whole ms.
        lossy: Share of devices that lose events.
        lost: Probability that such a device loses an event; the first and the last it never does.
        coarse: Share whose positions lie on a coarser grid, as of a mouse of few counts an inch.
        grid_px: Finest and coarsest such grid (px, uniform).
        rounded: Share with positions rounded to whole px.
        floored: Share with positions rounded down; the rest keeps fractions.

    Raises:
        InputError: A setting lies outside its range.
    """

    paced: float = 0.5
    pace: tuple[float, float] = (0.6, 1.6)
    scaled: float = 0.5
    scale: tuple[float, float] = (0.5, 2.0)
    clocked: float = 0.75
    clock_ms: tuple[float, float] = (7.0, 40.0)
    fast: float = 0.1
    fast_clock_ms: tuple[float, float] = (2.0, 7.0)
    slow: float = 0.03
    slow_clock_ms: tuple[float, float] = (62.0, 109.0)
    whole_period: float = 0.5
    jittered: float = 0.5
    jitter: float = 0.15
    smooth: float = 0.4
    held: float = 0.6
    report_ms: tuple[float, float] = (1.0, 16.0)
    late: float = 0.3
    late_ms: float = 4.0
    whole_ms: float = 0.8
    lossy: float = 0.1
    lost: float = 0.05
    coarse: float = 0.15
    grid_px: tuple[float, float] = (1.0, 3.5)
    rounded: float = 0.9
    floored: float = 0.1

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            if name not in (*_RANGES, "late_ms") and not 0 <= value <= 1:
                raise InputError(f"{name}={value}: must lie between 0 and 1")
        if not 0 <= self.late_ms <= 100:
            raise InputError(f"late_ms={self.late_ms}: must lie between 0 and 100")
        for name, least, most in (
            ("pace", 0.1, 10),
            ("scale", 0.01, 100),
            ("clock_ms", 1, 1000),
            ("fast_clock_ms", 1, 1000),
            ("slow_clock_ms", 1, 1000),
            ("report_ms", 1, 1000),
            ("grid_px", 1, 100),
        ):
            low, high = getattr(self, name)
            if not least <= low <= high <= most:
                raise InputError(
                    f"{name}={low},{high}: give the lowest and the highest, between {least} and {most}"
                )
        if self.rounded + self.floored > 1:
            raise InputError(
                f"floored={self.floored}: with rounded={self.rounded} more than 1; lower one"
            )


def through_devices(
    movements: Steps,
    rules: DeviceRules,
    seed: int,
    device: Int64[np.ndarray, "B"] | None = None,
) -> Steps:
    """Return each movement as a random device would have recorded it.

    Movement i depends only on itself, the seed and i. Its start stays; its net displacement is scaled
    and put on a grid, nothing else. Steps without motion are merged into the next one.

    Args:
        movements: B movements (px, ms).
        rules: How devices differ.
        seed: Of everything random.
        device: [B] number of the device that each is seen through; None for one each.

    Returns:
        B movements. One of which a device would leave fewer than 2 steps comes back as it is; one
        that would take more than `MOST_STEPS` ticks of a clock keeps its own.
    """
    drawn = _Devices.draw(rules, movements, derive_seed(seed, "devices"), device)
    movements = replace(movements, deltas=_paced(movements.deltas, drawn))
    sizes = np.maximum(movements.lengths, np.where(drawn.clocked, drawn.ticks, 0))
    return in_blocks(movements, sizes, lambda block, rows: _seen(block, drawn.rows(rows)))


# Places in the stream of uniform numbers: those of a movement come first, then three for each tick.
_PLACES = 2**20
_OF_MOVEMENT = 32
_OF_TICK = 3


@dataclass(frozen=True, eq=False)
class _Devices:
    """B devices, each for one movement.

    Args:
        seed: Of the stream that its ticks draw from.
        number: [B] which movement it records, and so its place in that stream.
        pace: [B] factor of time.
        scale: [B] factor of the pointer's speed.
        clocked: [B] whether it has a clock; otherwise it keeps the movement's times.
        period_ms: [B] time between two ticks (ms).
        phase: [B] how far the clock has come at the first point, in periods.
        ticks: [B] how many follow its first until the last point.
        jitter_ms: [B] standard deviation of a tick (ms).
        smooth: [B] whether it sees a smooth curve.
        held: [B] whether it reports the last position before a tick, not that at the tick.
        report_ms: [B] time between two reports of its mouse, on a smooth curve (ms).
        late_ms: [B] the most by which it tells an event late (ms).
        grid_px: [B] grid of its positions (px).
        whole_ms: [B] whether times are rounded.
        loss: [B] probability that an event is lost.
        rounded: [B] whether positions are rounded.
        floored: [B] whether positions are rounded down.
    """

    seed: int
    number: Int64[np.ndarray, "B"]
    pace: Float64[np.ndarray, "B"]
    scale: Float64[np.ndarray, "B"]
    clocked: Bool[np.ndarray, "B"]
    period_ms: Float64[np.ndarray, "B"]
    phase: Float64[np.ndarray, "B"]
    ticks: Int64[np.ndarray, "B"]
    jitter_ms: Float64[np.ndarray, "B"]
    smooth: Bool[np.ndarray, "B"]
    held: Bool[np.ndarray, "B"]
    report_ms: Float64[np.ndarray, "B"]
    late_ms: Float64[np.ndarray, "B"]
    grid_px: Float64[np.ndarray, "B"]
    whole_ms: Bool[np.ndarray, "B"]
    loss: Float64[np.ndarray, "B"]
    rounded: Bool[np.ndarray, "B"]
    floored: Bool[np.ndarray, "B"]

    @classmethod
    def draw(
        cls,
        rules: DeviceRules,
        movements: Steps,
        seed: int,
        device: Int64[np.ndarray, "B"] | None,
    ) -> "_Devices":
        """Return a device for each movement."""
        number = np.arange(len(movements)) if device is None else device
        place = number[:, None] * _PLACES + np.arange(_OF_MOVEMENT)
        u = iter(uniform_at(seed, place).T)
        scale = _log_uniform(rules.scale, next(u))
        scale = np.where(next(u) < rules.scaled, scale, 1.0)
        pace = _log_uniform(rules.pace, next(u))
        pace = np.where(next(u) < rules.paced, pace, 1.0)
        period, kind = next(u), next(u)
        period_ms = _log_uniform(rules.clock_ms, period)
        for share, limits in (
            (rules.slow + rules.fast, rules.fast_clock_ms),
            (rules.slow, rules.slow_clock_ms),
        ):
            period_ms = np.where(kind < share, _log_uniform(limits, period), period_ms)
        period_ms = np.where(next(u) < rules.whole_period, period_ms.round(), period_ms)
        phase = next(u)
        duration_ms = movements.deltas[..., 2].sum(1, np.float64) * pace
        ticks = ticks_needed(duration_ms, period_ms, phase)
        grid = next(u)
        low_px, high_px = rules.grid_px
        return cls(
            seed=seed,
            number=number,
            pace=pace,
            scale=scale,
            clocked=(next(u) < rules.clocked) & (ticks <= MOST_STEPS),
            period_ms=period_ms,
            phase=phase,
            ticks=np.minimum(ticks, MOST_STEPS).astype(np.int64),
            jitter_ms=next(u) * rules.jitter * period_ms * (next(u) < rules.jittered),
            smooth=next(u) < rules.smooth,
            held=next(u) < rules.held,
            report_ms=_log_uniform(rules.report_ms, next(u)).round(),
            late_ms=next(u) * rules.late_ms * (next(u) < rules.late),
            grid_px=1 + (low_px - 1 + (high_px - low_px) * next(u)) * (next(u) < rules.coarse),
            whole_ms=next(u) < rules.whole_ms,
            loss=rules.lost * (next(u) < rules.lossy),
            rounded=grid < rules.rounded,
            floored=(grid >= rules.rounded) & (grid < rules.rounded + rules.floored),
        )

    def rows(self, index: Int64[np.ndarray, "b"]) -> "_Devices":
        """Return the devices of these numbers."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: v[index] for name, v in parts.items() if name != "seed"})

    def at_ticks(self, T: int, which: int) -> Float64[np.ndarray, "B T"]:
        """Return the numbers from (0, 1) that T ticks draw, the first, second or third of each."""
        tick = _OF_MOVEMENT + _OF_TICK * np.arange(T) + which
        place = self.number[:, None] * _PLACES + tick
        return uniform_at(self.seed, place)


def _log_uniform(
    limits: tuple[float, float], uniform: Float64[np.ndarray, "B"]
) -> Float64[np.ndarray, "B"]:
    low, high = limits
    return low * np.exp(uniform * math.log(high / low))


def _seen(movements: Steps, devices: _Devices) -> Steps:
    """Return the movements as these devices recorded them."""
    paths = Paths.of(movements)
    last = np.where(devices.clocked, devices.ticks, movements.lengths)
    T = int(np.maximum(last, movements.lengths).max()) + 1
    number = np.arange(T)
    clocked = devices.clocked[:, None]
    t_ms = np.where(clocked, _ticks_ms(devices, T), padded_to(paths.t_ms, T))
    position_px = np.where(
        clocked[..., None], _read(paths, devices, t_ms), padded_to(paths.position_px, T)
    )
    t_ms = np.where(clocked, _told_ms(devices, t_ms), t_ms)
    t_ms = np.where(devices.whole_ms[:, None], t_ms.round(), t_ms)
    # The ends are always seen, however late the first tick and early the last.
    position_px[:, 0] = 0
    inside = number < last[:, None]
    position_px = np.where(inside[..., None], position_px, paths.position_px[:, -1:])
    # A lost event leaves the position of the one before, and so a step without motion, to be merged.
    arrived = (devices.at_ticks(T, 1) >= devices.loss[:, None]) | ~inside
    seen = np.maximum.accumulate(np.where(arrived, number, 0), 1)
    position_px = _on_grid(position_px[np.arange(len(seen))[:, None], seen], devices)
    deltas = np.diff(np.concatenate([position_px, t_ms[..., None]], -1), axis=1)
    deltas = deltas.astype(np.float32) + np.float32(0)  # no −0
    deltas[number[:-1] >= last[:, None]] = 0
    recorded = merge_zero_moves(replace(movements, deltas=deltas, lengths=last))
    few = recorded.lengths < _LEAST_STEPS
    own = movements.trimmed().deltas
    own = np.pad(own, ((0, 0), (0, T - 1 - own.shape[1]), (0, 0)))
    return replace(
        recorded,
        deltas=np.where(few[:, None, None], own, recorded.deltas),
        lengths=np.where(few, movements.lengths, recorded.lengths),
    )


def _ticks_ms(devices: _Devices, T: int) -> Float64[np.ndarray, "B T"]:
    """Return when each clock ticks, from the movement's first point."""
    t_ms = (np.arange(T) - devices.phase[:, None]) * devices.period_ms[:, None]
    t_ms = t_ms + devices.jitter_ms[:, None] * ndtri(devices.at_ticks(T, 0))
    return np.maximum.accumulate(t_ms, 1)  # a late event delays those behind it


def _read(
    paths: Paths, devices: _Devices, t_ms: Float64[np.ndarray, "B T"]
) -> Float64[np.ndarray, "B T 2"]:
    """Return the positions that clocks read at these times."""
    report_ms = devices.report_ms[:, None]
    reported_ms = np.where(devices.held[:, None], np.floor(t_ms / report_ms) * report_ms, t_ms)
    smooth_px = paths.smooth_at(reported_ms)
    return np.where(devices.smooth[:, None, None], smooth_px, paths.at(t_ms, devices.held))


def _told_ms(devices: _Devices, t_ms: Float64[np.ndarray, "B T"]) -> Float64[np.ndarray, "B T"]:
    """Return when events are told of that were read at these times."""
    late_ms = devices.late_ms[:, None] * devices.at_ticks(t_ms.shape[1], 2)
    return np.maximum.accumulate(t_ms + late_ms, 1)


def _paced(deltas: Float[np.ndarray, "B T 3"], devices: _Devices) -> Float[np.ndarray, "B T 3"]:
    paced = deltas.copy()
    paced[..., 2] *= devices.pace[:, None].astype(np.float32)
    return paced


def _on_grid(
    position_px: Float64[np.ndarray, "B T 2"], devices: _Devices
) -> Float64[np.ndarray, "B T 2"]:
    grid_px = devices.grid_px[:, None, None]
    scaled_px = position_px * devices.scale[:, None, None]
    scaled_px = np.where(grid_px > 1, (scaled_px / grid_px).round() * grid_px, scaled_px)
    whole_px = np.where(devices.floored[:, None, None], np.floor(scaled_px), scaled_px.round())
    return np.where((devices.floored | devices.rounded)[:, None, None], whole_px, scaled_px)
