"""Precision, recall, density and coverage by balls around each row's nearest neighbours.

A row's ball reaches to its k-th nearest neighbour in its own set (itself left out). All comparisons
are ≤: with < a set of duplicates, whose balls have radius 0, would not even hold itself.

In a bootstrap replicate the balls keep the radius that they have in the whole sets, and only those of
the people drawn are there: with new radii a person drawn twice would have balls of radius 0.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.eval.metrics.matrix import Fake, Real, checked_pair
from humouse.eval.statistics.resampling import Resampling
from humouse.eval.statistics.score import Score
from humouse.eval.statistics.weights import BootstrapWeights

_BLOCK = 512


class PrecisionRecall(NamedTuple):
    """Shares from 0 to 1; both higher is better."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """Density is about 1 and coverage near 1 for equal distributions."""

    density: float
    coverage: float


def knn_precision_recall(real: Real, fake: Fake, k: int = 5) -> PrecisionRecall:
    """Return the shares of fake rows in a real ball, and of real rows in a fake ball.

    Kynkäänniemi et al. 2019, arXiv:1904.06991. Features enter as they are.

    Args:
        real: [N, F].
        fake: [M, F].
        k: Which neighbour a ball reaches to; at most N − 1 and M − 1.

    Raises:
        ValueError: See `checked_pair`; or k is below 1.
    """
    scores = neighbour_scores(real, fake, k=k)
    return PrecisionRecall(scores["knn_precision"].value, scores["knn_recall"].value)


def density_coverage(real: Real, fake: Fake, k: int = 5) -> DensityCoverage:
    """Return how many real balls a fake row lies in, over k, and the share of real balls hit.

    Naeem et al. 2020, arXiv:2002.09797. Unlike precision and recall, one outlier's huge ball moves
    neither much. Features enter as they are.

    Args:
        real: [N, F].
        fake: [M, F].
        k: Which neighbour a ball reaches to; at most N − 1.

    Raises:
        ValueError: See `checked_pair`; or k is below 1.
    """
    scores = neighbour_scores(real, fake, k=k)
    return DensityCoverage(scores["density"].value, scores["coverage"].value)


def neighbour_scores(
    real: Real,
    fake: Fake,
    *,
    k: int = 5,
    resampling: Resampling | None = None,
) -> dict[str, Score]:
    """Return knn_precision, knn_recall, density and coverage, from one pass over the distances.

    Args:
        real: [N, F].
        fake: [M, F].
        k: As in `knn_precision_recall`.
        resampling: Bootstrap replicates for the intervals; none without.

    Raises:
        ValueError: See `checked_pair`; k is below 1, or replicates of sets of another size.
    """
    real, fake = checked_pair(real, fake)
    weights = BootstrapWeights.of(resampling, real, fake)
    values = _of_all_replicates(real, fake, k, weights)
    return {
        name: weights.score(value, least=0.0, most=math.inf if name == "density" else 1.0)
        for name, value in values.items()
    }


def _of_all_replicates(
    real: Float[Tensor, "N F"],
    fake: Float[Tensor, "M F"],
    k: int,
    weights: BootstrapWeights,
) -> dict[str, Float[Tensor, "K"]]:
    real_radii, fake_radii = _radii(real, k), _radii(fake, k)
    of_real, of_fake = weights.real.T, weights.fake.T
    density = precision = of_real.new_zeros(len(weights.real))
    hits, held = torch.zeros_like(of_real), torch.zeros_like(of_real)
    blocks = zip(fake.split(_BLOCK), fake_radii.split(_BLOCK), of_fake.split(_BLOCK), strict=True)
    for rows, radii, weight in blocks:
        distance = _distances(rows, real)
        in_real_ball = (distance <= real_radii).double()
        balls = in_real_ball @ of_real
        density = density + (weight * balls).sum(0)
        precision = precision + (weight * (balls > 0)).sum(0)
        hits += in_real_ball.T @ weight
        held += (distance <= radii[:, None]).double().T @ weight
    n, m = of_real.sum(0), of_fake.sum(0)
    return {
        "knn_precision": precision / m,
        "knn_recall": (of_real * (held > 0)).sum(0) / n,
        # Over the share of the balls that were drawn: k is the number to expect among all.
        "density": density / m / n * len(real) / min(k, len(real) - 1),
        "coverage": (of_real * (hits > 0)).sum(0) / n,
    }


def _radii(rows: Float[Tensor, "N F"], k: int) -> Float[Tensor, "N"]:
    """Return [N] the distance of each row to its k-th nearest neighbour."""
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    k = min(k, len(rows) - 1)
    # The row itself, at distance 0, is the nearest of all: hence k + 1.
    blocks = rows.split(_BLOCK)
    return torch.cat(
        [
            _distances(block, rows).topk(k + 1, dim=1, largest=False).values[:, -1]
            for block in blocks
        ]
    )


def _distances(a: Float[Tensor, "N F"], b: Float[Tensor, "M F"]) -> Float[Tensor, "N M"]:
    # Differences, not products: a duplicate must lie at distance 0 exactly.
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
