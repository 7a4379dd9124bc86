"""A natural cubic spline through random way-points."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from humouse.bots.interpolation import look_up
from humouse.bots.random_streams import RandomStreams
from humouse.bots.scripted import ScriptedBot, check_not_negative
from humouse.bots.speed import profile
from humouse.bots.target import Target
from humouse.errors import InputError
from humouse.trajectories import Trajectories

MOST_WAYPOINTS = 8
# Largest deviation of a way-point from even spacing along the chord, as a share of the spacing.
_UNEVEN = 0.3


class Spline(ScriptedBot):
    """Moves along the natural cubic spline through way-points scattered about the chord.

    Way-points are reached after equal shares of the profile's progress.

    Args:
        people: See `ScriptedBot`.
        waypoints: How many, besides the first point and the last; 1 to `MOST_WAYPOINTS`.
        bow: Largest distance of a way-point from the chord, as a share of the chord.
        speed: One of `SPEEDS`.
        tick_ms: See `ScriptedBot`.

    Raises:
        InputError: See `ScriptedBot`; an unknown speed, a negative bow, too few or many way-points.
    """

    name = "spline"
    family = "spline"

    def __init__(
        self,
        people: Trajectories,
        *,
        waypoints: int = 3,
        bow: float = 0.15,
        speed: str = "bell",
        tick_ms: float | None = None,
    ) -> None:
        super().__init__(people, tick_ms=tick_ms)
        if not 1 <= waypoints <= MOST_WAYPOINTS:
            raise InputError(f"waypoints={waypoints}: must lie in 1…{MOST_WAYPOINTS}")
        check_not_negative(bow=bow)
        self._progress = profile(speed)
        self._waypoints, self._bow = waypoints, bow

    def _path(self, target: Target, streams: RandomStreams) -> Float[Tensor, "B T 2"]:
        inner = self._waypoints
        spread = 2 * streams.uniform("waypoints", 2 * inner).unflatten(1, (inner, 2)) - 1
        spread = spread * torch.tensor([_UNEVEN / (inner + 1), self._bow])
        even = torch.arange(1, inner + 2) / (inner + 1)
        points = torch.stack([even, torch.zeros(inner + 1)], 1).repeat(len(spread), 1, 1)
        points[:, :inner] += spread
        return target.from_chord(natural_spline(self._progress(target.share), points))


def natural_spline(
    parameter: Float[Tensor, "B T"], points: Float[Tensor, "B K 2"]
) -> Float[Tensor, "B T 2"]:
    """Return [B, T, 2] points of the natural cubic splines from (0, 0) through `points`.

    With knots one apart, the second derivatives m of the cubics that join P_j satisfy

        m_{j−1} + 4 m_j + m_{j+1} = 6 (P_{j−1} − 2 P_j + P_{j+1}),    m_0 = m_K = 0,

    and from knot j on

        p(u) = P_j + u (P_{j+1} − P_j − (2 m_j + m_{j+1})/6) + u² m_j/2 + u³ (m_{j+1} − m_j)/6.

    Args:
        parameter: [B, T] s, 0 to 1; point j, counted from 1, is reached at j/K.
        points: [B, K, 2] way-points and the end.
    """
    K = points.shape[1]
    knots = torch.nn.functional.pad(points, (0, 0, 1, 0))
    way = knots.diff(dim=1)
    bend = torch.zeros_like(knots)
    # Column by column: the summation order of a matrix product depends on its size.
    for number, column in enumerate(_solution(K).T.tolist(), 1):
        turn = 6 * (way[:, number] - way[:, number - 1])
        bend[:, 1:-1] += torch.tensor(column, dtype=points.dtype)[:, None] * turn[:, None]
    early, late = bend[:, :-1], bend[:, 1:]
    cubics = [knots[:, :-1], way - (2 * early + late) / 6, early / 2, (late - early) / 6]
    found, u = look_up(torch.cat(cubics, 2), K * parameter)
    constant, linear, square, cube = found.split(2, 2)
    return constant + u * (linear + u * (square + u * cube))


def _solution(K: int) -> Float[np.ndarray, "k k"]:
    """Return the inverse of the K − 1 equations for the second derivatives."""
    return np.linalg.inv(4 * np.eye(K - 1) + np.eye(K - 1, k=1) + np.eye(K - 1, k=-1))
