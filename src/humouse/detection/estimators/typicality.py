"""A one-class detector: how far a row lies from people, on either side.

Its table is a diffusion model's denoising errors at several noise levels: bots smoother than people
have too small an error, bots rougher than people too large a one. A likelihood ranks the former
above people's own; a distance from what is typical finds both (Nalisnick et al. 2019,
arXiv:1906.02994).
"""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from humouse.detection.estimators.score_cdf import ScoreCDF
from humouse.detection.estimators.tabular import Rows, TableDetector, TableError
from humouse.detection.estimators.whitening import SCALES, Whitening


class TypicalityDetector(TableDetector):
    """Mahalanobis distance from people.

    Args:
        scale: One of `SCALES`: "log" for a table of errors, none of them negative; "quantiles" for
            features of any kind.
    """

    one_class = True

    whitening_: Whitening
    cdf_: ScoreCDF

    def __init__(self, *, scale: str = "log") -> None:
        self.scale = scale

    def _fit(self, values: Rows, is_bot: Bool[np.ndarray, "n"]) -> None:
        if self.scale not in SCALES:
            raise ValueError(f"scale={self.scale!r}: choose {' or '.join(SCALES)}")
        if len(values) < 2:
            raise TableError(f"people: {len(values)} sample; their spread takes at least 2")
        self._check_sign(values)
        self.whitening_ = Whitening.fit(values, self.scale)
        self.cdf_ = ScoreCDF.fit(self._distance(values))

    def _distance(self, values: Rows) -> Float[np.ndarray, "n"]:
        return np.sqrt(np.square(self.whitening_(values)).sum(1))

    def _logit(self, values: Rows) -> Float[np.ndarray, "n"]:
        self._check_sign(values)
        return self.cdf_.outlier_logit(self._distance(values))

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
