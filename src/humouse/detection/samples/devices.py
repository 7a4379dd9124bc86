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
import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from humouse.codec import merge_zero_moves
from humouse.detection.samples.resampling import Paths, in_blocks, padded_to, ticks_needed
from humouse.errors import InputError
from humouse.points import MOST_STEPS
from humouse.randomness import derive_seed, uniform_at
from humouse.trajectories import Trajectories

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
    movements: Trajectories,
    rules: DeviceRules,
    seed: int,
    device: Int64[np.ndarray, "B"] | None = None,
) -> Trajectories:
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
    sizes = torch.maximum(movements.lengths, torch.where(drawn.clocked, drawn.ticks, 0))
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
    number: Int64[Tensor, "B"]
    pace: Float64[Tensor, "B"]
    scale: Float64[Tensor, "B"]
    clocked: Bool[Tensor, "B"]
    period_ms: Float64[Tensor, "B"]
    phase: Float64[Tensor, "B"]
    ticks: Int64[Tensor, "B"]
    jitter_ms: Float64[Tensor, "B"]
    smooth: Bool[Tensor, "B"]
    held: Bool[Tensor, "B"]
    report_ms: Float64[Tensor, "B"]
    late_ms: Float64[Tensor, "B"]
    grid_px: Float64[Tensor, "B"]
    whole_ms: Bool[Tensor, "B"]
    loss: Float64[Tensor, "B"]
    rounded: Bool[Tensor, "B"]
    floored: Bool[Tensor, "B"]

    @classmethod
    def draw(
        cls,
        rules: DeviceRules,
        movements: Trajectories,
        seed: int,
        device: Int64[np.ndarray, "B"] | None,
    ) -> "_Devices":
        """Return a device for each movement."""
        given = np.arange(len(movements)) if device is None else device
        number = torch.as_tensor(given, device=movements.deltas.device)
        place = number[:, None] * _PLACES + torch.arange(_OF_MOVEMENT, device=number.device)
        u = iter(uniform_at(seed, place).unbind(1))
        scale = _log_uniform(rules.scale, next(u)).where(next(u) < rules.scaled, 1.0)
        pace = _log_uniform(rules.pace, next(u)).where(next(u) < rules.paced, 1.0)
        period, kind = next(u), next(u)
        period_ms = _log_uniform(rules.clock_ms, period)
        for share, limits in (
            (rules.slow + rules.fast, rules.fast_clock_ms),
            (rules.slow, rules.slow_clock_ms),
        ):
            period_ms = torch.where(kind < share, _log_uniform(limits, period), period_ms)
        period_ms = torch.where(next(u) < rules.whole_period, period_ms.round(), period_ms)
        phase = next(u)
        duration_ms = movements.deltas[..., 2].sum(1, dtype=torch.float64) * pace
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
            ticks=ticks.clamp(max=MOST_STEPS).long(),
            jitter_ms=(next(u) * rules.jitter * period_ms).where(next(u) < rules.jittered, 0.0),
            smooth=next(u) < rules.smooth,
            held=next(u) < rules.held,
            report_ms=_log_uniform(rules.report_ms, next(u)).round(),
            late_ms=(next(u) * rules.late_ms).where(next(u) < rules.late, 0.0),
            grid_px=(low_px + (high_px - low_px) * next(u)).where(next(u) < rules.coarse, 1.0),
            whole_ms=next(u) < rules.whole_ms,
            loss=torch.where(next(u) < rules.lossy, rules.lost, 0.0).double(),
            rounded=grid < rules.rounded,
            floored=(grid >= rules.rounded) & (grid < rules.rounded + rules.floored),
        )

    def rows(self, index: Int64[Tensor, "b"]) -> "_Devices":
        """Return the devices of these numbers."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: v[index] for name, v in parts.items() if name != "seed"})

    def at_ticks(self, T: int, which: int) -> Float64[Tensor, "B T"]:
        """Return the numbers from (0, 1) that T ticks draw, the first, second or third of each."""
        tick = torch.arange(T, device=self.number.device)
        place = self.number[:, None] * _PLACES + _OF_MOVEMENT + _OF_TICK * tick + which
        return uniform_at(self.seed, place)


def _log_uniform(
    limits: tuple[float, float], uniform: Float64[Tensor, "B"]
) -> Float64[Tensor, "B"]:
    low, high = limits
    return low * (uniform * math.log(high / low)).exp()


def _seen(movements: Trajectories, devices: _Devices) -> Trajectories:
    """Return the movements as these devices recorded them."""
    paths = Paths.of(movements)
    last = torch.where(devices.clocked, devices.ticks, movements.lengths)
    T = int(torch.maximum(last, movements.lengths).max()) + 1
    number = torch.arange(T, device=last.device)
    clocked = devices.clocked[:, None]
    t_ms = torch.where(clocked, _ticks_ms(devices, T), padded_to(paths.t_ms, T))
    position_px = torch.where(
        clocked[..., None], _read(paths, devices, t_ms), padded_to(paths.position_px, T)
    )
    t_ms = torch.where(clocked, _told_ms(devices, t_ms), t_ms)
    t_ms = torch.where(devices.whole_ms[:, None], t_ms.round(), t_ms)
    # The ends are always seen, however late the first tick and early the last.
    position_px[:, 0] = 0
    inside = number < last[:, None]
    position_px = torch.where(inside[..., None], position_px, paths.position_px[:, -1:])
    # A lost event leaves the position of the one before, and so a step without motion, to be merged.
    arrived = (devices.at_ticks(T, 1) >= devices.loss[:, None]) | ~inside
    seen = torch.where(arrived, number, 0).cummax(1).values
    position_px = _on_grid(position_px.take_along_dim(seen[..., None], 1), devices)
    deltas = torch.cat([position_px, t_ms[..., None]], -1).diff(dim=1).to(movements.deltas.dtype)
    lengths = last.to(movements.lengths.dtype)
    recorded = merge_zero_moves(replace(movements, deltas=deltas + 0.0, lengths=lengths))
    few = recorded.lengths < _LEAST_STEPS
    own = torch.nn.functional.pad(movements.deltas, (0, 0, 0, T - 1 - movements.deltas.shape[1]))
    return replace(
        recorded,
        deltas=torch.where(few[:, None, None], own, recorded.deltas),
        lengths=torch.where(few, movements.lengths, recorded.lengths),
    )


def _ticks_ms(devices: _Devices, T: int) -> Float64[Tensor, "B T"]:
    """Return when each clock ticks, from the movement's first point."""
    number = torch.arange(T, device=devices.phase.device)
    t_ms = (number - devices.phase[:, None]) * devices.period_ms[:, None]
    t_ms = t_ms + devices.jitter_ms[:, None] * torch.special.ndtri(devices.at_ticks(T, 0))
    return t_ms.cummax(1).values  # a late event delays those behind it


def _read(
    paths: Paths, devices: _Devices, t_ms: Float64[Tensor, "B T"]
) -> Float64[Tensor, "B T 2"]:
    """Return the positions that clocks read at these times."""
    report_ms = devices.report_ms[:, None]
    reported_ms = torch.where(devices.held[:, None], (t_ms / report_ms).floor() * report_ms, t_ms)
    smooth_px = paths.smooth_at(reported_ms)
    return torch.where(devices.smooth[:, None, None], smooth_px, paths.at(t_ms, devices.held))


def _told_ms(devices: _Devices, t_ms: Float64[Tensor, "B T"]) -> Float64[Tensor, "B T"]:
    """Return when events are told of that were read at these times."""
    return (t_ms + devices.late_ms[:, None] * devices.at_ticks(t_ms.shape[1], 2)).cummax(1).values


def _paced(deltas: Float[Tensor, "B T 3"], devices: _Devices) -> Float[Tensor, "B T 3"]:
    factor = torch.ones(len(deltas), 1, 3, dtype=deltas.dtype, device=deltas.device)
    factor[..., 2] = devices.pace[:, None].to(deltas.dtype)
    return deltas * factor


def _on_grid(position_px: Float64[Tensor, "B T 2"], devices: _Devices) -> Float64[Tensor, "B T 2"]:
    grid_px = devices.grid_px[:, None, None]
    scaled_px = position_px * devices.scale[:, None, None]
    scaled_px = torch.where(grid_px > 1, (scaled_px / grid_px).round() * grid_px, scaled_px)
    whole_px = torch.where(devices.floored[:, None, None], scaled_px.floor(), scaled_px.round())
    return torch.where((devices.floored | devices.rounded)[:, None, None], whole_px, scaled_px)
