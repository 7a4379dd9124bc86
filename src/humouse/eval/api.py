"""Distances between two sets of features, whatever made them.

Features of several units go through `common_scale` before `mmd_rbf`, `prd` and the neighbours;
`c2st` scales by itself. The names that end in "score" or "scores" return `Score` objects, with
intervals; the plain ones are the specification's.
"""

from humouse.eval.metrics.copying import Copying, copying
from humouse.eval.metrics.distance import (
    WassersteinScores,
    wasserstein_per_feature,
    wasserstein_scores,
)
from humouse.eval.metrics.kernel import median_distance, mmd_rbf, mmd_score
from humouse.eval.metrics.matrix import RobustScale, checked_pair, common_scale
from humouse.eval.metrics.neighbours import density_coverage, knn_precision_recall, neighbour_scores
from humouse.eval.metrics.precision_recall import PRDScores, prd, prd_score, prd_scores
from humouse.eval.metrics.spectral import band_powers
from humouse.eval.probes.classifier import C2ST, c2st, c2st_scores, c2st_sequences
from humouse.eval.probes.feature_probe import FEATURE_PROBES
from humouse.eval.probes.two_sample import Groups
from humouse.eval.statistics.resampling import Resampling
from humouse.eval.statistics.score import MEASURES, PROBES, Measure, Score

__all__ = [
    "C2ST",
    "FEATURE_PROBES",
    "MEASURES",
    "PROBES",
    "Copying",
    "Groups",
    "Measure",
    "PRDScores",
    "Resampling",
    "RobustScale",
    "Score",
    "WassersteinScores",
    "band_powers",
    "c2st",
    "c2st_scores",
    "c2st_sequences",
    "checked_pair",
    "common_scale",
    "copying",
    "density_coverage",
    "knn_precision_recall",
    "median_distance",
    "mmd_rbf",
    "mmd_score",
    "neighbour_scores",
    "prd",
    "prd_score",
    "prd_scores",
    "wasserstein_per_feature",
    "wasserstein_scores",
]
