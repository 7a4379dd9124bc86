"""`Roc`: the true positive rate at each false positive rate, for many sets of weights at once."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Roc:
    """The corners of K ROC curves, from (0, 0) to (1, 1).

    One corner for each score that occurs: rows that reach it are flagged. There is nothing between
    corners, so rows of equal score are flagged all or none.

    Args:
        false_positive: [K, V] share of people's rows that are flagged.
        true_positive: [K, V] share of bots' rows that are. Both are NaN in a curve where people or
            bots weigh nothing.
    """

    false_positive: Float[np.ndarray, "K V"]
    true_positive: Float[np.ndarray, "K V"]

    @classmethod
    def of(
        cls,
        human: Float[np.ndarray, "N"],
        bot: Float[np.ndarray, "M"],
        human_weights: Float[np.ndarray, "K N"],
        bot_weights: Float[np.ndarray, "K M"],
    ) -> "Roc":
        """Return the curves of scores, higher for more bot, under K rows of weights.

        Args:
            human: [N] scores of people's rows.
            bot: [M] scores of bots' rows.
            human_weights: [K, N] how often each of people's rows counts.
            bot_weights: [K, M] likewise.
        """
        values = np.unique(np.concatenate([human, bot]))
        return cls(
            _share_reaching(values, human, human_weights),
            _share_reaching(values, bot, bot_weights),
        )

    def area(self) -> Float[np.ndarray, "K"]:
        """Return [K] the area by trapezoids: the chance that a bot scores higher, a tie counting half.

        What `weighted_auc` returns, but for the last digits, which the benchmark's results are kept to.
        """
        width = np.diff(self.false_positive, axis=1)
        return (width * (self.true_positive[:, 1:] + self.true_positive[:, :-1]) / 2).sum(1)

    def average_precision(self) -> Float[np.ndarray, "K"]:
        """Return [K] the mean precision over the bots, where half of all that is judged are bots."""
        caught = self.true_positive[:, 1:]
        flagged = caught + self.false_positive[:, 1:]
        precision = np.divide(caught, flagged, out=np.zeros_like(caught), where=flagged != 0)
        return (np.diff(self.true_positive, axis=1) * precision).sum(1)

    def tpr_at(self, rate: float) -> Float[np.ndarray, "K"]:
        """Return [K] the largest true positive rate at a false positive rate of at most `rate`."""
        # NaN is not below anything: such a curve keeps its last corner, which is NaN.
        reached = (self.false_positive <= rate + _ROUNDING).sum(1, keepdims=True) - 1
        return np.take_along_axis(self.true_positive, reached, 1)[:, 0]


def _share_reaching(values: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return [K, 1 + V] the share of the weight that reaches each of V rising values, highest first."""
    order = np.argsort(-scores)
    weighed = np.zeros((len(weights), len(scores) + 1))
    np.cumsum(weights[:, order], axis=1, out=weighed[:, 1:])
    reaching = len(scores) - np.searchsorted(scores[order][::-1], values[::-1], side="left")
    total = np.where(weighed[:, -1:] > 0, weighed[:, -1:], np.nan)
    return weighed[:, np.concatenate([[0], reaching])] / total
