"""`NormalScores`: features of any unit and tail, mapped to a common scale by people's quantiles."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

from humouse.quantiles import QuantileMap

# Few, so that the map between two of them is linear and does not follow one sample of people.
_LEVELS = (
    *(0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5),
    *(0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.995, 0.999),
)
# Where people never vary, a relative difference of this much counts as one deviation.
_LEAST_RELATIVE = 1e-3
_LEAST_UNIT = 1e-6


@dataclass(frozen=True, eq=False)
class NormalScores:
    """Each feature as Φ⁻¹ of the share of people below it.

    Linear between people's quantiles. Beyond the outermost it continues for one deviation at the
    slope of the last piece, and is constant from there, so that all values far outside people's
    range get one score.

    Args:
        knots: [F, K] rising in each row; the last repeats where a feature has fewer.
        origin: [F] the score at the first knot.
        slopes: [F, K − 1] scores per unit of the feature between knots; 0 between repeated ones.
    """

    knots: Float[np.ndarray, "F K"]
    origin: Float[np.ndarray, "F"]
    slopes: Float[np.ndarray, "F pieces"]

    @classmethod
    def fit(cls, people: Float[np.ndarray, "n F"]) -> "NormalScores":
        """Return the map fitted to [n, F] features of people."""
        levels = np.array(_LEVELS)
        quantiles = np.quantile(people, levels, axis=0)
        curves = [_curve(column, ndtri(levels)) for column in quantiles.T]
        K = max(len(knots) for knots, _ in curves)
        knots = np.stack([np.pad(one, (0, K - len(one)), mode="edge") for one, _ in curves])
        scores = np.stack([np.pad(one, (0, K - len(one)), mode="edge") for _, one in curves])
        width = np.diff(knots)
        slopes = np.where(width > 0, np.diff(scores) / np.where(width > 0, width, 1), 0.0)
        return cls(knots, scores[:, 0], slopes)

    def __call__(self, values: Float[np.ndarray, "n F"]) -> Float[np.ndarray, "n F"]:
        """Return [n, F] normal scores."""
        scores = np.empty_like(values)
        at_knots = self.origin[:, None] + np.cumsum(self.slopes * np.diff(self.knots), axis=1)
        at_knots = np.concatenate([self.origin[:, None], at_knots], 1)
        for place in range(values.shape[1]):
            column = QuantileMap(self.knots[place], at_knots[place])
            scores[:, place] = column.level(values[:, place])
        return scores


def _curve(quantiles: np.ndarray, deviations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the knots of one feature and the scores at them, one deviation beyond at either end."""
    knots, place = np.unique(quantiles, return_inverse=True)
    # Where quantiles tie, the mean of their scores.
    scores = np.bincount(place, deviations) / np.bincount(place)
    least = max(_LEAST_RELATIVE * float(np.abs(knots).max()), _LEAST_UNIT)
    widths = np.full(1, least) if len(knots) == 1 else np.diff(knots) / np.diff(scores)
    low, high = knots[0] - widths[0], knots[-1] + widths[-1]
    return (
        np.concatenate([[low], knots, [high]]),
        np.concatenate([[scores[0] - 1], scores, [scores[-1] + 1]]),
    )
