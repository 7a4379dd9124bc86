"""Rows of two sets, ready for a two-sample test: one size, folds, and how sure the answers are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from humouse.eval.probes.folds import fold_numbers, group_duplicates
from humouse.eval.probes.held_out import HeldOut
from humouse.eval.statistics.resampling import Users
from humouse.eval.statistics.score import Score
from humouse.eval.statistics.weights import BootstrapWeights


@dataclass(frozen=True, eq=False)
class Groups:
    """Whose rows they are: the rows of one person stand in one fold, in whichever set they are.

    Args:
        real: [N] the person behind each real row, or None.
        fake: [M] the same for fake rows; generated rows have no person: None.
        hold_out_fake: Whether people in the fake set are held out whole too; if not, their rows are
            spread over the folds, as a generator's are.
    """

    real: Users = None
    fake: Users = None
    hold_out_fake: bool = True


@dataclass(frozen=True, eq=False)
class FoldAnswers:
    """What a probe answers on the rows held out in one fold.

    Args:
        held: [H] the rows.
        probability: [H] of being real.
    """

    held: Int[np.ndarray, "H"]
    probability: Float[np.ndarray, "H"]


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

    def folds(self, is_real: np.ndarray | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the rows to fit on and those held out, for each fold that leaves both kinds to fit on.

        Args:
            is_real: [R] other labels, as a permutation test has them.
        """
        is_real = self.is_real if is_real is None else is_real
        for number in np.unique(self.fold):
            held, train = np.flatnonzero(self.fold == number), np.flatnonzero(self.fold != number)
            if 0 < is_real[train].sum() < len(train):
                yield train, held

    def collected(
        self, answers: Iterable[FoldAnswers], is_real: np.ndarray | None = None
    ) -> HeldOut:
        """Return the answers of all folds together; ½ where nothing could be fitted.

        Args:
            answers: Those of each of `folds`.
            is_real: [R] the labels that the probe was fitted on, where those are others.
        """
        probability = np.full(len(self.rows), 0.5)
        for one in answers:
            probability[one.held] = one.probability
        return HeldOut(self.is_real if is_real is None else is_real, probability, self.fold)

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
    groups: Groups,
    *,
    folds: int,
    seed: int,
) -> TwoSample:
    """Return both sets cut at random to one size, and their folds.

    Args:
        real: [N, F].
        fake: [M, F].
        groups: Whose rows they are.
        folds: At least 2; fewer are used where there are fewer people or rows.
        seed: Chooses the rows and the folds.

    Raises:
        ValueError: One fold, or users of another number.
    """
    if folds < 2:
        raise ValueError(f"folds must be at least 2, not {folds}")
    rng = np.random.default_rng(seed)
    n = min(len(real), len(fake))
    kept, users = [], []
    for side, names in ((real, groups.real), (fake, groups.fake)):
        if names is not None and len(names) != len(side):
            raise ValueError(f"{len(side)} rows need {len(side)} users, not {len(names)}")
        kept.append(rng.permutation(len(side))[:n])
        users.append(None if names is None else np.asarray(names).astype(str)[kept[-1]])
    rows = np.concatenate([real[kept[0]], fake[kept[1]]])
    held_out_fakes = users[1] if groups.hold_out_fake else None
    fold = np.concatenate(fold_numbers(users[0], held_out_fakes, n, folds, rng))
    fold = group_duplicates(rows, np.arange(2 * n) < n, fold)
    return TwoSample(rows, (kept[0], kept[1]), (users[0], users[1]), fold)
