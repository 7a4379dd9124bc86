"""A linear head on the features of a GAN's discriminator."""

import numpy as np
from jaxtyping import Bool, Float
from sklearn.linear_model import LogisticRegression

from humouse.detection.estimators.tabular import Rows, TableDetector


class DiscriminatorDetector(TableDetector):
    """Regularised logistic regression on standardised features, balanced between the classes.

    Args:
        penalty_inverse: C, the inverse strength of the squared penalty.
        most_iterations: Of the solver.
    """

    centre_: Float[np.ndarray, "F"]
    weights_: Float[np.ndarray, "F"]
    intercept_: float

    def __init__(self, *, penalty_inverse: float = 0.1, most_iterations: int = 1000) -> None:
        self.penalty_inverse = penalty_inverse
        self.most_iterations = most_iterations

    def _fit(self, values: Rows, is_bot: Bool[np.ndarray, "n"]) -> None:
        self.centre_, spread = values.mean(0), values.std(0)
        # A spread within the rounding of the values counts as none.
        spread = np.where(spread > 1e-6 * np.abs(values).max(0), spread, np.inf)
        head = LogisticRegression(
            C=self.penalty_inverse, class_weight="balanced", max_iter=self.most_iterations
        ).fit((values - self.centre_) / spread, is_bot)
        self.weights_ = head.coef_[0] / spread
        self.intercept_ = float(head.intercept_[0])

    def _logit(self, values: Rows) -> Float[np.ndarray, "n"]:
        return (values - self.centre_) @ self.weights_ + self.intercept_
