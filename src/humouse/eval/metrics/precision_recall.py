"""Precision and recall of distributions by clustering (PRD).

Sajjadi et al. 2018, arXiv:1806.00035: both sets are clustered together; with p and q the shares of
the real and the fake rows in each cluster, precision at slope λ is α(λ) = Σ min(λp, q), recall is
β(λ) = Σ min(p, q/λ) = α(λ)/λ. The curve is summed up by its best F_{1/8}, which weighs precision,
and its best F_8, which weighs recall. A bootstrap replicate keeps the clusters and recomputes p and q.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits
from torch import Tensor

from humouse.eval.metrics.matrix import Fake, Real, checked_pair
from humouse.eval.statistics.resampling import Resampling
from humouse.eval.statistics.score import Score
from humouse.eval.statistics.weights import BootstrapWeights

_ANGLES = 1001
_BETA = 8.0
_POINTS = 101


class PRDScores(NamedTuple):
    """Both from 0 to 1, higher is better.

    Attributes:
        precision: F_{1/8}.
        recall: F_8.
        curve: At most 101 points (recall, precision); recall rises, precision falls.
    """

    precision: Score
    recall: Score
    curve: list[tuple[float, float]]


def prd(real_feats: Real, fake_feats: Fake) -> tuple[float, float]:
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
    real_feats: Real,
    fake_feats: Fake,
    *,
    clusters: int = 20,
    runs: int = 10,
    seed: int = 0,
) -> tuple[float, float]:
    """Return `prd` with the number of clusters, of runs, and the seed to choose."""
    scores = prd_score(real_feats, fake_feats, clusters=clusters, runs=runs, seed=seed)
    return scores.precision.value, scores.recall.value


def prd_score(
    real: Real,
    fake: Fake,
    *,
    clusters: int = 20,
    runs: int = 10,
    seed: int = 0,
    resampling: Resampling | None = None,
) -> PRDScores:
    """Return `prd` with its intervals over people, and the curve.

    Args:
        real: [N, F].
        fake: [M, F].
        clusters: Largest number of clusters; as many as there are different rows where those are
            fewer.
        runs: Clusterings, whose curves are averaged.
        seed: Of the clusterings, and of the rows kept of the larger set.
        resampling: Bootstrap replicates for the intervals; none without.

    Raises:
        ValueError: See `checked_pair`; replicates of sets of another size.
    """
    real, fake = checked_pair(real, fake)
    weights = BootstrapWeights.of(resampling, real, fake)
    rng = np.random.default_rng(seed)
    n = min(len(real), len(fake))
    kept = [_subset(len(side), n, rng) for side in (real, fake)]
    union = np.concatenate(
        [side.cpu().numpy()[rows] for side, rows in zip((real, fake), kept, strict=True)]
    )
    on_real, on_fake = (
        side.cpu()[:, torch.from_numpy(rows)]
        for side, rows in zip((weights.real, weights.fake), kept, strict=True)
    )
    clusters = min(clusters, len(np.unique(union, axis=0)))
    seeds = [int(rng.integers(2**31)) for _ in range(runs)]
    precision, recall = _mean_curves(union, on_real, on_fake, clusters, seeds)
    return PRDScores(
        weights.score(_best_f(precision, recall, 1 / _BETA), least=0.0, most=1.0),
        weights.score(_best_f(precision, recall, _BETA), least=0.0, most=1.0),
        _thinned(precision[0].numpy(), recall[0].numpy()),
    )


def _subset(rows: int, n: int, rng: np.random.Generator) -> np.ndarray:
    return np.arange(rows) if rows == n else rng.choice(rows, n, replace=False)


def _mean_curves(
    union: np.ndarray,
    weights_real: Float[Tensor, "K n"],
    weights_fake: Float[Tensor, "K n"],
    clusters: int,
    seeds: list[int],
) -> tuple[Float[Tensor, "K A"], Float[Tensor, "K A"]]:
    """Return precision and recall at each slope, averaged over a clustering for each seed."""
    n = weights_real.shape[1]
    precision = recall = torch.zeros(len(weights_real), _ANGLES, dtype=torch.float64)
    # A few thousand rows gain little from threads, and wait for them long on a busy machine.
    with threadpool_limits(1):
        for seed in seeds:
            label = _clustered(union, clusters, seed)
            p = _shares(label[:n], weights_real, clusters)
            q = _shares(label[n:], weights_fake, clusters)
            more_precision, more_recall = _curves(p, q)
            precision, recall = precision + more_precision, recall + more_recall
    return precision / len(seeds), recall / len(seeds)


def _clustered(rows: np.ndarray, clusters: int, seed: int) -> Int[Tensor, "U"]:
    # Elkan's bounds find the same clusters as plain passes over all rows do, in less time.
    algorithm = "elkan" if clusters > 1 else "lloyd"
    label = KMeans(clusters, n_init=1, algorithm=algorithm, random_state=seed).fit_predict(rows)
    return torch.from_numpy(label).long()


def _shares(
    label: Int[Tensor, "n"], weights: Float[Tensor, "K n"], clusters: int
) -> Float[Tensor, "K C"]:
    """Return the share of the weight that lies in each cluster."""
    inside = torch.nn.functional.one_hot(label, clusters).double()
    return weights @ inside / weights.sum(1, keepdim=True)


def _curves(
    p: Float[Tensor, "K C"], q: Float[Tensor, "K C"]
) -> tuple[Float[Tensor, "K A"], Float[Tensor, "K A"]]:
    """Return precision and recall at each slope, from the shares of real and fake."""
    angle = torch.linspace(1e-10, np.pi / 2 - 1e-10, _ANGLES, dtype=torch.float64)
    slope = angle.tan()
    precision = recall = p.new_zeros(len(p), _ANGLES)
    # Cluster by cluster: all at once would need 20 times the memory and leave the cache.
    for real, fake in zip(p.T[..., None], q.T[..., None], strict=True):
        precision = precision + torch.minimum(slope * real, fake)
        # α/λ = Σ min(p, q/λ), so that neither end of the curve divides a rounding error by another.
        recall = recall + torch.minimum(real, fake / slope)
    return precision.clamp(0, 1), recall.clamp(0, 1)


def _best_f(
    precision: Float[Tensor, "K A"], recall: Float[Tensor, "K A"], beta: float
) -> Float[Tensor, "K"]:
    weight = beta**2
    both = (1 + weight) * precision * recall
    return (both / (weight * precision + recall).clamp(min=1e-300)).amax(1)


def _thinned(precision: np.ndarray, recall: np.ndarray) -> list[tuple[float, float]]:
    """Return a subset of points (recall, precision), evenly spread, recall rising."""
    step = -(-(len(precision) - 1) // (_POINTS - 1))
    # Both are monotone in the slope but for rounding.
    falling = np.minimum.accumulate(recall)[::step]
    rising = np.maximum.accumulate(precision)[::step]
    return list(zip(falling[::-1].tolist(), rising[::-1].tolist(), strict=True))
