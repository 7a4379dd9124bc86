"""How far out among people's scores a score lies: a smooth share of the tail above it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import expit, logit

_SHARES_ABOVE = (0.99, 0.95, 0.9, 0.75, 0.5, 0.25, 0.1, 0.05)
_LEAST = 1e-12


@dataclass(frozen=True)
class HumanTail:
    """The share of people's scores above a score, p, as log-odds log((1 − p)/p).

    Straight between people's quantiles. Above the 95th percentile u it goes on at the slope of an
    exponential tail, 1 / E[score − u | score > u] (the generalised Pareto tail of shape 0: Pickands
    1975, doi:10.1214/aos/1176343003), below the first percentile at the last pair's slope: two
    extreme scores never tie.

    Args:
        knots: K scores, rising.
        log_odds: K log-odds at them.
        slope_below: Log-odds a unit of score below the first knot, above 0.
        slope_above: Likewise above the last.
    """

    knots: tuple[float, ...]
    log_odds: tuple[float, ...]
    slope_below: float
    slope_above: float

    @classmethod
    def of(cls, scores: Float[np.ndarray, "n"]) -> "HumanTail":
        """Return the tail of [n] people's scores.

        Raises:
            ValueError: There are none, or one is NaN or infinite.
        """
        if not len(scores) or not np.isfinite(scores).all():
            raise ValueError("a tail needs people's scores, all of them finite")
        shares = np.array(_SHARES_ABOVE)
        quantiles = np.quantile(scores, 1 - shares)
        knots, place = np.unique(quantiles, return_inverse=True)
        # Where quantiles tie, the middle of their log-odds.
        odds = np.bincount(place, logit(1 - shares)) / np.bincount(place)
        spread = float(scores.std()) or 1.0
        excess = scores[scores > knots[-1]] - knots[-1]
        mean_excess = max(float(excess.mean()) if len(excess) else spread, _LEAST * spread)
        steepness = np.diff(odds) / np.maximum(np.diff(knots), _LEAST * spread)
        below = float(steepness[0]) if len(steepness) else 1 / spread
        return cls(tuple(knots.tolist()), tuple(odds.tolist()), below, 1 / mean_excess)

    def log_odds_of(self, scores: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Return log((1 − p)/p) of scores, rising in them."""
        inside = np.interp(scores, self.knots, self.log_odds)
        below = self.slope_below * np.minimum(scores - self.knots[0], 0)
        return inside + below + self.slope_above * np.maximum(scores - self.knots[-1], 0)

    def p_value(self, scores: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Return p, the share of people's scores above each."""
        return expit(-self.log_odds_of(scores))
