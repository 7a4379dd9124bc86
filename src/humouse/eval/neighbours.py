"""Precision, recall, density and coverage by balls around each row's nearest neighbours.

A row's ball reaches to its k-th nearest neighbour in its own set (itself left out). All comparisons
are ≤: with < a set of duplicates, whose balls have radius 0, would not even hold itself.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.eval.matrix import checked_pair

_BLOCK = 512


class PrecisionRecall(NamedTuple):
    """Shares from 0 to 1; both higher is better."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """Density is about 1 and coverage near 1 for equal distributions."""

    density: float
    coverage: float


def knn_precision_recall(
    real: Float[Tensor, "N F"], fake: Float[Tensor, "M G"], k: int = 5
) -> PrecisionRecall:
    """Return the shares of fake rows in a real ball, and of real rows in a fake ball.

    Kynkäänniemi et al. 2019, arXiv:1904.06991. Features enter as they are.

    Args:
        real: [N, F].
        fake: [M, F].
        k: Which neighbour a ball reaches to; at most N − 1 and M − 1.

    Raises:
        ValueError: See `checked_pair`; or k is below 1.
    """
    real, fake = checked_pair(real, fake)
    precision = _inside(fake, real, _radii(real, k)) > 0
    recall = _inside(real, fake, _radii(fake, k)) > 0
    return PrecisionRecall(float(precision.double().mean()), float(recall.double().mean()))


def density_coverage(
    real: Float[Tensor, "N F"], fake: Float[Tensor, "M G"], k: int = 5
) -> DensityCoverage:
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
    real, fake = checked_pair(real, fake)
    radii = _radii(real, k)
    density = _inside(fake, real, radii).double().mean() / min(k, len(real) - 1)
    nearest = torch.cat([_distances(block, fake).amin(1) for block in real.split(_BLOCK)])
    return DensityCoverage(float(density), float((nearest <= radii).double().mean()))


def _radii(rows: Float[Tensor, "N F"], k: int) -> Float[Tensor, "N"]:
    """Return [N] the distance of each row to its k-th nearest neighbour."""
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    k = min(k, len(rows) - 1)
    # The row itself, at distance 0, is the nearest of all: hence k + 1.
    parts = [_distances(block, rows).kthvalue(k + 1, dim=1).values for block in rows.split(_BLOCK)]
    return torch.cat(parts)


def _inside(
    rows: Float[Tensor, "N F"], centres: Float[Tensor, "M F"], radii: Float[Tensor, "M"]
) -> Tensor:
    """Return [N] in how many balls each row lies."""
    return torch.cat([(_distances(block, centres) <= radii).sum(1) for block in rows.split(_BLOCK)])


def _distances(a: Float[Tensor, "N F"], b: Float[Tensor, "M F"]) -> Float[Tensor, "N M"]:
    # Differences, not products: a duplicate must lie at distance 0 exactly.
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
