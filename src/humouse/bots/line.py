"""A straight line to the goal."""

from jaxtyping import Float
from torch import Tensor

from humouse.bots.random_streams import RandomStreams
from humouse.bots.scripted import ScriptedBot
from humouse.bots.speed import profile
from humouse.bots.target import Target
from humouse.trajectories import Trajectories


class Line(ScriptedBot):
    """Moves in a straight line, as most automation libraries do.

    Args:
        people: See `ScriptedBot`.
        speed: One of `SPEEDS`.
        tick_ms: See `ScriptedBot`.

    Raises:
        InputError: See `ScriptedBot`; an unknown speed.
    """

    name = "line"
    family = "function"

    def __init__(
        self, people: Trajectories, *, speed: str = "bell", tick_ms: float | None = None
    ) -> None:
        super().__init__(people, tick_ms=tick_ms)
        self._progress = profile(speed)

    def _path(self, target: Target, streams: RandomStreams) -> Float[Tensor, "B T 2"]:
        return self._progress(target.share)[..., None] * target.goal_px[:, None]
