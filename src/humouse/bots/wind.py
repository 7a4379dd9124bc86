"""WindMouse: a pointer with inertia is pulled to its goal by gravity, through gusts of wind.

From the equations that Land gives for movers in game scripts (2021,
https://ben.land/post/2021/04/25/windmouse-human-mouse-movement/): in each step

    W ← W/√3 + u/√5      far from the goal, u uniform in a square; W ← W/√3 near it
    v ← v + W + G (x_goal − x)/|x_goal − x|,    shortened to between ½ and 1 of v_max if longer
    x ← x + v,

and near the goal v_max falls by √5 a step, to a least one.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from humouse.bots.interpolation import interpolate
from humouse.bots.random_streams import RandomStreams
from humouse.bots.scripted import ScriptedBot, check_not_negative
from humouse.bots.target import Target
from humouse.trajectories import Trajectories

MOST_STEPS = 160
"""Most steps of its own; after them a straight line leads to the goal."""

# Distance to the goal in steps at full speed: how coarse the movement is.
_STEPS = (20.0, 50.0)
# The least speed near the goal, over the full one.
_SLOWEST = 0.25


@dataclass(frozen=True, eq=False)
class Weather:
    """Forces in units of the full speed, and the random numbers of one fall.

    Args:
        gravity: G, the pull towards the goal.
        wind: Largest gust; no gust exceeds the remaining distance.
        near: Distance from the goal at which gusts end and the pointer slows down.
        gusts: [N, B] u, of at most 1 along each axis of the complex plane.
        shortening: [N, B] 0 to 1, maps to the ½ to 1 of the highest speed that a speed is cut to.
    """

    gravity: float
    wind: float
    near: float
    gusts: Complex[Tensor, "N B"]
    shortening: Float[Tensor, "N B"]


class Wind(ScriptedBot):
    """Is pulled to the goal through gusts of wind; each of its own steps takes the same time.

    Args:
        people: See `ScriptedBot`.
        gravity: Pull towards the goal in each step, in steps of full speed.
        wind: Largest gust, in the same unit.
        near: Distance from the goal at which gusts end and it slows down, in the same unit.
        tick_ms: See `ScriptedBot`.

    Raises:
        InputError: See `ScriptedBot`; a negative gravity, wind or distance.
    """

    name = "wind"
    family = "wind"

    def __init__(
        self,
        people: Trajectories,
        *,
        gravity: float = 0.6,
        wind: float = 0.2,
        near: float = 0.8,
        tick_ms: float | None = None,
    ) -> None:
        super().__init__(people, tick_ms=tick_ms)
        check_not_negative(gravity=gravity, wind=wind, near=near)
        self._forces = gravity, wind, near

    def _path(self, target: Target, streams: RandomStreams) -> Float[Tensor, "B T 2"]:
        east, south, shortening = streams.uniform("weather", 3 * MOST_STEPS).T.contiguous().chunk(3)
        gusts = torch.complex(2 * east - 1, 2 * south - 1)
        low, high = _STEPS
        full_speed = 1 / (low + (high - low) * streams.uniform("steps")[:, 0])
        points, count = fall(full_speed, Weather(*self._forces, gusts, shortening))
        return target.from_chord(interpolate(points, target.share * count[:, None]))


def fall(
    full_speed: Float[Tensor, "B"], weather: Weather
) -> tuple[Float[Tensor, "B N1 2"], Float[Tensor, "B"]]:
    """Return [B, N + 1, 2] the positions after each step from (0, 0) to (1, 0), and the steps taken.

    A step that could reach the goal ends there, and so does the last one.

    Args:
        full_speed: [B] v_max far from the goal, as a share of the chord.
        weather: For as many steps as are allowed.
    """
    N, B = weather.gusts.shape
    places = weather.gusts.new_ones(N + 1, B)
    place, speed, gust = (weather.gusts.new_zeros(B) for _ in range(3))
    places[0] = 0
    highest, pull = full_speed, weather.gravity * full_speed
    under_way = torch.ones(B, dtype=torch.bool)
    count = torch.ones(B)
    for step in range(N - 1):
        way = 1 - place
        left = way.abs()
        under_way = under_way & (left > highest)
        if not bool(under_way.any()):
            break
        far = left >= weather.near * full_speed
        blow = (weather.wind * full_speed).minimum(left) * far / math.sqrt(5)
        gust = gust / math.sqrt(3) + blow * weather.gusts[step]
        slower = (highest / math.sqrt(5)).maximum(_SLOWEST * full_speed)
        highest = torch.where(far, highest, slower)
        speed = speed + gust + (pull / left) * way
        length = speed.abs()
        cut = highest * (1 + weather.shortening[step]) / 2
        speed = torch.where(length > highest, cut / length, 1.0) * speed
        place = place + speed
        places[step + 1] = torch.where(under_way, place, places[step + 1])
        count += under_way
    return torch.view_as_real(places).transpose(0, 1), count
