"""Synthetic anomalies: people's gestures, perturbed, as negatives that need no bot.

A detector generalises poorly from the few bots it is fitted on. Perturbed gestures lie all around
people's own, and each perturbation breaks another property of human movement: its roughness, its
path, its timing, or the pixel grid that it was recorded on.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from humouse.codec import merge_zero_moves
from humouse.trajectories import Trajectories

SECOND_SHARE = 0.4
"""Share of the gestures that get a second perturbation."""


@dataclass(frozen=True, eq=False)
class Points:
    """Gestures as points, without the first, which is the origin at time 0.

    Args:
        place_px: [B, T, 2].
        time_ms: [B, T].
        lengths: [B] valid points; padding repeats the last one.
        rng: Draws the perturbation.
    """

    place_px: Float[Tensor, "B T 2"]
    time_ms: Float[Tensor, "B T"]
    lengths: Int[Tensor, "B"]
    rng: torch.Generator

    @property
    def mask(self) -> Bool[Tensor, "B T"]:
        """[B, T] True at valid points."""
        return torch.arange(self.time_ms.shape[1]) < self.lengths[:, None]

    @property
    def time_share(self) -> Float[Tensor, "B T"]:
        """[B, T] share of the duration that has passed."""
        return self.time_ms / self.time_ms[:, -1:].clamp(min=1)

    @property
    def steps_px(self) -> Float[Tensor, "B T 2"]:
        """[B, T, 2] from each point to the next."""
        return self.place_px.diff(dim=1, prepend=self.place_px.new_zeros(len(self.lengths), 1, 2))

    @property
    def with_start(self) -> Float[Tensor, "B N 2"]:
        """[B, T + 1, 2] all points, the origin first."""
        return torch.cat([self.place_px.new_zeros(len(self.lengths), 1, 2), self.place_px], 1)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Return [B, *shape] numbers drawn uniformly."""
        return low + (high - low) * torch.rand(len(self.lengths), *shape, generator=self.rng)

    def normal(self, *shape: int) -> Tensor:
        """Return [B, *shape] standard normal numbers."""
        return torch.randn(len(self.lengths), *shape, generator=self.rng)

    def choice(self, low: int, high: int) -> int:
        """Return one whole number for all gestures, at least `low` and below `high`."""
        return int(torch.randint(low, high, (1,), generator=self.rng))

    def moved(self, place_px: Float[Tensor, "B T 2"]) -> "Points":
        """Return the gestures with all points at new places."""
        return replace(self, place_px=place_px)

    def moved_inside(self, place_px: Float[Tensor, "B T 2"]) -> "Points":
        """Return the gestures with all points but the last at new places."""
        inside = torch.arange(place_px.shape[1]) < self.lengths[:, None] - 1
        return self.moved(torch.where(inside[..., None], place_px, self.place_px))

    def reordered(self, key: Float[Tensor, "B T"]) -> "Points":
        """Return the gestures with their steps sorted by a key."""
        order = key.argsort(dim=1, stable=True)[..., None].expand(-1, -1, 2)
        return self.moved(self.steps_px.gather(1, order).cumsum(1))


Perturbation = Callable[[Points], Points]


def synthetic_anomalies(people: Trajectories, rng: torch.Generator) -> Trajectories:
    """Return the gestures, each with one or two random perturbations, as a detector sees movements.

    Zero moves are merged, as in everything that a detector is given: rounding makes many of them,
    and they alone would give the anomalies away.

    Args:
        people: B gestures.
        rng: Draws the perturbations and how far each goes.
    """
    return merge_zero_moves(perturbed(people, rng, PERTURBATIONS, SECOND_SHARE))


def perturbed(
    people: Trajectories,
    rng: torch.Generator,
    perturbations: Sequence[Perturbation],
    second_share: float,
) -> Trajectories:
    """Return the gestures with one or two random perturbations, on whole px and ms.

    A gesture that a perturbation brings to a standstill stays as it was.

    Args:
        people: B gestures.
        rng: Draws the perturbations and how far each goes.
        perturbations: Those to draw from.
        second_share: Share of the gestures that get a second one.
    """
    place_px, time_ms = people.deltas[..., :2].cumsum(1), people.deltas[..., 2].cumsum(1)
    first = torch.randint(len(perturbations), (len(people),), generator=rng)
    second = torch.randint(len(perturbations), (len(people),), generator=rng)
    once = torch.rand(len(people), generator=rng) >= second_share
    for drawn in (first, torch.where(once, -1, second)):
        for number, perturb in enumerate(perturbations):
            rows = (drawn == number).nonzero()[:, 0]
            if len(rows):
                points = perturb(Points(place_px[rows], time_ms[rows], people.lengths[rows], rng))
                place_px[rows], time_ms[rows] = points.place_px, points.time_ms
    deltas = _whole_steps(place_px, time_ms) * people.mask[..., None]
    still = deltas[..., :2].eq(0).all((1, 2))
    deltas = torch.where(still[:, None, None], people.deltas, deltas)
    return Trajectories(deltas, people.lengths, people.start, people.user, "synthetic anomalies")


def _whole_steps(
    place_px: Float[Tensor, "B T 2"], time_ms: Float[Tensor, "B T"]
) -> Float[Tensor, "B T 3"]:
    """Return [B, T, 3] steps between the points, rounded to whole px and ms."""
    n = len(place_px)
    moves = place_px.round().diff(dim=1, prepend=place_px.new_zeros(n, 1, 2))
    dt_ms = time_ms.round().diff(dim=1, prepend=time_ms.new_zeros(n, 1)).clamp(min=0)
    return torch.cat([moves, dt_ms[..., None]], -1)


def smooth(points: Points) -> Points:
    """Each point becomes the mean of those around it: no tremor, no stairs."""
    reach = points.choice(1, 4)
    padded = torch.nn.functional.pad(
        points.with_start.transpose(1, 2), (reach, reach), mode="replicate"
    )
    mean = torch.nn.functional.avg_pool1d(padded, 2 * reach + 1, 1).transpose(1, 2)
    return points.moved_inside(mean[:, 1:])


def straighten(points: Points) -> Points:
    """Points move towards the chord, part of the way or all of it."""
    goal = points.place_px[:, -1:]
    along = (points.place_px * goal).sum(-1, keepdim=True)
    chord = along / goal.square().sum(-1, keepdim=True).clamp(min=1) * goal
    share = points.uniform(0.3, 1.3, 1, 1).clamp(max=1)
    return points.moved(torch.lerp(points.place_px, chord, share))


def bend(points: Points) -> Points:
    """Slow sine waves of a few per cent of the distance are added to the path."""
    wave = torch.zeros_like(points.place_px)
    for number in (1, 2, 3):
        size = points.normal(1, 2) / number
        wave += size * torch.sin(math.pi * number * points.time_share)[..., None]
    distance = points.place_px[:, -1:].norm(dim=-1, keepdim=True)
    return points.moved(points.place_px + 0.06 * distance * points.uniform(0.0, 1.0, 1, 1) * wave)


def jitter(points: Points) -> Points:
    """White noise is added to each point but the last."""
    T = points.place_px.shape[1]
    sigma_px = points.uniform(0.3, 2.0, 1, 1)
    return points.moved_inside(points.place_px + sigma_px * points.normal(T, 2))


def turn(points: Points) -> Points:
    """Turned by any angle, and scaled: the path is a person's, its pixel grid is not."""
    angle, scale = points.uniform(-math.pi, math.pi), (0.3 * points.normal()).exp()
    x, y = points.place_px.unbind(-1)
    cosine, sine = ((scale * part)[:, None] for part in (angle.cos(), angle.sin()))
    return points.moved(torch.stack([x * cosine - y * sine, x * sine + y * cosine], -1))


def pace(points: Points) -> Points:
    """The same path at a speed by formula: constant, minimum-jerk, or a power of time."""
    share = points.time_share
    minimum_jerk = share**3 * (10 + share * (6 * share - 15))
    power = share ** points.uniform(0.6, 1.8, 1)
    kind = points.choice(0, 3)
    travelled = points.steps_px.norm(dim=-1).cumsum(1)
    progress = travelled / travelled[:, -1:].clamp(min=1e-3)
    return points.moved_inside(
        _interpolate(points.with_start, progress, (share, minimum_jerk, power)[kind])
    )


def warp(points: Points) -> Points:
    """The same path, ahead of its time or behind it by a smooth curve."""
    share = points.time_share
    ahead = points.uniform(-0.25, 0.25, 1) * torch.sin(math.pi * share)
    return points.moved_inside(_interpolate(points.with_start, share, (share + ahead).clamp(0, 1)))


def shuffle(points: Points) -> Points:
    """Steps change places with their neighbours."""
    T = points.place_px.shape[1]
    reach = points.uniform(1.0, 4.0, 1)
    key = torch.arange(T) + reach * points.uniform(0.0, 1.0, T)
    return points.reordered(torch.where(points.mask, key, math.inf))


def reverse(points: Points) -> Points:
    """The last step comes first: the gesture starts as it should end."""
    places = torch.arange(points.place_px.shape[1])
    return points.reordered(torch.where(points.mask, points.lengths[:, None] - places, math.inf))


def splice(points: Points) -> Points:
    """Somewhere in its middle the gesture continues as another one does."""
    steps = points.steps_px
    other = steps[torch.randperm(len(steps), generator=points.rng)]
    own = torch.arange(steps.shape[1]) < points.uniform(0.2, 0.8, 1) * points.lengths[:, None]
    return points.moved(torch.where(own[..., None], steps, other).cumsum(1))


def retime(points: Points) -> Points:
    """The same points at other times: an even clock, a noisy one, or its own gaps shuffled."""
    dt_ms = points.time_ms.diff(dim=1, prepend=points.time_ms.new_zeros(len(points.lengths), 1))
    T = dt_ms.shape[1]
    kind = points.choice(0, 3)
    if kind == 0:
        dt_ms = points.uniform(4.0, 21.0, 1).round().expand_as(dt_ms)
    elif kind == 1:
        dt_ms = dt_ms * (0.3 * points.normal(T)).exp()
    else:
        key = torch.where(points.mask, points.uniform(0.0, 1.0, T), math.inf)
        dt_ms = dt_ms.gather(1, key.argsort(1))
    return replace(points, time_ms=dt_ms.cumsum(1))


PERTURBATIONS: tuple[Perturbation, ...] = (
    smooth,
    straighten,
    bend,
    jitter,
    turn,
    pace,
    warp,
    shuffle,
    reverse,
    splice,
    retime,
)


def _interpolate(
    points: Float[Tensor, "B N 2"], progress: Float[Tensor, "B T"], wanted: Float[Tensor, "B T"]
) -> Float[Tensor, "B T 2"]:
    """Return the places at wanted progress, linear between points; `progress` is at all but the first."""
    progress = torch.nn.functional.pad(progress, (1, 0)).contiguous()
    after = torch.searchsorted(progress, wanted.contiguous()).clamp(1, progress.shape[1] - 1)
    low, high = progress.gather(1, after - 1), progress.gather(1, after)
    part = ((wanted - low) / (high - low).clamp(min=1e-6)).clamp(0, 1)[..., None]
    first, second = (
        points.gather(1, place[..., None].expand(-1, -1, 2)) for place in (after - 1, after)
    )
    return torch.lerp(first, second, part)
