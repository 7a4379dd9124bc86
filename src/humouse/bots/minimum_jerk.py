"""Minimum-jerk movements: through a via-point, or in two overlapping strokes."""

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.bots.random_streams import RandomStreams
from humouse.bots.scripted import ScriptedBot, check_not_negative
from humouse.bots.speed import bell
from humouse.bots.target import Target
from humouse.errors import InputError
from humouse.trajectories import Trajectories

PLANS = ("via_point", "correction")
# Range of via-points along the chord.
_VIA_ALONG = (0.25, 0.75)
# Shares of the duration after which the correction begins and the first stroke ends.
_CORRECTION_FROM, _FIRST_UNTIL = (0.35, 0.65), (0.6, 0.9)
# First strokes fall short more often than not (Meyer et al. 1988).
_FIRST_REACH = (0.75, 1.1)
_CANDIDATES = 100


class MinimumJerk(ScriptedBot):
    """Moves with minimum jerk, under one of two plans.

    "via_point" passes a random point beside the chord, at the time of least jerk (Flash & Hogan 1985,
    doi:10.1523/JNEUROSCI.05-07-01688.1985). "correction" superposes a second stroke on a first one that
    misses, before that has ended (Flash & Henis 1991,
    doi:10.1162/jocn.1991.3.3.220).

    Args:
        people: See `ScriptedBot`.
        plan: One of `PLANS`.
        bow: Largest distance from the chord of the via-point, or of the first stroke's end, as a
            share of the chord.
        tick_ms: See `ScriptedBot`.

    Raises:
        InputError: See `ScriptedBot`; an unknown plan, a negative bow.
    """

    name = "minimum_jerk"
    family = "minimum_jerk"

    def __init__(
        self,
        people: Trajectories,
        *,
        plan: str = "via_point",
        bow: float = 0.2,
        tick_ms: float | None = None,
    ) -> None:
        super().__init__(people, tick_ms=tick_ms)
        if plan not in PLANS:
            raise InputError(f"plan={plan!r}: choose {' or '.join(PLANS)}")
        check_not_negative(bow=bow)
        self._plan, self._bow = plan, bow

    def _path(self, target: Target, streams: RandomStreams) -> Float[Tensor, "B T 2"]:
        share = target.share
        along, beside = streams.uniform("place", 2).split(1, 1)
        beside = self._bow * (2 * beside - 1)
        if self._plan == "via_point":
            via = torch.cat([_between(_VIA_ALONG, along), beside], 1)
            return target.from_chord(through(share, via, best_time(via)))
        aim = torch.cat([_between(_FIRST_REACH, along), beside], 1)
        begins, ends = streams.uniform("times", 2).split(1, 1)
        corrected = correction(
            share, aim, _between(_CORRECTION_FROM, begins), _between(_FIRST_UNTIL, ends)
        )
        return target.from_chord(corrected)


def _between(bounds: tuple[float, float], draw: Float[Tensor, "B 1"]) -> Float[Tensor, "B 1"]:
    return bounds[0] + (bounds[1] - bounds[0]) * draw


def through(
    share: Float[Tensor, "B T"], via: Float[Tensor, "B 2"], time: Float[Tensor, "B 1"]
) -> Float[Tensor, "B T 2"]:
    """Return [B, T, 2] the minimum-jerk paths from rest at (0, 0), through `via`, to rest at (1, 0).

    The straight minimum-jerk movement misses the via-point; that miss times G(τ, τ₁)/G(τ₁, τ₁) is
    added, where G is Green's function of the sixth derivative with position, speed and acceleration 0
    at both ends: of fifth degree on either side of τ₁, with four continuous derivatives there.

    Args:
        share: [B, T] τ, 0 to 1.
        via: [B, 2] the point to pass, along and beside the chord.
        time: [B, 1] τ₁, when to pass it.
    """
    miss = via - torch.cat([bell(time), torch.zeros_like(time)], 1)
    bump = _green(share, time) / _green(time, time)
    straight = torch.stack([bell(share), torch.zeros_like(share)], -1)
    return straight.addcmul_(bump[..., None], miss[:, None])


def _green(share: Float[Tensor, "B T"], time: Float[Tensor, "B 1"]) -> Float[Tensor, "B T"]:
    """Return 120 G(τ, τ₁): (τ − τ₁)₊⁵ minus the polynomial of degrees 3 to 5 that ends as it does."""
    left = 1 - time
    # p(τ) = τ³(p₃ + p₄(τ − 1) + p₅(τ − 1)²) with the value, slope and curvature of (τ − τ₁)⁵ at 1.
    third = left**5
    fourth = 5 * left**4 - 3 * third
    fifth = 10 * left**3 - 3 * third - 3 * fourth
    back = share - 1
    beyond = (share - time).clamp(min=0)
    squared = beyond * beyond
    cube = share * share * share
    return cube * (third + back * (fourth + back * fifth)) - squared * squared * beyond


def best_time(via: Float[Tensor, "B 2"]) -> Float[Tensor, "B 1"]:
    """Return [B, 1] the times of least jerk at which to pass the via-points, as shares of the duration.

    Passing (a, b) at τ adds jerk in proportion to ((a − r(τ))² + b²) / (τ(1 − τ))⁵, with r the
    straight minimum-jerk movement. The minimum among evenly spaced times is refined by the parabola
    through it and its neighbours.
    """
    times = torch.arange(1, _CANDIDATES, dtype=torch.float64) / _CANDIDATES
    misses = (via[:, :1].double() - bell(times)).square() + via[:, 1:].double().square()
    costs = misses / (times * (1 - times)) ** 5
    best = costs[:, 1:-1].argmin(1, keepdim=True) + 1
    before, at, after = (costs.gather(1, best + step) for step in (-1, 0, 1))
    shift = (before - after) / (2 * (before - 2 * at + after)).clamp(min=1e-300)
    return (times[best] + shift.clamp(-1, 1) / _CANDIDATES).to(via.dtype)


def correction(
    share: Float[Tensor, "B T"],
    aim: Float[Tensor, "B 2"],
    begins: Float[Tensor, "B 1"],
    ends: Float[Tensor, "B 1"],
) -> Float[Tensor, "B T 2"]:
    """Return [B, T, 2] the sum of two minimum-jerk strokes: to `aim`, and from there to (1, 0).

    Args:
        share: [B, T] τ, 0 to 1.
        aim: [B, 2] end of the first stroke, along and beside the chord.
        begins: [B, 1] when the second begins, as a share of the duration; it ends with the movement.
        ends: [B, 1] when the first ends.
    """
    first = bell((share / ends).clamp(max=1))
    second = bell(((share - begins) / (1 - begins)).clamp(min=0))
    rest = torch.tensor([1.0, 0.0], dtype=aim.dtype) - aim
    return first[..., None] * aim[:, None] + second[..., None] * rest[:, None]
