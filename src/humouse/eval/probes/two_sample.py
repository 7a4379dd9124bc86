"""Rows of two sides, ready to be told apart: one size, folds, and how sure the answers are."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from humouse.eval.probes.folds import fold_numbers, group_duplicates
from humouse.eval.probes.held_out import HeldOut
from humouse.eval.statistics.resampling import Users
from humouse.eval.statistics.score import Score
from humouse.eval.statistics.weights import BootstrapWeights

Fit = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""fit(train rows, held-out rows, is_real) → the probability of being real of each held-out row."""


@dataclass(frozen=True, eq=False)
class TwoSample:
    """Rows of both sides, as many of each, the real ones first, and their folds.

    Args:
        rows: [R, F].
        kept: Which real and which fake rows were kept.
        users: Names behind either side's rows, or None.
        fold: [R].
    """

    rows: Float[np.ndarray, "R F"]
    kept: tuple[np.ndarray, np.ndarray]
    users: tuple[Users, Users]
    fold: np.ndarray

    @property
    def is_real(self) -> np.ndarray:
        """[R] bool."""
        return np.arange(len(self.rows)) < len(self.rows) // 2

    def held_out(self, fit: Fit, is_real: np.ndarray | None = None) -> HeldOut:
        """Return the answers of a probe over all folds.

        Args:
            fit: Fits the probe anew and answers for one fold.
            is_real: [R] other labels, as a permutation test has them.
        """
        is_real = self.is_real if is_real is None else is_real
        probability = np.full(len(self.rows), 0.5)
        for number in np.unique(self.fold):
            held, train = np.flatnonzero(self.fold == number), np.flatnonzero(self.fold != number)
            if 0 < is_real[train].sum() < len(train):
                probability[held] = fit(train, held, is_real)
        return HeldOut(is_real, probability, self.fold)

    def scores(
        self,
        held_out: HeldOut,
        replicates: int,
        p_values: tuple[float | None, float | None],
        seed: int,
    ) -> tuple[Score, Score]:
        """Return accuracy and AUC with their intervals."""
        n, (real, fake) = len(self.rows) // 2, self.users
        weights = BootstrapWeights.over_people(real, n, fake, n, replicates=replicates, seed=seed)
        both = torch.cat([weights.real, weights.fake], 1).numpy()
        accuracy, auc = (
            weights.score(torch.from_numpy(values), p_value, least=0.0, most=1.0)
            for values, p_value in zip(
                (held_out.accuracy(both), held_out.auc(both)), p_values, strict=True
            )
        )
        return accuracy, auc


def two_sample(
    real: Float[np.ndarray, "N F"],
    fake: Float[np.ndarray, "M F"],
    *,
    real_users: Users = None,
    fake_users: Users = None,
    hold_out_fake_users: bool = True,
    folds: int = 5,
    seed: int = 0,
) -> TwoSample:
    """Return both sides cut to one size, and their folds; see `c2st_scores`."""
    if folds < 2:
        raise ValueError(f"folds must be at least 2, not {folds}")
    rng = np.random.default_rng(seed)
    n = min(len(real), len(fake))
    kept, users = [], []
    for side, names in ((real, real_users), (fake, fake_users)):
        if names is not None and len(names) != len(side):
            raise ValueError(f"{len(side)} rows need {len(side)} users, not {len(names)}")
        kept.append(rng.permutation(len(side))[:n])
        users.append(None if names is None else np.asarray(names).astype(str)[kept[-1]])
    rows = np.concatenate([real[kept[0]], fake[kept[1]]])
    groups = users[1] if hold_out_fake_users else None
    fold = np.concatenate(fold_numbers(users[0], groups, n, folds, rng))
    fold = group_duplicates(rows, np.arange(2 * n) < n, fold)
    return TwoSample(rows, (kept[0], kept[1]), (users[0], users[1]), fold)
