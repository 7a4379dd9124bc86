"""The classifiers that read features: logistic regression, a small net, a forest, boosted trees."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from humouse.eval.metrics.matrix import RobustScale
from humouse.eval.probes.two_sample import FoldAnswers, TwoSample

FEATURE_PROBES = ("logistic", "mlp", "forest", "boosting")
SCALED_PROBES = ("logistic", "mlp")
_FEW_ROWS = 200
_MOST_ROWS_A_TREE = (
    10_000  # a tree of more takes longer in proportion, and a hundred trees see them all
)


@dataclass(frozen=True, eq=False)
class FoldFit(FoldAnswers):
    """A classifier fitted on all folds but one, and its answers on that one.

    Args:
        model: The classifier; None where no feature varies among the rows it was to be fitted on.
        unseen: [H, F] the held-out rows as the classifier reads them.
    """

    model: Any
    unseen: Float[np.ndarray, "H F"]


def fit_folds(
    test: TwoSample, probe: str, seed: int, is_real: np.ndarray | None = None
) -> Iterator[FoldFit]:
    """Yield the fit of each fold.

    Args:
        test: The rows and their folds.
        probe: Which of `FEATURE_PROBES`.
        seed: Of the classifier's own randomness.
        is_real: [R] other labels, as a permutation test has them.
    """
    labels = test.is_real if is_real is None else is_real
    for train, held in test.folds(labels):
        yield _fit_fold(test.rows, labels, train, held, probe, seed)


def standardised(
    seen: Float[np.ndarray, "n F"], unseen: Float[np.ndarray, "H F"]
) -> tuple[Float[np.ndarray, "n G"], Float[np.ndarray, "H G"]]:
    """Return both on the scale of the first, without the features that are constant there."""
    scale = RobustScale.fit(torch.from_numpy(seen))
    seen, unseen = (scale(torch.from_numpy(part)).numpy() for part in (seen, unseen))
    mean, spread = seen.mean(0), seen.std(0)
    varied = spread > 1e-9
    first, second = ((part - mean)[:, varied] / spread[varied] for part in (seen, unseen))
    return first, second


def _fit_fold(
    rows: np.ndarray,
    is_real: np.ndarray,
    train: np.ndarray,
    held: np.ndarray,
    probe: str,
    seed: int,
) -> FoldFit:
    seen, unseen = rows[train], rows[held]
    if probe in SCALED_PROBES:
        seen, unseen = standardised(seen, unseen)
        if not seen.shape[1]:
            return FoldFit(held, np.full(len(held), 0.5), None, unseen)
    model = _classifier(probe, seed, len(train)).fit(seen, is_real[train])
    return FoldFit(held, model.predict_proba(unseen)[:, 1], model, unseen)


def _classifier(probe: str, seed: int, rows: int) -> Any:
    if probe == "logistic":
        return LogisticRegression(max_iter=2000)
    if probe == "mlp":  # to stop early takes rows of both kinds to look at
        stop = rows >= _FEW_ROWS
        return MLPClassifier(
            (64, 64), early_stopping=stop, max_iter=2000 if stop else 200, random_state=seed
        )
    if probe == "boosting":  # on few rows, leaves of 20 would leave no tree
        leaf = 20 if rows >= _FEW_ROWS else 5
        return HistGradientBoostingClassifier(
            early_stopping=False, min_samples_leaf=leaf, random_state=seed
        )
    return RandomForestClassifier(
        100,
        min_samples_leaf=3,
        max_samples=_MOST_ROWS_A_TREE if rows > _MOST_ROWS_A_TREE else None,
        random_state=seed,
        n_jobs=torch.get_num_threads(),
    )
