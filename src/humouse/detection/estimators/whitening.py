"""`Whitening`: rows along axes in which people vary independently and equally."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from sklearn.covariance import ledoit_wolf

from humouse.detection.estimators.normal_scores import NormalScores
from humouse.detection.estimators.tabular import Rows

SCALES = ("log", "quantiles")
"""What is done to a table's columns first: the logarithm of errors, or people's normal scores."""

SMALLEST = float(np.finfo(np.float32).tiny)
"""Values below it count as it, before the logarithm."""

# Variance along an axis in which people do not vary, as a share of the mean one.
_LEAST_VARIANCE_SHARE = 1e-4
_LEAST_VARIANCE = 1e-12


@dataclass(frozen=True, eq=False)
class Whitening:
    """Maps rows to axes along which people have mean 0, variance 1 and no correlation.

    The covariance is shrunk (Ledoit & Wolf 2004, doi:10.1016/S0047-259X(03)00096-4), so that columns
    that depend on one another among people do not count without bounds.

    Args:
        normal_scores: Of each column, or None for its logarithm.
        mean: [F] people's.
        axes: [F, F] from deviations to uncorrelated ones.
    """

    normal_scores: NormalScores | None
    mean: Float[np.ndarray, "F"]
    axes: Float[np.ndarray, "F F"]

    @classmethod
    def fit(cls, people: Rows, scale: str) -> "Whitening":
        """Return the whitening of [n, F] people's rows; `scale` is one of `SCALES`."""
        normal_scores = NormalScores.fit(people) if scale == "quantiles" else None
        scaled = normal_scores(people) if normal_scores else _logarithm(people)
        mean = scaled.mean(0)
        covariance, _ = ledoit_wolf(scaled - mean, assume_centered=True)
        variance, vectors = np.linalg.eigh(covariance)
        least = max(_LEAST_VARIANCE_SHARE * float(variance.mean()), _LEAST_VARIANCE)
        return cls(normal_scores, mean, vectors / np.sqrt(np.maximum(variance, least)))

    def __call__(self, values: Rows) -> Rows:
        """Return [n, F] rows along the axes."""
        scaled = self.normal_scores(values) if self.normal_scores else _logarithm(values)
        return (scaled - self.mean) @ self.axes


def _logarithm(values: Rows) -> Rows:
    return np.log(np.maximum(values, SMALLEST))
