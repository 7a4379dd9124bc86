"""What a probe answered on rows it was not fitted on, and how well that separates the two sets."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from humouse.eval.statistics.auc import weighted_auc


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Answers on held-out rows.

    Scores of two fits have no common scale, so areas are taken within a fold and averaged by the
    rows in it.

    Args:
        is_real: [R] what each row is.
        probability: [R] of being real, as the probe of the row's fold has it.
        fold: [R] the fold in which the row was held out.
    """

    is_real: Bool[np.ndarray, "R"]
    probability: Float[np.ndarray, "R"]
    fold: Int[np.ndarray, "R"]

    def accuracy(self, weights: Float[np.ndarray, "D R"] | None = None) -> Float[np.ndarray, "D"]:
        """Return [D] the share answered rightly; both sides weigh the same.

        Args:
            weights: [D, R] how often each row counts; once by default (D = 1).
        """
        weights = self._weights(weights)
        right = (self.probability > 0.5) == self.is_real
        # An answer of exactly one half is half right.
        credit = np.where(self.probability == 0.5, 0.5, right)
        sides = [
            (weights[:, side] @ credit[side]) / np.maximum(weights[:, side].sum(1), 1e-300)
            for side in (self.is_real, ~self.is_real)
        ]
        return (sides[0] + sides[1]) / 2

    def auc(self, weights: Float[np.ndarray, "D R"] | None = None) -> Float[np.ndarray, "D"]:
        """Return [D] the area under the ROC curve; ½ where no fold holds both kinds."""
        weights = self._weights(weights)
        total, size = np.zeros(len(weights)), np.zeros(len(weights))
        for number in np.unique(self.fold):
            real, fake = (
                np.flatnonzero((self.fold == number) & side)
                for side in (self.is_real, ~self.is_real)
            )
            on_real, on_fake = weights[:, real], weights[:, fake]
            area = weighted_auc(self.probability[real], self.probability[fake], on_real, on_fake)
            both = (on_real.sum(1) > 0) & (on_fake.sum(1) > 0)
            rows_in = np.where(both, on_real.sum(1) + on_fake.sum(1), 0.0)
            total += area * rows_in
            size += rows_in
        return np.where(size > 0, total / np.maximum(size, 1e-300), 0.5)

    def roc(self, points: int = 101) -> list[tuple[float, float]]:
        """Return (false positive rate, true positive rate), generated taken for the positive.

        The mean over folds of the true positive rate at each false positive rate.
        """
        rates = np.linspace(0, 1, points)
        curves, sizes = [], []
        for number in np.unique(self.fold):
            rows = self.fold == number
            real, fake = (
                1 - self.probability[rows & side] for side in (self.is_real, ~self.is_real)
            )
            if not (len(real) and len(fake)):
                continue
            values, place = np.unique(np.concatenate([real, fake]), return_inverse=True)
            passed = [
                np.bincount(part, minlength=len(values))[::-1].cumsum() / len(part)
                for part in (place[: len(real)], place[len(real) :])
            ]
            false, true = (np.concatenate([[0.0], rate]) for rate in passed)
            curves.append(np.interp(rates, false, true))
            sizes.append(rows.sum())
        if not curves:
            return [(0.0, 0.0), (1.0, 1.0)]
        mean = np.average(curves, axis=0, weights=sizes)
        return [(float(x), float(y)) for x, y in zip(rates, mean, strict=True)]

    def _weights(self, weights: np.ndarray | None) -> np.ndarray:
        return np.ones((1, len(self.is_real))) if weights is None else weights
