"""A cubic Bézier curve with random control points, as automation libraries draw it."""

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.bots.random_streams import RandomStreams
from humouse.bots.scripted import ScriptedBot, check_not_negative
from humouse.bots.speed import profile
from humouse.bots.target import Target
from humouse.errors import InputError
from humouse.trajectories import Trajectories

SIDES = ("one", "both", "either")
# Ranges along the chord of each control point, as shares of its length.
_ALONG = ((0.1, 0.5), (0.5, 0.9))


class Bezier(ScriptedBot):
    """Moves along a cubic Bézier curve whose two control points lie at random beside the chord.

    As is usual, the speed profile applies to the curve's parameter, not to its arc length.

    Args:
        people: See `ScriptedBot`.
        speed: One of `SPEEDS`.
        side: Where the control points lie: both on "one" side of the chord (an arc), on "both" sides
            (an S), or "either" of these at random.
        bow: Largest distance of a control point from the chord, as a share of the chord.
        jitter_px: Standard deviation of noise added to each point but the first and the last.
        tick_ms: See `ScriptedBot`.

    Raises:
        InputError: See `ScriptedBot`; an unknown speed or side, a negative bow or jitter.
    """

    name = "bezier"
    family = "bezier"

    def __init__(
        self,
        people: Trajectories,
        *,
        speed: str = "bell",
        side: str = "either",
        bow: float = 0.4,
        jitter_px: float = 0.0,
        tick_ms: float | None = None,
    ) -> None:
        super().__init__(people, tick_ms=tick_ms)
        if side not in SIDES:
            raise InputError(f"side={side!r}: choose {', '.join(SIDES)}")
        check_not_negative(bow=bow, jitter_px=jitter_px)
        self._progress = profile(speed)
        self._side, self._bow, self._jitter_px = side, bow, jitter_px

    def _path(self, target: Target, streams: RandomStreams) -> Float[Tensor, "B T 2"]:
        path = target.from_chord(bezier(self._progress(target.share), self._controls(streams)))
        if self._jitter_px:
            path = path + self._jitter_px * streams.normal_steps("jitter", path.shape[1])
        return path

    def _controls(self, streams: RandomStreams) -> Float[Tensor, "B 2 2"]:
        """Return [B, 2, 2] both control points, along and beside the chord, as shares of it."""
        low, high = torch.tensor(_ALONG).unbind(1)
        along = low + (high - low) * streams.uniform("along", 2)
        beside = self._bow * streams.uniform("beside", 2)
        coins = streams.uniform("side", 2) < 0.5
        same = coins[:, 1] if self._side == "either" else torch.tensor(self._side == "one")
        first = torch.where(coins[:, 0], 1.0, -1.0)
        second = torch.where(same, first, -first)
        return torch.stack([along, beside * torch.stack([first, second], 1)], -1)


def bezier(
    parameter: Float[Tensor, "B T"], controls: Float[Tensor, "B 2 2"]
) -> Float[Tensor, "B T 2"]:
    """Return [B, T, 2] points of the cubic Bézier curves from (0, 0) to (1, 0).

    3(1 − s)²s·P₁ + 3(1 − s)s²·P₂ + s³·(1, 0)

    Args:
        parameter: [B, T] s, 0 to 1.
        controls: [B, 2, 2] P₁ and P₂.
    """
    s = parameter
    late = 3 * s * s * (1 - s)
    early = 3 * s * (1 - s) - late
    first, second = (controls[:, point, :, None] for point in (0, 1))
    along = early * first[:, 0] + late * second[:, 0] + s * s * s
    beside = early * first[:, 1] + late * second[:, 1]
    return torch.stack([along, beside], -1)
