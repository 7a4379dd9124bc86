"""Lognormal strokes: one towards the goal, corrections, tremor and motor noise."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.bots.random_streams import RandomStreams
from humouse.bots.scripted import ScriptedBot, check_not_negative
from humouse.bots.target import Target
from humouse.errors import InputError
from humouse.features.strokes.model import Strokes, path
from humouse.trajectories import Trajectories

MOST_CORRECTIONS = 4
# As shares of the duration: when the first stroke peaks, and its width (a stroke lasts six widths).
_FIRST_PEAK, _WIDTH = (0.25, 0.45), (0.08, 0.14)
# How much narrower the corrections are.
_NARROWER = 0.7
# Spread of the logarithm of the delay: the skewness of a stroke.
_RESPONSE = (0.15, 0.35)
_BEND_RAD = 0.5
# Scales of the distance that each stroke leaves, and of its error to the side.
_UNDERSHOOT, _MISS = 0.06, 0.05
_TREMOR_HZ = (8.0, 12.0)
# Movements computed at a time, so that the arrays fit a processor's cache.
_IN_CACHE = 128


class SigmaLognormal(ScriptedBot):
    """Moves by lognormal strokes (see `humouse.features.strokes.model`) with tremor and motor noise.

    The first stroke ends near the goal, each correction nearer, the last one at the goal. Tremor has
    8 to 12 Hz (Elble & Koller 1990); noise grows with speed (Harris & Wolpert 1998,
    doi:10.1038/29528).

    Args:
        people: See `ScriptedBot`.
        corrections: How many strokes follow the first; 0 to `MOST_CORRECTIONS`.
        tremor_px: Amplitude of the tremor along each axis.
        noise: Standard deviation of a step's error, relative to the step.
        tick_ms: See `ScriptedBot`.

    Raises:
        InputError: See `ScriptedBot`; too many corrections, a negative tremor or noise.
    """

    name = "sigma_lognormal"
    family = "sigma_lognormal"

    def __init__(
        self,
        people: Trajectories,
        *,
        corrections: int = 2,
        tremor_px: float = 0.5,
        noise: float = 0.05,
        tick_ms: float | None = None,
    ) -> None:
        super().__init__(people, tick_ms=tick_ms)
        if not 0 <= corrections <= MOST_CORRECTIONS:
            raise InputError(f"corrections={corrections}: must lie in 0…{MOST_CORRECTIONS}")
        check_not_negative(tremor_px=tremor_px, noise=noise)
        self._count = corrections + 1
        self._tremor_px, self._noise = tremor_px, noise

    def _path(self, target: Target, streams: RandomStreams) -> Float[Tensor, "B T 2"]:
        place = target.from_chord(reach(self._strokes(streams), target.share))
        if self._noise:
            place = self._inexact(place, target, streams)
        if self._tremor_px:
            place = place + self._tremor(target, streams)
        return place

    def _strokes(self, streams: RandomStreams) -> Strokes:
        """Return strokes from (0, 0) to (1, 0) with a duration of 1."""
        K = self._count
        left = _UNDERSHOOT * streams.normal("undershoot", K).abs()
        missed = _MISS * streams.normal("miss", K)
        # The distance left after each stroke shrinks with the number of strokes.
        size = 1 / torch.arange(1, K + 1)
        ends = torch.stack([1 - left * size, missed * size], 2)
        ends[:, -1] = torch.tensor([1.0, 0.0])
        ways = ends.diff(dim=1, prepend=torch.zeros(streams.rows, 1, 2))
        bend = _BEND_RAD * streams.normal("bend", K)
        width = _between(_WIDTH, streams.uniform("width", K))
        width[:, 1:] *= _NARROWER
        peak = _between(_FIRST_PEAK, streams.uniform("peak"))
        # Corrections follow evenly until about three widths before the end.
        late = torch.arange(K) + 0.3 * (streams.uniform("peaks", K) - 0.5) * torch.arange(K).sign()
        gap = (1 - 3.5 * width[:, -1:] - peak) / max(K - 1, 1)
        return along(
            ways,
            bend,
            peak + gap * late,
            width,
            _between(_RESPONSE, streams.uniform("response", K)),
        )

    def _inexact(
        self, place: Float[Tensor, "B T 2"], target: Target, streams: RandomStreams
    ) -> Float[Tensor, "B T 2"]:
        """Return the path with an error in proportion to each step, and its end unchanged."""
        steps = place.diff(dim=1, prepend=place.new_zeros(len(place), 1, 2))
        wrong = streams.normal_steps("motor", place.shape[1]).mul_(self._noise)
        off = wrong.mul_(steps.norm(dim=-1, keepdim=True)).cumsum(1)
        last = (target.lengths - 1)[:, None, None].expand(-1, 1, 2)
        return place + off - target.share[..., None] * off.gather(1, last)

    def _tremor(self, target: Target, streams: RandomStreams) -> Float[Tensor, "B T 2"]:
        """Return [B, T, 2] the tremor at the end of each step (px); it begins and ends at 0."""
        hertz = _between(_TREMOR_HZ, streams.uniform("hertz", 2))
        phase = streams.uniform("phase", 2)
        turns = target.times_ms[..., None] / 1000 * hertz[:, None] + phase[:, None]
        swell = (math.pi * target.share).sin()[..., None]
        return self._tremor_px * swell * (2 * math.pi * turns).sin()


def _between(bounds: tuple[float, float], draw: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
    return bounds[0] + (bounds[1] - bounds[0]) * draw


def along(
    ways: Float[Tensor, "B K 2"],
    bend_rad: Float[Tensor, "B K"],
    peak: Float[Tensor, "B K"],
    width: Float[Tensor, "B K"],
    response: Float[Tensor, "B K"],
) -> Strokes:
    """Return strokes with these displacements, each along a circular arc.

    Args:
        ways: [B, K, 2] vector from the start of each to its end.
        bend_rad: [B, K] total turn of each.
        peak: [B, K] time of its highest speed.
        width: [B, K] σ e^µ, the spread of its time of motion.
        response: [B, K] σ.
    """
    log_delay = (width / response).log()
    # An arc of length D that bends by β has a chord of D sin(β/2) / (β/2), in its mean direction.
    stretch = torch.sinc(bend_rad / (2 * math.pi))
    start = torch.atan2(ways[..., 1], ways[..., 0]) - bend_rad / 2
    B, K = peak.shape
    return Strokes(
        ways.norm(dim=-1) / stretch,
        peak - (log_delay - response**2).exp(),
        log_delay,
        response,
        start,
        start + bend_rad,
        torch.full((B,), K),
        torch.full((B,), math.inf),
    )


def reach(strokes: Strokes, share: Float[Tensor, "B T"]) -> Float[Tensor, "B T 2"]:
    """Return [B, T, 2] the positions by the strokes, from (0, 0) at a share of 0 to (1, 0) at 1.

    The displacement before 0 and after 1 is distributed over the duration.
    """
    ends = path(strokes, torch.tensor([[0.0, 1.0]]).expand(len(share), 2))
    before, after = ends[:, :1], ends[:, 1:] - torch.tensor([1.0, 0.0])
    tied = torch.lerp(before, after, share[..., None])
    place = ends[:, 1:] - tied
    # Sorted by length: most of a block is padding, which is at the goal and need not be computed.
    steps = ((share < 1).sum(1) + 1).clamp(max=share.shape[1])
    for rows in steps.argsort().split(_IN_CACHE):
        T = int(steps[rows].max())
        place[rows, :T] = path(strokes[rows], share[rows, :T]) - tied[rows, :T]
    return place
