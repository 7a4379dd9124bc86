"""A straight line with coloured noise on it."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.bots.interpolation import interpolate
from humouse.bots.random_streams import RandomStreams
from humouse.bots.scripted import ScriptedBot, check_not_negative
from humouse.bots.speed import profile
from humouse.bots.target import Target
from humouse.trajectories import Trajectories

POINTS = 129
"""Points of the noise, first and last included; it is straight from one to the next."""


class Noise(ScriptedBot):
    """Moves in a straight line, with noise of power 1/f^β added that is 0 at both ends.

    Args:
        people: See `ScriptedBot`.
        colour: β of the position's noise: 0 white, 1 pink, 2 brown, a random walk; 4 is one whose
            velocity is a random walk.
        size: Root mean square of the noise along each axis, as a share of the chord, before it is
            made 0 at the ends.
        speed: One of `SPEEDS`.
        tick_ms: See `ScriptedBot`.

    Raises:
        InputError: See `ScriptedBot`; an unknown speed, a negative colour or size.
    """

    name = "noise"
    family = "noise"

    def __init__(
        self,
        people: Trajectories,
        *,
        colour: float = 2.0,
        size: float = 0.05,
        speed: str = "bell",
        tick_ms: float | None = None,
    ) -> None:
        super().__init__(people, tick_ms=tick_ms)
        check_not_negative(colour=colour, size=size)
        self._progress = profile(speed)
        self._colour, self._size = colour, size

    def _path(self, target: Target, streams: RandomStreams) -> Float[Tensor, "B T 2"]:
        white = streams.normal("noise", 4 * (POINTS - 1)).view(2 * streams.rows, -1)
        noise = bridge(coloured(white, self._colour)[:, :POINTS])
        noise = self._size * noise.view(-1, 2, POINTS).transpose(1, 2)
        noisy = interpolate(noise, target.share * (POINTS - 1))
        noisy[..., 0] += self._progress(target.share)
        return target.from_chord(noisy)


def coloured(white: Float[Tensor, "R N"], colour: float) -> Float[Tensor, "R N"]:
    """Return [R, N] noise of power 1/f^β, mean 0 and variance 1 over time on average.

    The spectrum of white noise times f^(−β/2) (Timmer & König 1995); periodic in N, so that at most
    half of it should be used where it must not repeat.

    Args:
        white: [R, N] standard normal numbers, N even.
        colour: β.
    """
    N = white.shape[1]
    weight = torch.arange(N // 2 + 1, dtype=white.dtype)
    weight[1:] **= -colour / 2
    # By Parseval; every frequency but the last stands for two.
    power = 2 * weight[1:-1].square().sum() + weight[-1].square()
    return torch.fft.irfft(torch.fft.rfft(white) * weight, n=N) * math.sqrt(N / float(power))


def bridge(walk: Float[Tensor, "R N"]) -> Float[Tensor, "R N"]:
    """Return [R, N] the walk minus the straight line from its first to its last value."""
    share = torch.linspace(0, 1, walk.shape[1], dtype=walk.dtype)
    return walk - torch.lerp(walk[:, :1], walk[:, -1:], share)
