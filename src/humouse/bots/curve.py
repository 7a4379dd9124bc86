"""Curves that are functions: parabolas and exponentials from the first point to the last.

With the straight `Line` and three speed profiles they are the nine function-based attacks of
BeCAPTCHA-Mouse (Acien et al. 2022, arXiv:2005.00890).
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.bots.random_streams import RandomStreams
from humouse.bots.scripted import ScriptedBot, check_not_negative
from humouse.bots.speed import profile
from humouse.bots.target import Target
from humouse.errors import InputError
from humouse.trajectories import Trajectories

# From nearly a straight line to nearly a right angle.
_GROWTH = (1.0, 6.0)
# A function of x has no vertical piece, so the chord keeps away from the axes.
_TILT_RAD = (0.35, 1.22)


class Curve(ScriptedBot):
    """Moves along a parabola or an exponential; the speed profile applies to the abscissa.

    Args:
        people: See `ScriptedBot`.
        shape: One of `SHAPES`.
        speed: One of `SPEEDS`.
        bow: Largest distance of a parabola from the chord, as a share of the chord.
        tick_ms: See `ScriptedBot`.

    Raises:
        InputError: See `ScriptedBot`; an unknown shape or speed, a negative bow.
    """

    name = "curve"
    family = "function"

    def __init__(
        self,
        people: Trajectories,
        *,
        shape: str = "quadratic",
        speed: str = "bell",
        bow: float = 0.3,
        tick_ms: float | None = None,
    ) -> None:
        super().__init__(people, tick_ms=tick_ms)
        if shape not in SHAPES:
            raise InputError(f"shape={shape!r}: choose {' or '.join(SHAPES)}")
        check_not_negative(bow=bow)
        self._progress = profile(speed)
        self._draw, self._bow = SHAPES[shape], bow

    def _path(self, target: Target, streams: RandomStreams) -> Float[Tensor, "B T 2"]:
        return target.from_chord(self._draw(self._progress(target.share), self._bow, streams))


def parabola(
    abscissa: Float[Tensor, "B T"], height: Float[Tensor, "B 1"]
) -> Float[Tensor, "B T 2"]:
    """Return [B, T, 2] points of y = ax² + bx + c through (0, 0), (½, height) and (1, 0).

    Args:
        abscissa: [B, T] x, 0 to 1.
        height: [B, 1] largest distance from the chord.
    """
    return torch.stack([abscissa, 4 * height * abscissa * (1 - abscissa)], -1)


def exponential(
    abscissa: Float[Tensor, "B T"], growth: Float[Tensor, "B 1"], tilt_rad: Float[Tensor, "B 1"]
) -> Float[Tensor, "B T 2"]:
    """Return [B, T, 2] points of y = a·e^(kx) + c, in tilted axes, from (0, 0) to (1, 0).

    In those axes it runs from (0, 0) to (cos θ, −sin θ): y = −sin θ · (e^(ku) − 1) / (e^k − 1) with
    u = x / cos θ, and stays within ½ of the chord.

    Args:
        abscissa: [B, T] u, 0 to 1.
        growth: [B, 1] k, not 0.
        tilt_rad: [B, 1] θ, angle from the chord to the x axis.
    """
    grown = torch.expm1(growth * abscissa) / torch.expm1(growth)
    cos, sin = tilt_rad.cos(), tilt_rad.sin()
    along = cos * cos * abscissa + sin * sin * grown
    return torch.stack([along, cos * sin * (abscissa - grown)], -1)


def _quadratic(
    abscissa: Float[Tensor, "B T"], bow: float, streams: RandomStreams
) -> Float[Tensor, "B T 2"]:
    return parabola(abscissa, bow * (2 * streams.uniform("height") - 1))


def _exponential(
    abscissa: Float[Tensor, "B T"], bow: float, streams: RandomStreams
) -> Float[Tensor, "B T 2"]:
    sizes, coins = streams.uniform("sizes", 2), streams.uniform("signs", 2)
    low, high = torch.tensor([_GROWTH, _TILT_RAD]).unbind(1)
    signed = torch.where(coins < 0.5, 1.0, -1.0) * (low + (high - low) * sizes)
    return exponential(abscissa, *signed.split(1, 1))


SHAPES: dict[str, Callable[[Tensor, float, RandomStreams], Tensor]] = {
    "quadratic": _quadratic,
    "exponential": _exponential,
}
