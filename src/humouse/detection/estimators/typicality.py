"""A detector that knows people alone: how far a row lies from them on either side, as they vary.

Its table is a diffusion model's denoising errors at several noise levels: bots smoother than people
have too small an error, bots rougher than people too great a one. A likelihood rates the former
above people's own; a distance from what is typical finds both (Nalisnick et al. 2019,
arXiv:1906.02994).
"""

import math
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from humouse.detection.estimators.human_tail import HumanTail
from humouse.detection.estimators.tabular import Rows, TableDetector, TableError
from humouse.detection.estimators.whitening import SCALES, PeopleScale

_OUTLIERS = 0.01
OUTLIER_LOG_ODDS = math.log((1 - _OUTLIERS) / _OUTLIERS)


class TypicalityDetector(TableDetector):
    """Mahalanobis distance from people.

    Args:
        scale: One of `SCALES`: "log" for a table of errors, none of them negative; "quantiles" for
            features of any kind.
    """

    one_class = True

    scale_: PeopleScale
    tail_: HumanTail

    def __init__(self, *, scale: str = "log") -> None:
        self.scale = scale

    def _fit(self, values: Rows, is_bot: Bool[np.ndarray, "n"]) -> None:
        if self.scale not in SCALES:
            raise ValueError(f"scale={self.scale!r}: choose {' or '.join(SCALES)}")
        if len(values) < 2:
            raise TableError(f"people: {len(values)} sample; their spread takes at least 2")
        self._check_sign(values)
        self.scale_ = PeopleScale.of(values, self.scale)
        self.tail_ = HumanTail.of(self._distance(values))

    def _distance(self, values: Rows) -> Float[np.ndarray, "n"]:
        return np.sqrt(np.square(self.scale_(values)).sum(1))

    def _logit(self, values: Rows) -> Float[np.ndarray, "n"]:
        self._check_sign(values)
        return atypical(self.tail_, self._distance(values))

    def _check_sign(self, values: Rows) -> None:
        negative = (values < 0).any(0)
        if self.scale == "log" and negative.any():
            raise TableError(
                f"errors: Negative values in data, in {self.columns_[int(negative.argmax())]}; an error "
                "is at least 0"
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # it never learns what the other class is like
        tags.input_tags.positive_only = self.scale == "log"
        return tags


def atypical(tail: HumanTail, scores: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Return [n] logits that are 0 where one in a hundred of the people fitted on lies further out."""
    return tail.log_odds_of(scores) - OUTLIER_LOG_ODDS
