"""`ScoreCDF`: the distribution of people's scores, with tails that extend beyond them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.special import expit, logit

from humouse.detection.stored_numbers import above_zero, rising
from humouse.quantiles import QuantileMap

_SHARES_ABOVE = (0.99, 0.95, 0.9, 0.75, 0.5, 0.25, 0.1, 0.05)
_LEAST = 1e-12
_OUTLIERS = 0.01

OUTLIER_LOGIT = math.log((1 - _OUTLIERS) / _OUTLIERS)
"""logit F at the score that one in a hundred people exceeds."""


@dataclass(frozen=True)
class ScoreCDF:
    """The distribution function F of people's scores, as logit F = log(F / (1 − F)).

    1 − F is the p-value of a score under people. Between people's quantiles logit F is linear. Above
    the 95th percentile u it continues at the slope of an exponential tail, 1 / E[score − u | score > u]
    (the generalised Pareto tail of shape 0: Pickands 1975, doi:10.1214/aos/1176343003), below the
    first percentile at the slope of the first pair: two extreme scores never tie.

    Args:
        knots: K scores, rising.
        log_odds: K values of logit F at them.
        slope_below: Slope of logit F below the first knot, above 0.
        slope_above: Likewise above the last.
    """

    knots: tuple[float, ...]
    log_odds: tuple[float, ...]
    slope_below: float
    slope_above: float

    @classmethod
    def fit(cls, scores: Float[np.ndarray, "n"]) -> "ScoreCDF":
        """Return the distribution of [n] people's scores.

        Raises:
            ValueError: There are none, or one is NaN or infinite.
        """
        if not len(scores) or not np.isfinite(scores).all():
            raise ValueError("a distribution needs people's scores, all of them finite")
        shares = np.array(_SHARES_ABOVE)
        quantiles = np.quantile(scores, 1 - shares)
        knots, place = np.unique(quantiles, return_inverse=True)
        # Where quantiles tie, the mean of their values.
        odds = np.bincount(place, logit(1 - shares)) / np.bincount(place)
        spread = float(scores.std()) or 1.0
        excess = scores[scores > knots[-1]] - knots[-1]
        mean_excess = max(float(excess.mean()) if len(excess) else spread, _LEAST * spread)
        steepness = np.diff(odds) / np.maximum(np.diff(knots), _LEAST * spread)
        below = float(steepness[0]) if len(steepness) else 1 / spread
        return cls(tuple(knots.tolist()), tuple(odds.tolist()), below, 1 / mean_excess)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "ScoreCDF":
        """Return what `dataclasses.asdict` made, from JSON or not.

        Raises:
            KeyError, TypeError, ValueError: It is something else.
        """
        knots, log_odds = rising(content["knots"]), rising(content["log_odds"])
        if len(knots) != len(log_odds):
            raise ValueError("not one value for each score")
        return cls(
            tuple(knots.tolist()),
            tuple(log_odds.tolist()),
            above_zero(content["slope_below"]),
            above_zero(content["slope_above"]),
        )

    def logit(self, scores: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Return logit F of scores."""
        return logits([self], scores[None])[0]

    @cached_property
    def _map(self) -> QuantileMap:
        return QuantileMap(np.array(self.knots), np.array(self.log_odds))

    def outlier_logit(self, scores: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Return logit F, shifted to 0 at the score that one in a hundred people exceeds."""
        return self.logit(scores) - OUTLIER_LOGIT

    def p_value(self, scores: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Return 1 − F, the share of people's scores above each."""
        return p_value_at(self.logit(scores))


def p_value_at(logit: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """Return 1 − F where logit F is known."""
    return expit(-logit)


def logits(
    cdfs: Sequence[ScoreCDF], scores: Float[np.ndarray, "S *n"]
) -> Float[np.ndarray, "S *n"]:
    """Return logit F of S distributions, each at scores of its own."""
    inside = np.array([one._map.level(own) for one, own in zip(cdfs, scores, strict=True)])
    ends = [(one.knots[0], one.knots[-1], one.slope_below, one.slope_above) for one in cdfs]
    low, high, below, above = np.array(ends).T.reshape(4, -1, *(1,) * (scores.ndim - 1))
    return inside + below * np.minimum(scores - low, 0) + above * np.maximum(scores - high, 0)
