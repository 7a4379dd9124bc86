"""Intervals by resampling people: the gestures of one person are not independent.

Cluster bootstrap (Field & Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x): each replicate takes as many
people as there are, with replacement, and all gestures of each. A replicate is kept as weights: how often
each gesture is in it. No probe is refitted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import norm, t
from torch import Tensor

from humouse.eval.statistics.score import Replicates, Score

LEVEL = 0.95
AUC_COVERAGE = 0.85
"""Share of 60 such intervals of a probe's AUC that held its mean, over 20 simulated people each: the
replicates reweigh the answers but refit no probe. The tests measure it."""
Users = Sequence[str] | np.ndarray | None


def several(users: Users) -> bool:
    """Return whether a set of rows names more than one person: one name says no more than none."""
    return users is not None and len(np.unique(np.asarray(users).astype(str))) > 1


def people_change_sides(real: Users, fake: Users) -> bool:
    """Return whether a permutation can move whole people: both sides name some, and share none."""
    if real is None or fake is None or not (several(real) and several(fake)):
        return False
    return not np.intersect1d(np.asarray(real), np.asarray(fake)).size


@dataclass(frozen=True, eq=False)
class Resampling:
    """Bootstrap replicates, as weights on the rows of both sides.

    Args:
        real: [D, N] float64, how often each real row is in each replicate.
        fake: [D, M] float64, how often each fake row is.
        units: How many people were drawn from, on the side that has fewer; rows where those are
            drawn one by one.
    """

    real: Float[Tensor, "D N"]
    fake: Float[Tensor, "D M"]
    units: int

    def __len__(self) -> int:
        return len(self.real)

    @classmethod
    def over_people(
        cls, real: Users, n: int, fake: Users, m: int, *, replicates: int, seed: int
    ) -> "Resampling":
        """Return the replicates.

        Each side's people are drawn among themselves; one who is on both, on both at once. The
        replicates of the real side depend on its people, their number and the seed alone, so that scores
        of two judged sets against the same people are paired. Rows of nobody (`None`, as a
        generator's) are drawn one by one; so are the rows of a single person, whose interval then
        says nothing about other people.

        Args:
            real: [n] names of the people behind the real rows, or None.
            n: Number of real rows.
            fake: [m] names behind the fake rows, or None.
            m: Number of fake rows.
            replicates: How many.
            seed: Of the replicates.
        """
        drawn: dict[str, np.ndarray] = {}
        weights, units = [], []
        for place, (side, rows) in enumerate(((real, n), (fake, m))):
            rng = np.random.default_rng([seed, place])
            names = np.empty(0, str) if side is None else np.asarray(side).astype(str)
            people = np.unique(names)
            new = [name for name in people if name not in drawn]
            if len(people) < 2:
                units.append(rows)
                weights.append(torch.from_numpy(_times(rows, replicates, rng)))
                continue
            drawn |= dict(zip(new, _times(len(new), replicates, rng).T, strict=True)) if new else {}
            units.append(len(people))
            weights.append(torch.from_numpy(np.stack([drawn[name] for name in names], 1)))
        return cls(weights[0], weights[1], min(units))


def _times(n: int, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """Return [replicates, n] how often each of n is drawn in n drawings with replacement."""
    return rng.multinomial(n, np.full(n, 1 / n), size=replicates).astype(np.float64)


def interval(value: float, drawn: Float[Tensor, "D"], units: int) -> tuple[float, float]:
    """Return the 95% interval of a score from its values over the replicates.

    The percentile interval, expanded for few people (Hesterberg 2015,
    doi:10.1080/00031305.2015.1089789: the quantiles of Student's t in place of the normal's, and
    n − 1 in place of n), and moved so that the replicates' mean lies on the value: resampling
    takes some people twice, which by itself makes two sets look further apart. Replicates in which the
    score is not defined (NaN) are left out.

    Args:
        value: The score.
        drawn: [D] its values over the replicates.
        units: How many people were drawn from.
    """
    drawn = drawn[drawn.isfinite()].double()
    if len(drawn) < 2 or units < 2:
        return value, value
    tail = norm.cdf(t.ppf((1 - LEVEL) / 2, units - 1) * (units / (units - 1)) ** 0.5)
    ends = torch.tensor([tail, 1 - tail], dtype=torch.float64)
    low, high = (value + drawn.quantile(ends.to(drawn.device)) - drawn.mean()).tolist()
    return min(low, value), max(high, value)


def scored(
    values: Float[Tensor, "K"],
    resampling: Resampling | None,
    p_value: float | None = None,
    *,
    least: float = -math.inf,
    most: float = math.inf,
) -> Score:
    """Return the score with its interval, if replicates were made.

    Args:
        values: [K] the score of the whole sets, then of each replicate.
        resampling: The replicates, or None.
        p_value: If it was asked for.
        least: What no value can be below; nor does the interval reach there, moved as it is.
        most: What none can be above.
    """
    value, drawn = float(values[0]), values[1:]
    if resampling is None:
        return Score(value, p_value=p_value)
    low, high = interval(value, drawn, resampling.units)
    kept = Replicates(tuple(drawn.tolist()), resampling.units)
    return Score(value, max(low, least), min(high, most), p_value, kept)


def excess_over(score: Score, baseline: Score) -> Score:
    """Return by how much a score exceeds a baseline's.

    Its interval comes from the same replicates of the people that both were taken against, where both
    have theirs; a baseline without one is taken for exact.
    """
    value = score.value - baseline.value
    if score.replicates is None or score.low is None or score.high is None:
        return Score(value)
    if baseline.replicates is None:
        return Score(value, score.low - baseline.value, score.high - baseline.value)
    pair = (torch.tensor(one.replicates.values) for one in (score, baseline) if one.replicates)
    units = min(score.replicates.units, baseline.replicates.units)
    first, second = pair
    return Score(value, *interval(value, first - second, units))
