"""People's gestures spoilt in many ways: bots that a detector can have without knowing any bot.

What a detector learns from a handful of bots, it knows of those. Spoilt gestures lie all around
people's own, and each way takes something else that movements of a hand have: their roughness,
their course, their timing, or the pixel grid that they were recorded on.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from humouse.codec import merge_zero_moves
from humouse.trajectories import Trajectories

# A second way is added to so many of the gestures.
_TWICE = 0.4


@dataclass
class _Course:
    """Gestures on their way: where they are and when, at each point after the first."""

    place_px: Float[Tensor, "B T 2"]
    time_ms: Float[Tensor, "B T"]
    lengths: Int[Tensor, "B"]
    rng: torch.Generator

    @property
    def mask(self) -> Bool[Tensor, "B T"]:
        return torch.arange(self.time_ms.shape[1]) < self.lengths[:, None]

    @property
    def share(self) -> Float[Tensor, "B T"]:
        """[B, T] share of the time that has passed."""
        return self.time_ms / self.time_ms[:, -1:].clamp(min=1)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(len(self.lengths), *shape, generator=self.rng)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(len(self.lengths), *shape, generator=self.rng)

    def steps_px(self) -> Float[Tensor, "B T 2"]:
        return self.place_px.diff(dim=1, prepend=self.place_px.new_zeros(len(self.lengths), 1, 2))

    def with_start(self) -> Float[Tensor, "B N 2"]:
        return torch.cat([self.place_px.new_zeros(len(self.lengths), 1, 2), self.place_px], 1)

    def inner(self, place_px: Float[Tensor, "B T 2"]) -> Float[Tensor, "B T 2"]:
        """Return the new places, but for the last point, which stays."""
        inside = torch.arange(place_px.shape[1]) < self.lengths[:, None] - 1
        return torch.where(inside[..., None], place_px, self.place_px)


def corrupted(people: Trajectories, rng: torch.Generator) -> Trajectories:
    """Return the gestures, each spoilt in one or two ways drawn at random, on whole px and ms.

    Zero moves are merged, as they are wherever a detector looks: rounding makes many that no other
    movement has.

    Args:
        people: B gestures.
        rng: Draws the ways and how far each goes.
    """
    mask = people.mask
    place_px, time_ms = people.deltas[..., :2].cumsum(1), people.deltas[..., 2].cumsum(1)
    first = torch.randint(len(_WAYS), (len(people),), generator=rng)
    second = torch.randint(len(_WAYS), (len(people),), generator=rng)
    once = torch.rand(len(people), generator=rng) >= _TWICE
    for ways in (first, torch.where(once, -1, second)):
        for number, spoil in enumerate(_WAYS):
            rows = (ways == number).nonzero()[:, 0]
            if len(rows):
                course = _Course(place_px[rows], time_ms[rows], people.lengths[rows], rng)
                spoil(course)
                place_px[rows], time_ms[rows] = course.place_px, course.time_ms
    moves = place_px.round().diff(dim=1, prepend=place_px.new_zeros(len(people), 1, 2))
    dt_ms = time_ms.round().diff(dim=1, prepend=time_ms.new_zeros(len(people), 1)).clamp(min=0)
    deltas = torch.cat([moves, dt_ms[..., None]], -1) * mask[..., None]
    # One that is spoilt to a standstill stays as it was; one that stood still has nothing to spoil.
    still = deltas[..., :2].eq(0).all((1, 2))
    deltas = torch.where(still[:, None, None], people.deltas, deltas)
    spoilt = Trajectories(deltas, people.lengths, people.start, people.user, "corrupted")
    return merge_zero_moves(spoilt)


def _smoothed(course: _Course) -> None:
    """Each point becomes the mean of those around it: no tremor, no stairs."""
    reach = int(torch.randint(1, 4, (1,), generator=course.rng))
    padded = torch.nn.functional.pad(
        course.with_start().transpose(1, 2), (reach, reach), mode="replicate"
    )
    mean = torch.nn.functional.avg_pool1d(padded, 2 * reach + 1, 1).transpose(1, 2)
    course.place_px = course.inner(mean[:, 1:])


def _straightened(course: _Course) -> None:
    """Points move towards the chord, some way or all of it."""
    goal = course.place_px[:, -1:]
    along = (course.place_px * goal).sum(-1, keepdim=True)
    chord = along / goal.square().sum(-1, keepdim=True).clamp(min=1) * goal
    course.place_px = torch.lerp(
        course.place_px, chord, course.uniform(0.3, 1.3, 1, 1).clamp(max=1)
    )


def _bent(course: _Course) -> None:
    """Slow waves of a few per cent of the distance are added to the way."""
    wave = torch.zeros_like(course.place_px)
    for number in (1, 2, 3):
        size = course.normal(1, 2) / number
        wave += size * torch.sin(math.pi * number * course.share)[..., None]
    distance = course.place_px[:, -1:].norm(dim=-1, keepdim=True)
    course.place_px = course.place_px + 0.06 * distance * course.uniform(0.0, 1.0, 1, 1) * wave


def _jittered(course: _Course) -> None:
    """Each point is off by itself."""
    T = course.place_px.shape[1]
    size_px = course.uniform(0.3, 2.0, 1, 1)
    course.place_px = course.inner(course.place_px + size_px * course.normal(T, 2))


def _turned(course: _Course) -> None:
    """Turned by any angle, and scaled: the course is a person's, its pixel grid is not."""
    angle, scale = course.uniform(-math.pi, math.pi), (0.3 * course.normal()).exp()
    x, y = course.place_px.unbind(-1)
    cosine, sine = ((scale * part)[:, None] for part in (angle.cos(), angle.sin()))
    course.place_px = torch.stack([x * cosine - y * sine, x * sine + y * cosine], -1)


def _paced(course: _Course) -> None:
    """The same way at a speed by formula: even, bell-shaped, or ever faster or slower."""
    share = course.share
    bell = share**3 * (10 + share * (6 * share - 15))
    power = share ** course.uniform(0.6, 1.8, 1)
    way = int(torch.randint(3, (1,), generator=course.rng))
    travelled = course.steps_px().norm(dim=-1).cumsum(1)
    done = travelled / travelled[:, -1:].clamp(min=1e-3)
    course.place_px = course.inner(_at(course.with_start(), done, (share, bell, power)[way]))


def _warped(course: _Course) -> None:
    """The same way, here a little ahead of its time and there behind."""
    share = course.share
    ahead = course.uniform(-0.25, 0.25, 1) * torch.sin(math.pi * share)
    course.place_px = course.inner(_at(course.with_start(), share, (share + ahead).clamp(0, 1)))


def _shuffled(course: _Course) -> None:
    """Steps change places with their neighbours."""
    steps = course.steps_px()
    key = torch.arange(steps.shape[1]) + course.uniform(1.0, 4.0, 1) * course.uniform(
        0.0, 1.0, steps.shape[1]
    )
    _reorder(course, torch.where(course.mask, key, math.inf))


def _reversed(course: _Course) -> None:
    """The last step comes first: it starts as it should end."""
    places = torch.arange(course.place_px.shape[1])
    _reorder(course, torch.where(course.mask, course.lengths[:, None] - places, math.inf))


def _spliced(course: _Course) -> None:
    """Somewhere in its middle it goes on as another gesture does."""
    steps = course.steps_px()
    other = steps[torch.randperm(len(steps), generator=course.rng)]
    own = torch.arange(steps.shape[1]) < course.uniform(0.2, 0.8, 1) * course.lengths[:, None]
    course.place_px = torch.where(own[..., None], steps, other).cumsum(1)


def _retimed(course: _Course) -> None:
    """The same points at other times: an even clock, an uneven one, or its own gaps in disorder."""
    dt_ms = course.time_ms.diff(dim=1, prepend=course.time_ms.new_zeros(len(course.lengths), 1))
    T = dt_ms.shape[1]
    way = int(torch.randint(3, (1,), generator=course.rng))
    if way == 0:
        dt_ms = course.uniform(4.0, 21.0, 1).round().expand_as(dt_ms)
    elif way == 1:
        dt_ms = dt_ms * (0.3 * course.normal(T)).exp()
    else:
        key = torch.where(course.mask, course.uniform(0.0, 1.0, T), math.inf)
        dt_ms = dt_ms.gather(1, key.argsort(1))
    course.time_ms = dt_ms.cumsum(1)


_WAYS: tuple[Callable[[_Course], None], ...] = (
    _smoothed,
    _straightened,
    _bent,
    _jittered,
    _turned,
    _paced,
    _warped,
    _shuffled,
    _reversed,
    _spliced,
    _retimed,
)


def _reorder(course: _Course, key: Float[Tensor, "B T"]) -> None:
    order = key.argsort(dim=1, stable=True)[..., None].expand(-1, -1, 2)
    course.place_px = course.steps_px().gather(1, order).cumsum(1)


def _at(
    points: Float[Tensor, "B N 2"], done: Float[Tensor, "B T"], wanted: Float[Tensor, "B T"]
) -> Float[Tensor, "B T 2"]:
    """Return where it is when `wanted` is done, given how much is done at each point but the first."""
    done = torch.nn.functional.pad(done, (1, 0)).contiguous()
    after = torch.searchsorted(done, wanted.contiguous()).clamp(1, done.shape[1] - 1)
    low, high = done.gather(1, after - 1), done.gather(1, after)
    part = ((wanted - low) / (high - low).clamp(min=1e-6)).clamp(0, 1)[..., None]
    first, second = (
        points.gather(1, place[..., None].expand(-1, -1, 2)) for place in (after - 1, after)
    )
    return torch.lerp(first, second, part)
