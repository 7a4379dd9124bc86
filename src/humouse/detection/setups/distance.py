"""`SetUpDistance`: how far movements lie from those of a set-up, by the traits of device and task."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int
from scipy.special import ndtri

from humouse.detection.calibration.score_cdf import ScoreCDF, logits, p_value_at
from humouse.detection.stored_numbers import above_zero, numbers, rising

_LEVELS = np.linspace(0, 1, 101)
_EXTREME = 0.001
# Slope beyond people's range: deviations count threefold there.
_BEYOND = 3.0
_RIDGE = 0.02
_LEAST_SPREAD = 1e-3
_CLOCK = "dt_"
# Times are alike within a tenth and half a millisecond; what nobody does is as rare as three in a thousand.
_ALIKE, _ALIKE_MS = 0.1, 0.5
_RAREST = 0.003
_ROWS_AT_A_TIME = 2**14
# Of fewer rows, comparing each with all knots is faster than a search in each column.
_FEW = 10


@dataclass(frozen=True, eq=False)
class SetUpDistance:
    """Mahalanobis distance of traits, as normal scores, from those of a set-up's people.

    Args:
        columns: F names of traits.
        knots: [F, K] people's quantiles of each.
        spread: [F] people's standard deviation of each.
        precision: [F, F] inverse covariance of the normal scores.
        cdf: Of people's distances.
    """

    columns: tuple[str, ...]
    knots: Float[np.ndarray, "F K"]
    spread: Float[np.ndarray, "F"]
    precision: Float[np.ndarray, "F F"]
    cdf: ScoreCDF

    @classmethod
    def fit(cls, columns: tuple[str, ...], people: Float[np.ndarray, "n F"]) -> "SetUpDistance":
        """Return the distance from [n, F] people's traits."""
        knots = np.quantile(people, _LEVELS, axis=0).T
        spread = np.maximum(people.std(0), _LEAST_SPREAD)
        scores = _normal_scores(people, knots, spread)
        covariance = np.cov(scores.T) + _RIDGE * np.eye(len(columns))
        unfitted = cls(columns, knots, spread, np.linalg.inv(covariance), ScoreCDF.fit(np.zeros(1)))
        return cls(
            columns, knots, spread, unfitted.precision, ScoreCDF.fit(unfitted.distance(people))
        )

    def distance(self, traits: Float[np.ndarray, "n F"]) -> Float[np.ndarray, "n"]:
        """Return [n] squared distances."""
        scores = _normal_scores(traits, self.knots, self.spread)
        return np.einsum("ni,ij,nj->n", scores, self.precision, scores)

    def range_of(self, column: int) -> tuple[float, float]:
        """Return what 98% of people have of one trait."""
        low, high = self.knots[column, [1, -2]].tolist()
        return low, high

    def to_json(self) -> dict[str, Any]:
        """Return it as plain numbers."""
        return {
            "columns": self.columns,
            "knots": self.knots.tolist(),
            "spread": self.spread.tolist(),
            "precision": self.precision.tolist(),
            "cdf": asdict(self.cdf),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "SetUpDistance":
        """Return what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: It is something else.
        """
        columns = tuple(content["columns"])
        F = len(columns)
        knots = np.stack([rising(one, ties=True) for one in content["knots"]])
        spread = np.array([above_zero(one) for one in content["spread"]])
        precision = numbers(content["precision"], 2)
        if (len(knots), len(spread), precision.shape) != (F, F, (F, F)) or knots.shape[1] != len(
            _LEVELS
        ):
            raise ValueError("not as many numbers as traits")
        return cls(columns, knots, spread, precision, ScoreCDF.from_json(content["cdf"]))


def p_values(
    distances: Sequence[SetUpDistance], traits: Float[np.ndarray, "n F"]
) -> Float[np.ndarray, "D n"]:
    """Return [D, n] of each distance the share of the set-up's people who lie farther."""
    knots = np.concatenate([one.knots for one in distances])
    spread = np.concatenate([one.spread for one in distances])
    precision = np.array([one.precision for one in distances])
    shape = (len(distances), len(traits.T))

    def answer(block: np.ndarray) -> np.ndarray:
        # One call for the columns of all distances: of a single movement, calls are what takes time.
        scores = _normal_scores(np.concatenate([block] * len(distances), 1), knots, spread)
        scores = np.ascontiguousarray(scores.reshape(len(block), *shape).swapaxes(0, 1))
        squared = np.einsum("dni,dij,dnj->dn", scores, precision, scores)
        return p_value_at(logits([one.cdf for one in distances], squared))

    return _in_blocks(answer, traits)


def clock_log_likelihoods(
    distances: Sequence[SetUpDistance], traits: Float[np.ndarray, "n F"]
) -> Float[np.ndarray, "D n"]:
    """Return [D, n] the log of the shares of people whose clock is alike, summed over its traits."""
    columns = distances[0].columns
    clock = [place for place, name in enumerate(columns) if name.startswith(_CLOCK)]
    knots = np.concatenate([one.knots[clock] for one in distances])
    shape = (len(distances), len(clock))

    def answer(block: np.ndarray) -> np.ndarray:
        times = np.concatenate([block[:, clock]] * len(distances), 1)
        low, high = (times * (1 + s * _ALIKE) + s * _ALIKE_MS for s in (-1, 1))
        alike = _ranks(high, knots, "right") - _ranks(low, knots, "left")
        shares = np.maximum(alike / knots.shape[1], _RAREST)
        return np.log(shares).reshape(len(block), *shape).sum(2).T

    return _in_blocks(answer, traits)


def _in_blocks(
    answer: Callable[[np.ndarray], np.ndarray], traits: Float[np.ndarray, "n F"]
) -> Float[np.ndarray, "D n"]:
    """Return [D, n] the answers on all rows; what is computed on the way is held for a block of them."""
    firsts = range(0, max(len(traits), 1), _ROWS_AT_A_TIME)
    blocks = (traits[first : first + _ROWS_AT_A_TIME] for first in firsts)
    return np.concatenate([answer(block.astype(np.float64)) for block in blocks], 1)


def _ranks(
    values: Float[np.ndarray, "n F"],
    knots: Float[np.ndarray, "F K"],
    side: Literal["left", "right"],
) -> Int[np.ndarray, "n F"]:
    """Return how many knots of its column lie below each value, or up to it where `side` is "right"."""
    if len(values) < _FEW:
        at = values[:, :, None]
        return (knots < at if side == "left" else knots <= at).sum(2)
    found = np.empty(values.shape, np.int64)
    for place, own in enumerate(knots):
        found[:, place] = own.searchsorted(values[:, place], side)
    return found


def _normal_scores(
    traits: Float[np.ndarray, "n F"], knots: Float[np.ndarray, "F K"], spread: np.ndarray
) -> Float[np.ndarray, "n F"]:
    """Return Φ⁻¹ of the share of people below each; beyond their range it goes on in deviations."""
    below, upto = _ranks(traits, knots, "left"), _ranks(traits, knots, "right")
    steps = knots.shape[1] - 1
    # Where people share one value, it stands in their middle.
    share = (below + upto - 1) / (2 * steps)
    between, column = ((below == upto) & (below > 0) & (upto <= steps)).nonzero()
    at = below[between, column]
    low, high = knots[column, at - 1], knots[column, at]
    share[between, column] = (at - 1 + (traits[between, column] - low) / (high - low)) / steps
    beyond = np.maximum(traits - knots[:, -1], 0) - np.maximum(knots[:, 0] - traits, 0)
    return ndtri(np.clip(share, _EXTREME, 1 - _EXTREME)) + _BEYOND * beyond / spread
