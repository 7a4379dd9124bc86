"""How far apart two sets of features are. Nothing here knows what made them.

Features of several units go through `common_scale` before `mmd_rbf`, `prd` and the neighbours;
`c2st` scales by itself.
"""

import torch
from jaxtyping import Float
from scipy.stats import wasserstein_distance
from torch import Tensor

from humouse.eval.classifier import C2ST, PROBES, c2st, c2st_scores
from humouse.eval.kernel import median_distance, mmd_rbf
from humouse.eval.matrix import RobustScale, checked_pair, common_scale
from humouse.eval.neighbours import density_coverage, knn_precision_recall
from humouse.eval.precision_recall import prd, prd_scores

__all__ = [
    "C2ST",
    "PROBES",
    "RobustScale",
    "c2st",
    "c2st_scores",
    "common_scale",
    "density_coverage",
    "knn_precision_recall",
    "median_distance",
    "mmd_rbf",
    "prd",
    "prd_scores",
    "wasserstein_per_feature",
]


def wasserstein_per_feature(
    real: Float[Tensor, "N F"], fake: Float[Tensor, "M G"]
) -> Float[Tensor, "F"]:
    """Return [F] float64 each feature's 1-Wasserstein distance, in its own unit.

    Raises:
        ValueError: See `checked_pair`.
    """
    a, b = (side.cpu().numpy() for side in checked_pair(real, fake))
    return torch.tensor(
        [wasserstein_distance(a[:, k], b[:, k]) for k in range(a.shape[1])], dtype=torch.float64
    )
