"""A blend of detectors that is to catch bots which none of its members was fitted on."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import log_expit

from humouse.detection.estimators.human_tail import HumanTail
from humouse.detection.estimators.tabular import Rows, TableDetector
from humouse.detection.estimators.typicality import atypical


class BlendDetector(TableDetector):
    """Fisher's combination of members: the mean of −log p, p the share of people's scores above.

    How well a member tells bots that are known says little of those that are not, and a weight learnt
    on known ones trusts whoever knows them by heart. So members count on a scale that people alone
    set, and one that is sure outweighs several that see nothing. Rows of bots take no part in the fit.
    X is [n, M] raw scores of M members, of people whom they were not fitted on.

    Fisher 1932, Statistical Methods for Research Workers, §21.1; members depend on one another, so
    people's own distribution of the mean, not the chi-square one, says how much is much.

    Args:
        weights: How much each member counts, above 0; None for all alike.
    """

    tails_: tuple[HumanTail, ...]
    tail_: HumanTail
    shares_: Float[np.ndarray, "M"]

    def __init__(self, *, weights: tuple[float, ...] | None = None) -> None:
        self.weights = weights

    def contributions(self, X: Any) -> Float[np.ndarray, "n M"]:
        """Return [n, M] what each member adds to the mean of −log p; raises as `decision_function`."""
        return self._evidence(self.rows(X))

    def _fit(self, values: Rows, is_bot: Bool[np.ndarray, "n"]) -> None:
        people = values[~is_bot]
        weights = (
            np.ones(values.shape[1]) if self.weights is None else np.array(self.weights, float)
        )
        if len(weights) != values.shape[1] or not (weights > 0).all():
            raise ValueError(f"{values.shape[1]} members need as many weights above 0")
        self.shares_ = weights / weights.sum()
        self.tails_ = tuple(HumanTail.of(member) for member in people.T)
        self.tail_ = HumanTail.of(self._evidence(people).sum(1))

    def _logit(self, values: Rows) -> Float[np.ndarray, "n"]:
        return atypical(self.tail_, self._evidence(values).sum(1))

    def _evidence(self, values: Rows) -> Float[np.ndarray, "n M"]:
        odds = [tail.log_odds_of(one) for tail, one in zip(self.tails_, values.T, strict=True)]
        return -log_expit(-np.stack(odds, 1)) * self.shares_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # it learns from people alone
        return tags
