"""Maximum mean discrepancy with an RBF kernel, in blocks.

Gretton et al. 2012, JMLR 13, eq. 3: the unbiased estimator

    MMD²_u = Σ_{i≠j} k(x_i, x_j) / m(m−1) + Σ_{i≠j} k(y_i, y_j) / n(n−1) − 2 Σ_{ij} k(x_i, y_j) / mn

with k(a, b) = exp(−|a − b|² / 2σ²). It is 0 in expectation for equal distributions, so it may fall
below 0, and is not clipped there.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.eval.matrix import checked_pair, evenly

_BLOCK = 512
_ROWS_FOR_MEDIAN = 1000


def mmd_rbf(
    real_feats: Float[Tensor, "N F"], fake_feats: Float[Tensor, "M G"], sigma: float | None = None
) -> float:
    """Return the unbiased squared MMD of two sets of features; lower is better.

    Features enter as they are: bring those of different units to a common scale first
    (`common_scale`). Kernel values are summed block by block, so memory does not grow with N·M.

    Args:
        real_feats: [N, F].
        fake_feats: [M, F].
        sigma: The kernel's bandwidth σ; by default the median distance between two rows of both
            sets together (over 1,000 rows of each, evenly spread, where there are more).

    Raises:
        ValueError: See `checked_pair`; or sigma is not above 0.
    """
    real, fake = checked_pair(real_feats, fake_feats)
    if sigma is None:
        sigma = median_distance(real, fake)
    if not sigma > 0:
        raise ValueError(f"sigma must be above 0, not {sigma}")
    # Centred: distances come from products, whose rounding grows with the distance to the origin.
    centre = (real.mean(0) + fake.mean(0)) / 2
    scale = sigma * 2**0.5
    real, fake = (real - centre) / scale, (fake - centre) / scale
    m, n = len(real), len(fake)
    within_real = _sum_over_pairs(real) / (m * (m - 1) / 2)
    within_fake = _sum_over_pairs(fake) / (n * (n - 1) / 2)
    across = sum(_kernel_sum(a, b) for a in real.split(_BLOCK) for b in fake.split(_BLOCK)) / (
        m * n
    )
    return float(within_real + within_fake - 2 * across)


def median_distance(real: Float[Tensor, "N F"], fake: Float[Tensor, "M F"]) -> float:
    """Return the median distance between two different rows of both sets together.

    Where over half of the pairs coincide it is the mean distance, and 1 where all do.
    """
    rows = torch.cat([evenly(real, _ROWS_FOR_MEDIAN), evenly(fake, _ROWS_FOR_MEDIAN)]).double()
    distances = torch.nn.functional.pdist(rows)
    median = float(distances.kthvalue((len(distances) + 1) // 2).values)
    return median or float(distances.mean()) or 1.0


def _sum_over_pairs(rows: Float[Tensor, "N F"]) -> Tensor:
    """Return the sum of the kernel over all pairs i < j."""
    blocks = rows.split(_BLOCK)
    total = rows.new_zeros(())
    for i, block in enumerate(blocks):
        # The upper triangle alone: each pair once, and no row with itself.
        total += torch.exp(-_squared_distances(block, block)).triu_(1).sum()
        for other in blocks[i + 1 :]:
            total += _kernel_sum(block, other)
    return total


def _kernel_sum(a: Float[Tensor, "N F"], b: Float[Tensor, "M F"]) -> Tensor:
    return _squared_distances(a, b).neg_().exp_().sum()


def _squared_distances(a: Float[Tensor, "N F"], b: Float[Tensor, "M F"]) -> Float[Tensor, "N M"]:
    norms = (a * a).sum(1)[:, None] + (b * b).sum(1)
    return torch.addmm(norms, a, b.T, alpha=-2).clamp_(min=0)
