"""`PeopleScale`: rows along axes in which people vary independently and equally."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from sklearn.covariance import ledoit_wolf

from humouse.detection.estimators.normal_scores import NormalScores
from humouse.detection.estimators.tabular import Rows

SCALES = ("log", "quantiles")
"""What is done to a table's columns first: the logarithm of errors, or people's normal scores."""

SMALLEST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, eq=False)
class PeopleScale:
    """Brings rows to axes along which people have mean 0, variance 1 and no correlation.

    The covariance is shrunk (Ledoit & Wolf 2004, doi:10.1016/S0047-259X(03)00096-4), so that columns
    that people determine by others do not count without bounds.

    Args:
        normal: Normal scores of each column, or None for its logarithm.
        mean: [F] people's.
        axes: [F, F] from deviations to uncorrelated ones.
    """

    normal: NormalScores | None
    mean: Float[np.ndarray, "F"]
    axes: Float[np.ndarray, "F F"]

    @classmethod
    def of(cls, people: Rows, scale: str) -> "PeopleScale":
        """Return the scale of [n, F] people's rows; `scale` is one of `SCALES`."""
        normal = NormalScores.of(people) if scale == "quantiles" else None
        scaled = normal(people) if normal else _logarithm(people)
        mean = scaled.mean(0)
        covariance, _ = ledoit_wolf(scaled - mean, assume_centered=True)
        # A column that people never change has a deviation all the same, the hundredth of the mean.
        variance, turned = np.linalg.eigh(covariance)
        least = max(1e-4 * float(variance.mean()), 1e-12)
        return cls(normal, mean, turned / np.sqrt(np.maximum(variance, least)))

    def __call__(self, values: Rows) -> Rows:
        """Return [n, F] rows along the axes."""
        scaled = self.normal(values) if self.normal else _logarithm(values)
        return (scaled - self.mean) @ self.axes


def _logarithm(values: Rows) -> Rows:
    return np.log(np.maximum(values, SMALLEST))
