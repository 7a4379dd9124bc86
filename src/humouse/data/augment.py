"""Data augmentation: random changes that leave a movement plausible, on native steps before encoding.

All keep whole px and whole ms: cumulative sums are rounded, so that rounding errors do not add up. Only
`crop` changes which steps are valid. Effects on the traces of a device, which a classifier can see:
time changes keep the pixels but change the clock; the mirror keeps both; jitter changes the fast
steps, a goal perturbation all.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.errors import InputError
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class AugmentRules:
    """Strengths of the augmentations; 0 switches one off.

    Args:
        time_stretch: The duration is multiplied by a number drawn from 1 ± this.
        time_warp: The pace varies smoothly within 1 ± this along the movement; its duration stays.
        jitter: Standard deviation of the noise on dx and dy, as a share of each.
        mirror: Probability of flipping up and down (the sign of dy).
        mirror_x: Probability of flipping left and right (the sign of dx).
        crop: Probability of keeping only a contiguous segment.
        crop_min: Least share of the steps that a crop keeps.
        goal_jitter: Standard deviation of the goal's displacement per axis, as a share of its
            distance; the path is turned and scaled to end there.

    Raises:
        InputError: A setting lies outside its range.
    """

    time_stretch: float = 0.15
    time_warp: float = 0.05
    jitter: float = 0.05
    mirror: float = 0.5
    mirror_x: float = 0.0
    crop: float = 0.0
    crop_min: float = 0.5
    goal_jitter: float = 0.0

    def __post_init__(self) -> None:
        for name, most in (
            ("time_stretch", 0.9),
            ("time_warp", 0.9),
            ("jitter", 1.0),
            ("mirror", 1.0),
            ("mirror_x", 1.0),
            ("crop", 1.0),
            ("crop_min", 1.0),
            ("goal_jitter", 1.0),
        ):
            if not 0 <= getattr(self, name) <= most:
                raise InputError(f"{name}={getattr(self, name)}: must lie between 0 and {most}")


def augment(
    trajectories: Trajectories, rules: AugmentRules, generator: torch.Generator
) -> Trajectories:
    """Return the movements changed at random, each on its own.

    Args:
        trajectories: Native steps, in whole px and ms.
        rules: Strengths of the augmentations.
        generator: Source of the randomness, on the trajectories' device.
    """
    if rules.crop:
        trajectories = crop(trajectories, rules.crop, rules.crop_min, generator)
    if rules.time_stretch:
        trajectories = stretch_time(trajectories, rules.time_stretch, generator)
    if rules.time_warp:
        trajectories = warp_time(trajectories, rules.time_warp, generator)
    if rules.goal_jitter:
        trajectories = perturb_goal(trajectories, rules.goal_jitter, generator)
    if rules.jitter:
        trajectories = jitter_steps(trajectories, rules.jitter, generator)
    if rules.mirror:
        trajectories = mirror(trajectories, rules.mirror, generator)
    if rules.mirror_x:
        trajectories = mirror(trajectories, rules.mirror_x, generator, axis=0)
    return trajectories


def stretch_time(
    trajectories: Trajectories, amount: float, generator: torch.Generator
) -> Trajectories:
    """Multiply each duration by a number drawn from 1 ± `amount`.

    Keeps the path and the lengths. The clock's period is multiplied too, to whole ms of at least 1. A
    codec that divides by the duration removes the change.
    """
    factor = 1 + amount * (2 * _uniform(trajectories, generator) - 1)
    times_ms = trajectories.deltas[..., 2].double().cumsum(1) * factor[:, None]
    return _with_times(trajectories, times_ms)


def warp_time(
    trajectories: Trajectories, amount: float, generator: torch.Generator
) -> Trajectories:
    """Let the pace vary within 1 ± `amount` along the movement.

    With u the elapsed share of the duration, time becomes
    u + amount/(2πk)·(sin(2πku + φ) − sin φ), φ uniform and k 1 or 2. Keeps the path, the lengths
    and the duration (except that steps of 1 ms cannot become shorter).
    """
    duration_ms = trajectories.duration_ms.double()[:, None].clamp(min=1)
    times_ms = trajectories.deltas[..., 2].double().cumsum(1)
    waves = 2 * torch.pi * (1 + (_uniform(trajectories, generator) < 0.5).double())[:, None]
    phase = 2 * torch.pi * _uniform(trajectories, generator)[:, None]
    wave = torch.sin(waves * times_ms / duration_ms + phase) - torch.sin(phase)
    return _with_times(trajectories, times_ms + duration_ms * amount / waves * wave)


def jitter_steps(
    trajectories: Trajectories, amount: float, generator: torch.Generator
) -> Trajectories:
    """Add Gaussian noise to dx and dy, in proportion to each, rounded to whole px.

    Motor noise grows with the signal (Harris & Wolpert 1998, doi:10.1038/29528). Such noise is uniform
    on a logarithmic scale, and leaves zero moves and one-pixel moves unchanged. The largest step along
    each axis compensates the sum of the noise. Keeps the start, the net displacement and the times.
    """
    steps_px = trajectories.deltas[..., :2]
    noise_px = torch.randn(
        steps_px.shape, generator=generator, device=steps_px.device, dtype=steps_px.dtype
    )
    noise_px = (noise_px * amount * steps_px).round()
    largest = steps_px.abs().argmax(1, keepdim=True)
    noise_px.scatter_add_(1, largest, -noise_px.sum(1, keepdim=True))
    deltas = torch.cat([steps_px + noise_px, trajectories.deltas[..., 2:]], -1)
    return _replaced(trajectories, deltas)


def mirror(
    trajectories: Trajectories, probability: float, generator: torch.Generator, *, axis: int = 1
) -> Trajectories:
    """Flip the sign of dy (axis 1) or dx (axis 0) with this probability.

    On the screen this reflects the movement vertically or horizontally; relative to its direction it
    swaps left and right, without leaving the pixel grid. Keeps the other axis, the times and the
    lengths.
    """
    flipped = _uniform(trajectories, generator) < probability
    ones = torch.ones_like(trajectories.deltas[:, 0])
    ones[:, axis] = torch.where(flipped, -1.0, 1.0)
    return _replaced(trajectories, trajectories.deltas * ones[:, None])


def crop(
    trajectories: Trajectories,
    probability: float,
    least_share: float,
    generator: torch.Generator,
) -> Trajectories:
    """Keep, with this probability, only a contiguous segment of at least `least_share`.

    Remaining steps are unchanged, at the same padded length; the start is the position at which the
    segment begins. Unlike a whole gesture, a segment may begin and end at full speed.
    """
    lengths = trajectories.lengths
    least = (lengths * least_share).ceil().clamp(min=1).minimum(lengths.double())
    spare = lengths - least
    kept = least + (_uniform(trajectories, generator) * (spare + 1)).floor().minimum(spare)
    first = (_uniform(trajectories, generator) * (lengths - kept + 1)).floor()
    first = first.minimum(lengths - kept)
    chosen = _uniform(trajectories, generator) < probability
    kept = torch.where(chosen, kept.to(lengths.dtype), lengths)
    first = torch.where(chosen, first.long(), 0)

    T = trajectories.deltas.shape[1]
    index = first[:, None] + torch.arange(T, device=first.device)
    deltas = trajectories.deltas.take_along_dim(index.clamp(max=T - 1)[..., None], 1)
    rows = torch.arange(len(first), device=first.device)
    start = trajectories.positions_px()[rows, first]
    return replace(trajectories, deltas=deltas, lengths=kept, start=start)


def perturb_goal(
    trajectories: Trajectories, amount: float, generator: torch.Generator
) -> Trajectories:
    """Move each goal by Gaussian noise of `amount` times its distance per axis.

    The path is rotated and scaled to the new goal, then rounded to whole px. Keeps the start, the times,
    the lengths and the zero moves.
    """
    noise = torch.randn(
        len(trajectories),
        2,
        generator=generator,
        device=trajectories.deltas.device,
        dtype=torch.float64,
    )
    # Rotation and scaling are one complex factor.
    turn, scale = (amount * noise[:, 1])[:, None], (1 + amount * noise[:, 0])[:, None]
    x, y = trajectories.deltas[..., :2].double().cumsum(1).unbind(-1)
    return _with_path(trajectories, torch.stack([x * scale - y * turn, x * turn + y * scale], -1))


def _uniform(trajectories: Trajectories, generator: torch.Generator) -> Float[Tensor, "B"]:
    """Return one number from [0, 1) for each movement."""
    device = trajectories.deltas.device
    return torch.rand(len(trajectories), generator=generator, device=device, dtype=torch.float64)


def _with_times(trajectories: Trajectories, times_ms: Float[Tensor, "B T"]) -> Trajectories:
    """Return the movements with each step ending at these times, in whole ms.

    A step with a duration keeps at least 1 ms; steps of 0 ms stay at 0.
    """
    deltas = trajectories.deltas.clone()
    dt_ms = times_ms.round().diff(dim=1, prepend=times_ms.new_zeros(len(times_ms), 1))
    least_ms = trajectories.deltas[..., 2].clamp(max=1)
    deltas[..., 2] = torch.maximum(dt_ms.to(deltas.dtype), least_ms)
    return _replaced(trajectories, deltas)


def _with_path(trajectories: Trajectories, path_px: Float[Tensor, "B T 2"]) -> Trajectories:
    """Return the movements with each step ending at these px from the start, rounded."""
    deltas = trajectories.deltas.clone()
    steps_px = path_px.round().diff(dim=1, prepend=path_px.new_zeros(len(path_px), 1, 2))
    deltas[..., :2] = steps_px.to(deltas.dtype)
    return _replaced(trajectories, deltas)


def _replaced(trajectories: Trajectories, deltas: Float[Tensor, "B T 3"]) -> Trajectories:
    """Return the movements with other steps, without negative zeros.

    A negative zero would change the heading of a step by π.
    """
    return replace(trajectories, deltas=deltas + 0.0)
