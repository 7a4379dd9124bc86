"""How far each feature lies from people's, on its own: the 1-Wasserstein distance.

W₁ = ∫ |F − G| over the values of the feature, with F and G its two distribution functions.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.eval.metrics.matrix import Fake, Real, checked_pair
from humouse.eval.statistics.resampling import Resampling
from humouse.eval.statistics.score import Score
from humouse.eval.statistics.weights import BootstrapWeights


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
    mass = torch.cat([first * m, -second * n], dim=1)
    scratch = torch.empty_like(mass)
    columns = [_distance(a, b, mass, scratch) for a, b in zip(real.T, fake.T, strict=True)]
    return torch.stack(columns, dim=1) / (n * m)


def _distance(
    real: Float[Tensor, "N"],
    fake: Float[Tensor, "M"],
    mass: Float[Tensor, "K U"],
    scratch: Float[Tensor, "K U"],
) -> Float[Tensor, "K"]:
    """Return one feature's distance; `scratch` is written, since new memory takes longer than the sums."""
    values, order = torch.cat([real, fake]).sort()
    torch.index_select(mass, 1, order, out=scratch)
    return scratch.cumsum_(1).abs_()[:, :-1] @ values.diff()
