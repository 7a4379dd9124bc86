"""Precision and recall of distributions by clustering (PRD).

Sajjadi et al. 2018, arXiv:1806.00035: both sets are clustered together; with p and q the shares of
the real and the fake rows in each cluster, precision at slope λ is α(λ) = Σ min(λp, q), recall is
β(λ) = Σ min(p, q/λ) = α(λ)/λ. The curve is summed up by its best F_{1/8}, which weighs precision,
and its best F_8, which weighs recall.
"""

import numpy as np
from jaxtyping import Float
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits
from torch import Tensor

from humouse.eval.matrix import checked_pair

_ANGLES = 1001
_BETA = 8.0


def prd(real_feats: Float[Tensor, "N F"], fake_feats: Float[Tensor, "M G"]) -> tuple[float, float]:
    """Return (precision, recall) of the fake features: F_{1/8}, then F_8; both higher is better.

    A fake mode that no real row is like costs precision; a real mode that no fake row is like
    costs recall. Features enter as they are: bring those of different units to a common scale
    first (`common_scale`). 20 clusters, the curves of 10 runs averaged, seed 0; the larger set is
    cut to the size of the smaller.

    Args:
        real_feats: [N, F].
        fake_feats: [M, F].

    Raises:
        ValueError: See `checked_pair`.
    """
    return prd_scores(real_feats, fake_feats)


def prd_scores(
    real_feats: Float[Tensor, "N F"],
    fake_feats: Float[Tensor, "M G"],
    *,
    clusters: int = 20,
    runs: int = 10,
    seed: int = 0,
) -> tuple[float, float]:
    """Return `prd` with the number of clusters, of runs, and the seed to choose."""
    real, fake = checked_pair(real_feats, fake_feats)
    rng = np.random.default_rng(seed)
    n = min(len(real), len(fake))
    sides = [_subset(side.cpu().numpy(), n, rng) for side in (real, fake)]
    union = np.concatenate(sides)
    clusters = min(clusters, len(np.unique(union, axis=0)))
    # A few thousand rows gain little from threads, and wait for them long on a busy machine.
    with threadpool_limits(1):
        curves = [_curve(union, n, clusters, int(rng.integers(2**31))) for _ in range(runs)]
    precision, recall = np.mean(curves, axis=0)
    return _f_beta(precision, recall, 1 / _BETA), _f_beta(precision, recall, _BETA)


def _subset(rows: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    return rows if len(rows) == n else rows[rng.choice(len(rows), n, replace=False)]


def _curve(union: np.ndarray, n: int, clusters: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return precision and recall at each slope after one clustering."""
    label = KMeans(clusters, n_init=1, random_state=seed).fit_predict(union)
    real = np.bincount(label[:n], minlength=clusters) / n
    fake = np.bincount(label[n:], minlength=clusters) / n
    slope = np.tan(np.linspace(1e-10, np.pi / 2 - 1e-10, _ANGLES))[:, None]
    # α/λ = Σ min(p, q/λ), so that neither end of the curve divides a rounding error by another.
    precision = np.minimum(slope * real, fake).sum(1)
    recall = np.minimum(real, fake / slope).sum(1)
    return precision.clip(0, 1), recall.clip(0, 1)


def _f_beta(precision: np.ndarray, recall: np.ndarray, beta: float) -> float:
    weight = beta**2
    both = (1 + weight) * precision * recall
    return float((both / np.maximum(weight * precision + recall, 1e-300)).max())
