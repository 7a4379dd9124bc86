"""`FisherEnsemble`: detectors combined by their p-values under people, for unseen kinds of bots."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import log_expit

from humouse.detection.estimators.score_cdf import ScoreCDF
from humouse.detection.estimators.tabular import Rows, TableDetector


class FisherEnsemble(TableDetector):
    """Fisher's combination of detectors: the weighted mean of −log p, p a score's p-value under people.

    How well a detector separates known bots says little about unknown ones, and weights learnt on
    known bots would favour detectors that memorise them. So people alone set the scale of each, and
    one small p-value outweighs several large ones. Rows of bots take no part in the fit. X is [n,
    M] raw scores of M detectors, of people that they were not fitted on.

    Fisher 1932, Statistical Methods for Research Workers, §21.1. Detectors depend on one another, so
    the mean is compared with people's own distribution of it, not with the chi-square one.

    Args:
        weights: Weight of each detector, above 0; None for equal weights.
    """

    cdfs_: tuple[ScoreCDF, ...]
    combined_cdf_: ScoreCDF
    shares_: Float[np.ndarray, "M"]

    def __init__(self, *, weights: tuple[float, ...] | None = None) -> None:
        self.weights = weights

    def contributions(self, X: Any) -> Float[np.ndarray, "n M"]:
        """Return [n, M] what each detector adds to the mean of −log p; raises as `decision_function`."""
        return self._weighted_surprise(self.rows(X))

    def _fit(self, values: Rows, is_bot: Bool[np.ndarray, "n"]) -> None:
        people = values[~is_bot]
        weights = (
            np.ones(values.shape[1]) if self.weights is None else np.array(self.weights, float)
        )
        if len(weights) != values.shape[1] or not (weights > 0).all():
            raise ValueError(f"{values.shape[1]} members need as many weights above 0")
        self.shares_ = weights / weights.sum()
        self.cdfs_ = tuple(ScoreCDF.fit(member) for member in people.T)
        self.combined_cdf_ = ScoreCDF.fit(self._weighted_surprise(people).sum(1))

    def _logit(self, values: Rows) -> Float[np.ndarray, "n"]:
        return self.combined_cdf_.outlier_logit(self._weighted_surprise(values).sum(1))

    def _weighted_surprise(self, values: Rows) -> Float[np.ndarray, "n M"]:
        """Return [n, M] −log p of each score, times its detector's share of the weights."""
        odds = [cdf.logit(scores) for cdf, scores in zip(self.cdfs_, values.T, strict=True)]
        return -log_expit(-np.stack(odds, 1)) * self.shares_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # it learns from people alone
        return tags
