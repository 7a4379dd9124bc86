"""How far each feature lies from people's, on its own: the 1-Wasserstein distance.

W₁ = ∫ |F − G| over the values of the feature, with F and G its two distribution functions.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.eval.metrics.matrix import Fake, Real, checked_pair
from humouse.eval.statistics.resampling import Resampling
from humouse.eval.statistics.score import Score
from humouse.eval.statistics.weights import BootstrapWeights

_REPLICATES = 4
"""At a time: their sums over the rows stay near the processor."""


class WassersteinScores(NamedTuple):
    """Distances over the real standard deviation; 0 where both sides are alike.

    Attributes:
        features: Each feature's.
        mean: Their mean.
    """

    features: list[Score]
    mean: Score


def wasserstein_per_feature(real: Real, fake: Fake) -> Float[Tensor, "F"]:
    """Return [F] float64 each feature's 1-Wasserstein distance, in its own unit.

    Raises:
        ValueError: See `checked_pair`.
    """
    real, fake = checked_pair(real, fake)
    return _distances(real, fake, BootstrapWeights.of(None, real, fake))[0].cpu()


def wasserstein_scores(
    real: Real,
    fake: Fake,
    *,
    resampling: Resampling | None = None,
) -> WassersteinScores:
    """Return each feature's distance over the real standard deviation (over 1 where that is 0).

    The deviation is a unit, and stays that of the whole real set in every bootstrap replicate.

    Args:
        real: [N, F] features in their own units.
        fake: [M, F].
        resampling: Bootstrap replicates for the intervals; none without.

    Raises:
        ValueError: See `checked_pair`; or replicates of sets of another size.
    """
    real, fake = checked_pair(real, fake)
    spread = real.std(0, correction=0)
    weights = BootstrapWeights.of(resampling, real, fake)
    relative = _distances(real, fake, weights) / torch.where(spread > 0, spread, 1.0)
    features = [weights.score(values, least=0.0) for values in relative.T]
    return WassersteinScores(features, weights.score(relative.mean(1), least=0.0))


def _distances(
    real: Float[Tensor, "N F"], fake: Float[Tensor, "M F"], weights: BootstrapWeights
) -> Float[Tensor, "K F"]:
    """Return each feature's distance in the whole sets, then in each replicate."""
    first, second = weights.real, weights.fake
    n, m = first.sum(1, keepdim=True), second.sum(1, keepdim=True)
    # A signed mass for each row: its running sum over the sorted values is n·m·(F − G). Whole
    # numbers, so that equal sets are at 0 and not at a rounding error.
    mass = torch.cat([first * m, -second * n], dim=1).T
    in_order = [column.sort() for column in torch.cat([real, fake]).T]
    values = torch.cat([_of_some(in_order, some) for some in mass.split(_REPLICATES, 1)])
    return values / (n * m)


def _of_some(
    in_order: list[tuple[Float[Tensor, "U"], Int[Tensor, "U"]]], mass: Float[Tensor, "U k"]
) -> Float[Tensor, "k F"]:
    """Return the distances of some replicates.

    Args:
        in_order: Of each feature, its values sorted, and the rows they come from.
        mass: What each row counts.
    """
    mass = mass.contiguous()
    scratch = torch.empty_like(mass)  # new memory takes longer than the sums
    distances = []
    for values, order in in_order:
        torch.index_select(mass, 0, order, out=scratch)
        distances.append(values.diff() @ scratch.cumsum_(0).abs_()[:-1])
    return torch.stack(distances, dim=1)
