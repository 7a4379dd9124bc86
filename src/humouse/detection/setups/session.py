"""`SessionRule`: a verdict on several movements of one source, with stated error rates.

Each movement's score becomes its normal score among people's (0 in their middle, 2.3 where 1% lie
above). People of one device or habit share a shift: normal score = shift + rest, with shift ~ N(mean,
between²) once for the whole session, rest ~ N(0, within²) for each movement. So the mean of n has variance
between² + within²/n, which does not fall to 0: what all movements share never adds up to a bot.

The verdict may be read after each movement: the critical values hold for the whole session, however
long (simulated under this model). Sequential test after Wald 1945 (doi:10.1214/aoms/1177731118), with
the random effect of Laird & Ware 1982 (doi:10.2307/2529876).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped
from scipy.special import ndtr, ndtri

from humouse.detection.names import BOT, HUMAN, UNDECIDED
from humouse.detection.stored_numbers import above_zero, number

ERROR_RATES = (0.01, 0.001)
"""Shares of people's sessions that may be flagged, at any time."""

LONGEST = 100
"""Movements that critical values were simulated for; a longer session counts its last so many."""

STRANGERS = 1.5
"""What the deviation between people is multiplied by: strangers differ more than those calibrated on."""

_PATHS = 20_000
_LEAST = 0.05
_MOST_NORMAL_SCORE = 4.0


def normal_scores(p_value: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """Return Φ⁻¹(1 − p), kept within what calibration can support."""
    scores = -ndtri(np.clip(p_value, 1e-12, 1 - 1e-12))
    return np.clip(scores, -_MOST_NORMAL_SCORE, _MOST_NORMAL_SCORE)


def shared(verdict: str) -> np.ndarray:
    """Return a verdict for `np.where`, whose answer then refers to it; an array of text has copies of it."""
    return np.array(verdict, object)


def share_of_people(score: float) -> float:
    """Return the share of people's sessions of one length whose scores are higher: `SessionRule.score`."""
    return float(ndtr(-score))


@dataclass(frozen=True)
class Source:
    """How normal scores vary between and within sources of one kind, people or bots.

    Args:
        mean: Of all.
        between: Standard deviation of a source's shift.
        within: Standard deviation about it.
    """

    mean: float
    between: float
    within: float

    @classmethod
    def fit(cls, scores: Float[np.ndarray, "n"], source: np.ndarray) -> "Source":
        """Return the variation of [n] normal scores by moments; each source [n] counts alike."""
        parts = [scores[source == name] for name in np.unique(source)]
        parts = [part for part in parts if len(part) > 1] or [scores]
        means = np.array([part.mean() for part in parts])
        within = float(np.mean([part.var(ddof=1) if len(part) > 1 else 1.0 for part in parts]))
        of_mean = float(np.mean([within / len(part) for part in parts]))
        between = max(float(means.var(ddof=1)) - of_mean, 0.0) if len(means) > 1 else 0.0
        return cls(float(means.mean()), max(between**0.5, _LEAST), max(within**0.5, _LEAST))

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Source":
        """Return what `dataclasses.asdict` made.

        Raises:
            KeyError, TypeError, ValueError: It is something else.
        """
        between, within = (above_zero(content[name]) for name in ("between", "within"))
        return cls(number(content["mean"]), between, within)

    def deviation(self, count: Shaped[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Return the standard deviation of the mean of so many movements of one source."""
        return np.sqrt(self.between**2 + self.within**2 / count)


@dataclass(frozen=True)
class SessionRule:
    """When a session is a bot's, a person's, or undecided.

    Args:
        people: Variation among people, each on a device of their own.
        bots: Variation among the bots known.
        critical: Error rate → deviations from the mean that a session exceeds with that probability at
            any time.
    """

    people: Source
    bots: Source
    critical: Mapping[float, float]

    @classmethod
    def fit(cls, people: Source, bots: Source, seed: int) -> "SessionRule":
        """Return the rule for such people and bots."""
        rng = np.random.default_rng(seed)
        count = np.arange(1, LONGEST + 1)
        rest = rng.normal(0, people.within, (_PATHS, LONGEST)).cumsum(1) / count
        mean = rng.normal(0, people.between, (_PATHS, 1)) + rest
        highest = (mean / people.deviation(count)).max(1)
        critical = {rate: float(np.quantile(highest, 1 - rate)) for rate in ERROR_RATES}
        return cls(people, bots, critical)

    def score(self, normal: Float[np.ndarray, "*S n"]) -> Float[np.ndarray, "*S n"]:
        """Return [..., n] deviations of sessions' means from people's, after each of n movements."""
        mean, count = _running_mean(normal)
        return (mean - self.people.mean) / self.people.deviation(count)

    def verdicts(self, normal: Float[np.ndarray, "*S n"], rate: float) -> np.ndarray:
        """Return [..., n] the verdict after each movement of sessions.

        Args:
            normal: [..., n] normal scores in order.
            rate: One of `ERROR_RATES`, for people called bots and for known bots called people.
        """
        mean, count = _running_mean(normal)
        is_bot = self.score(normal) > self.critical[rate]
        unlike_bots = (mean - self.bots.mean) / self.bots.deviation(count) < ndtri(rate)
        unclear = np.where(unlike_bots, shared(HUMAN), shared(UNDECIDED))
        return np.where(is_bot, shared(BOT), unclear)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        critical = {str(rate): value for rate, value in self.critical.items()}
        return {"people": asdict(self.people), "bots": asdict(self.bots), "critical": critical}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "SessionRule":
        """Return what `to_json` wrote.

        Raises:
            LookupError, TypeError, AttributeError, ValueError: It is something else.
        """
        critical = {float(rate): number(value) for rate, value in content["critical"].items()}
        people, bots = (Source.from_json(content[name]) for name in ("people", "bots"))
        return cls(people, bots, {rate: critical[rate] for rate in ERROR_RATES})


def _running_mean(
    normal: Float[np.ndarray, "*S n"],
) -> tuple[Float[np.ndarray, "*S n"], Float[np.ndarray, "n"]]:
    """Return the mean of the last `LONGEST` movements up to each, and how many these are."""
    total = normal.cumsum(-1)
    count = np.arange(1.0, normal.shape[-1] + 1)
    if len(count) > LONGEST:
        total[..., LONGEST:] -= total[..., :-LONGEST].copy()
        count = np.minimum(count, LONGEST)
    return total / count, count
