"""Permutation importance on held-out rows: the AUC that a probe loses where a feature is shuffled.

Breiman 2001, doi:10.1023/A:1010933404324. Features that say the same share their loss.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from humouse.eval.probes.feature_probe import FoldFit
from humouse.eval.probes.held_out import HeldOut

_REPEATS = 2
_ROWS_AT_A_TIME = 1024
"""That all trees pass over while they are in the cache."""
_MOST_ROWS = 4096
"""Of a fold: more would tell apart losses of AUC that are smaller than those between two seeds."""


def importance(
    fits: Sequence[FoldFit], is_real: Bool[np.ndarray, "R"], seed: int
) -> Float[np.ndarray, "F"] | None:
    """Return the mean loss over the folds, weighed by their rows; None where nothing was fitted.

    Of a fold, 4,096 rows are looked at at most.

    Args:
        fits: One for each fold, of a probe that reads every feature.
        is_real: [R] what each row is.
        seed: Of the shuffles.
    """
    if not fits:
        return None
    lost = [_auc_lost(fit, is_real[fit.held], seed) for fit in fits]
    return np.average(lost, axis=0, weights=[len(fit.held) for fit in fits])


def _auc_lost(fit: FoldFit, is_real: Bool[np.ndarray, "H"], seed: int) -> Float[np.ndarray, "F"]:
    rng = np.random.default_rng(seed)
    looked_at = np.arange(len(is_real))
    if len(is_real) > _MOST_ROWS:
        looked_at = rng.choice(len(is_real), _MOST_ROWS, replace=False)
    is_real, unseen = is_real[looked_at], fit.unseen[looked_at]
    one_fold = np.zeros(len(is_real), int)
    whole = HeldOut(is_real, fit.probability[looked_at], one_fold).auc()[0]
    lost = np.zeros(unseen.shape[1])
    shuffled = unseen.copy()
    for column in range(len(lost)):
        for _ in range(_REPEATS):
            shuffled[:, column] = rng.permutation(unseen[:, column])
            answer = _answers(fit.model, shuffled)
            lost[column] += (whole - HeldOut(is_real, answer, one_fold).auc()[0]) / _REPEATS
        shuffled[:, column] = unseen[:, column]
    return lost


def _answers(model: Any, rows: Float[np.ndarray, "H F"]) -> Float[np.ndarray, "H"]:
    """Return [H] the probability of being real that a classifier gives each row."""
    starts = range(0, len(rows), _ROWS_AT_A_TIME)
    parts = [model.predict_proba(rows[start : start + _ROWS_AT_A_TIME]) for start in starts]
    return np.concatenate(parts)[:, 1]
