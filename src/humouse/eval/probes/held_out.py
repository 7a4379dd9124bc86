"""What a probe answered on rows it was not fitted on, and how well that tells the sides apart."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int


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
        """Return [D] the area under the ROC curve; ½ where no fold holds both sides."""
        weights = self._weights(weights)
        total, size = np.zeros(len(weights)), np.zeros(len(weights))
        for number in np.unique(self.fold):
            rows = np.flatnonzero(self.fold == number)
            area, rows_in = self._area(rows, weights[:, rows])
            total += area * rows_in
            size += rows_in
        return np.where(size > 0, total / np.maximum(size, 1e-300), 0.5)

    def _area(self, rows: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return [D] the area within a fold and the weight in it, 0 where a set is missing."""
        values, place = np.unique(self.probability[rows], return_inverse=True)
        real, fake = (
            _sums(np.where(self.is_real[rows] == side, weights, 0), place, len(values))
            for side in (True, False)
        )
        below = fake.cumsum(1) - fake
        won = (real * (below + fake / 2)).sum(1)
        pairs = real.sum(1) * fake.sum(1)
        size = np.where(pairs > 0, weights.sum(1), 0.0)
        return won / np.maximum(pairs, 1e-300), size

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


def _sums(weights: np.ndarray, place: np.ndarray, n: int) -> np.ndarray:
    """Return [D, n] the sums of [D, R] weights that fall on each of n places."""
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(n))
    return np.add.reduceat(weights[:, order], starts, axis=1)
