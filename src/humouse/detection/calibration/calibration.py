"""`Calibration`: from a detector's scores to p-values, thresholds and probabilities.

It is fitted on people that the detector was not fitted on. A threshold is the conformal quantile:
the false positive rate on new gestures of similar people is at most the rate asked for, whatever
the distribution of scores (Vovk, Gammerman & Shafer 2005, doi:10.1007/b106715). A probability
assumes that bots and people are equally frequent.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import expit, log_expit

from humouse.detection.calibration.score_cdf import ScoreCDF
from humouse.detection.stored_numbers import above_zero, number, numbers
from humouse.errors import InputError

FALSE_POSITIVE_RATES = (0.01, 0.001)
"""Those that thresholds are fixed for."""

_LEAST_SLOPE = 1e-3
_RIDGE = 1e-4


@dataclass(frozen=True)
class Calibration:
    """What a detector's scores mean, as plain numbers.

    The probability is beta calibration (Kull, Silva Filho & Flach 2017, EJS 11:5052) of a score's
    p-value p under people: logit = c − a·log p + b·log(1 − p), a and b above 0, so that it rises in
    the score and has a free slope at either end.

    Args:
        human_cdf: Of people's scores.
        slope_high: a.
        slope_low: b.
        intercept: c.
        human_scores: People's scores, falling, for the thresholds.
    """

    human_cdf: ScoreCDF
    slope_high: float
    slope_low: float
    intercept: float
    human_scores: tuple[float, ...]

    @classmethod
    def fit(cls, scores: Float[np.ndarray, "n"], is_bot: Bool[np.ndarray, "n"]) -> "Calibration":
        """Return the calibration of a detector from scores of gestures that it was not fitted on.

        Args:
            scores: [n] its scores, higher for more bot.
            is_bot: [n] which are bots'.

        Raises:
            InputError: There are no people's rows, or no bots'.
            ValueError: A score is NaN or infinite.
        """
        if is_bot.all() or not is_bot.any():
            missing = "people" if is_bot.all() else "bots"
            raise InputError(f"calibration: no rows of {missing}; give held-out rows of both")
        if not np.isfinite(scores).all():
            raise ValueError("a score to calibrate on is NaN or infinite")
        scores = scores.astype(np.float64)
        people = scores[~is_bot]
        human_cdf = ScoreCDF.fit(people)
        high, low, intercept = _beta_calibration(
            np.stack(_log_p_values(human_cdf.logit(scores)), 1), is_bot
        )
        falling = tuple(np.sort(people)[::-1].tolist())
        return cls(human_cdf, high, low, intercept, falling)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Calibration":
        """Return what `dataclasses.asdict` made, from JSON or not.

        Raises:
            KeyError, TypeError, ValueError: It is something else.
        """
        return cls(
            ScoreCDF.from_json(content["human_cdf"]),
            above_zero(content["slope_high"]),
            above_zero(content["slope_low"]),
            number(content["intercept"]),
            tuple(numbers(content["human_scores"]).tolist()),
        )

    def log_odds(self, scores: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        """Return [n] the logit of being a bot's."""
        return self.log_odds_at(self.human_cdf.logit(scores))

    def log_odds_at(self, human: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        """Return [n] the same of scores whose `human_cdf.logit` is known."""
        high, low = _log_p_values(human)
        return self.intercept + self.slope_high * high + self.slope_low * low

    def probability(self, scores: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        """Return [n] the probability of being a bot's, if bots are as frequent as people."""
        return expit(self.log_odds(scores))

    def p_value(self, scores: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        """Return [n] the p-value under people: the share of their scores above each, smooth in the tail."""
        return self.human_cdf.p_value(scores)

    def threshold(self, false_positive_rate: float) -> float:
        """Return the lowest score to flag for at most that false positive rate.

        With n people's scores and k = ⌊rate·(n + 1)⌋ it lies between the k-th highest and the next
        higher: a new score from the same distribution is among the k highest of n + 1 with
        probability k/(n + 1) at most.

        Raises:
            InputError: The rate is not between 0 and 1, or there are too few people's scores for it.
        """
        if not 0 < false_positive_rate < 1:
            raise InputError(
                f"false_positive_rate={false_positive_rate:g}: must lie between 0 and 1"
            )
        n = len(self.human_scores)
        k = _allowed(false_positive_rate, n)
        if k < 1:
            needed = gestures_needed(false_positive_rate)
            raise InputError(
                f"false_positive_rate={false_positive_rate:g}: takes {needed:,} gestures of people to "
                f"calibrate on, and there were {n:,}; give more people or ask for a higher rate"
            )
        last = self.human_scores[k - 1]
        above = float(np.nextafter(last, np.inf))
        if k == 1:
            return above
        # Halfway, so that a rounding elsewhere leaves no gesture on the other side.
        return max((last + self.human_scores[k - 2]) / 2, above)

    def thresholds(self) -> dict[float, float]:
        """Return the thresholds of the `FALSE_POSITIVE_RATES` that there are enough scores for."""
        rates = [
            rate for rate in FALSE_POSITIVE_RATES if _allowed(rate, len(self.human_scores)) >= 1
        ]
        return {rate: self.threshold(rate) for rate in rates}


def gestures_needed(false_positive_rate: float) -> int:
    """Return the number of people's gestures that a threshold for that rate takes."""
    return math.ceil(1 / false_positive_rate - 1e-9) - 1


def check_disjoint(fit_users: Any, evaluate_users: Any) -> None:
    """Check that no person is in both groups of a split.

    Args:
        fit_users: Names of the people fitted or calibrated on, with repetitions.
        evaluate_users: Names of the people evaluated on.

    Raises:
        InputError: A person is in both groups, or a group does not name its people.
    """
    if fit_users is None or evaluate_users is None:
        raise InputError(
            "users: people without names cannot be kept apart; give movements that name their users"
        )
    both = sorted(set(map(str, fit_users)) & set(map(str, evaluate_users)))
    if both:
        shown = ", ".join(both[:3]) + (f" and {len(both) - 3} more" if both[3:] else "")
        raise InputError(
            f"users: {shown} on both sides of the split; a detector must be evaluated on people it "
            "was not fitted on, so split by people"
        )


def _allowed(rate: float, n: int) -> int:
    """Return k = ⌊rate·(n + 1)⌋."""
    return math.floor(rate * (n + 1) + 1e-9)  # 0.01·100 is 1, whatever its last bit


def _log_p_values(human: Float[np.ndarray, "n"]) -> tuple[np.ndarray, np.ndarray]:
    """Return [n] −log p and [n] log(1 − p) of p-values 1 − F, given logit F."""
    return -log_expit(-human), log_expit(human)


def _beta_calibration(
    log_p: Float[np.ndarray, "n 2"], is_bot: Bool[np.ndarray, "n"]
) -> tuple[float, float, float]:
    """Return a, b, c of the largest penalised likelihood, balanced between the classes."""
    # Loaded here: it takes as long as a detector, which only scores, to load.
    from scipy.optimize import minimize

    counts = np.array([(~is_bot).sum(), is_bot.sum()])
    # Platt's targets: as if each class had one more row of unknown label.
    target = np.where(is_bot, (counts[1] + 1) / (counts[1] + 2), 1 / (counts[0] + 2))
    weight = 0.5 / counts[is_bot.astype(int)]

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        slopes, intercept = parameters[:2], parameters[2]
        odds = log_p @ slopes + intercept
        value = -(weight * (target * log_expit(odds) + (1 - target) * log_expit(-odds))).sum()
        error = weight * (expit(odds) - target)
        gradient = np.append(error @ log_p + 2 * _RIDGE * slopes, error.sum())
        return float(value + _RIDGE * slopes @ slopes), gradient

    bounds = [(_LEAST_SLOPE, None), (_LEAST_SLOPE, None), (None, None)]
    found = minimize(loss, np.array([1.0, 1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    a, b, c = found.x.tolist()
    return a, b, c
