"""Classifier two-sample test: how well can a probe separate real from fake on rows it never saw?

Lopez-Paz & Oquab 2017, arXiv:1610.06545. Under equal distributions the held-out accuracy is about
N(½, 1/4n): a few hundred rows say nothing. A person's movements are alike, so all rows of one
person are held out together; otherwise the probe would recognise people rather than the difference
between the sets.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from threadpoolctl import threadpool_limits

from humouse.eval.metrics.matrix import Fake, Real, checked_pair
from humouse.eval.probes.feature_probe import FEATURE_PROBES, SCALED_PROBES, FoldFit, fit_folds
from humouse.eval.probes.folds import FOLDS
from humouse.eval.probes.held_out import HeldOut
from humouse.eval.probes.importance import importance as importance_of
from humouse.eval.probes.permutation import p_values
from humouse.eval.probes.sequence_probe import SequenceProbe
from humouse.eval.probes.two_sample import FoldAnswers, Groups, TwoSample, two_sample
from humouse.eval.statistics.score import Score
from humouse.trajectories import Trajectories, concatenate

NO_GROUPS = Groups()


@dataclass(frozen=True, eq=False)
class C2ST:
    """How well a probe separates the two sets; 0.5 each where it cannot.

    Args:
        accuracy: Held-out accuracy.
        auc: Area under the ROC curve, within folds.
        held_out: The answers behind them.
        importance: [F] AUC lost where a feature is shuffled among the held-out rows, or None.
    """

    accuracy: Score
    auc: Score
    held_out: HeldOut
    importance: Float[np.ndarray, "F"] | None = None


def c2st(real_feats: Real, fake_feats: Fake) -> float:
    """Return the held-out accuracy of a logistic probe; near 0.5 is good.

    5 folds, as many fake rows as real ones, features scaled on the train fold (`RobustScale`, then
    to mean 0 and deviation 1), seed 0.

    Args:
        real_feats: [N, F].
        fake_feats: [M, F].

    Raises:
        ValueError: See `checked_pair`.
    """
    return c2st_scores(real_feats, fake_feats).accuracy.value


def c2st_scores(
    real: Real,
    fake: Fake,
    *,
    probe: str = "logistic",
    groups: Groups = NO_GROUPS,
    folds: int = FOLDS,
    replicates: int = 0,
    permutations: int = 0,
    importance: bool = False,
    seed: int = 0,
) -> C2ST:
    """Return accuracy and AUC of a probe on rows, and people, that it was not fitted on.

    The larger set is cut at random to the size of the smaller. Rows without a person are spread over
    the folds.

    Args:
        real: [N, F].
        fake: [M, F].
        probe: "logistic" or "mlp" (two layers of 64), on scaled features; "boosting" (histogram
            gradient boosting) or "forest" (100 trees), on features as they are.
        groups: Whose rows they are; no person's by default.
        folds: At least 2; fewer are used where there are fewer people or rows.
        replicates: Bootstrap replicates that the intervals come from; 0 for no intervals.
        permutations: Labellings that the p-values come from, the whole fit repeated for each; 0 for
            none. Quick for "logistic"; for the others as long as this many fits.
        importance: Whether to measure what each feature adds.
        seed: Chooses the rows, the folds and the probe's own randomness.

    Raises:
        ValueError: See `checked_pair`; an unknown probe, users of another number, one fold.
    """
    real, fake = checked_pair(real, fake)
    if probe not in FEATURE_PROBES:
        raise ValueError(f"no probe {probe!r}; there are {', '.join(FEATURE_PROBES)}")
    if importance and probe in SCALED_PROBES:
        raise ValueError(f"importance is measured with boosting or forest, not {probe}")
    test = two_sample(real.cpu().numpy(), fake.cpu().numpy(), groups, folds=folds, seed=seed)
    # A few thousand rows gain little from threads, and wait for them long on a busy machine.
    with threadpool_limits(1):
        fits: Iterable[FoldFit] = fit_folds(test, probe, seed)  # one at a time: a forest takes much
        lost = None
        if importance:
            fits = list(fits)
            lost = importance_of(fits, test.is_real, seed)
        held_out = test.collected(fits)
        chances = p_values(test, held_out, probe, permutations, seed)
    return C2ST(*test.scores(held_out, replicates, chances, seed), held_out, lost)


def c2st_sequences(
    real: Trajectories,
    fake: Trajectories,
    *,
    hold_out_fake_users: bool = True,
    folds: int = FOLDS,
    replicates: int = 0,
    seed: int = 0,
) -> C2ST:
    """Return accuracy and AUC of a convolutional probe on the steps themselves.

    It may see what no feature measures. See `c2st_scores` for the rest.

    Args:
        real: Movements, with their users if they are to be held out whole.
        fake: Likewise.
        hold_out_fake_users: Whether people in the fake set are held out whole too.
        folds: At least 2.
        replicates: Bootstrap replicates that the intervals come from; 0 for no intervals.
        seed: Chooses the rows, the folds and the probe's own randomness.
    """
    both = concatenate([replace(side, user=None) for side in (real, fake)], "both").trimmed()
    rows = both.deltas.flatten(1).cpu().numpy()
    groups = Groups(real.user, fake.user, hold_out_fake_users)
    test = two_sample(rows[: len(real)], rows[len(real) :], groups, folds=folds, seed=seed)
    pooled = both[np.concatenate([test.kept[0], len(real) + test.kept[1]])]
    held_out = test.collected(_sequence_answers(test, pooled, seed))
    return C2ST(*test.scores(held_out, replicates, (None, None), seed), held_out)


def _sequence_answers(test: TwoSample, pooled: Trajectories, seed: int) -> Iterator[FoldAnswers]:
    """Yield the answers of a new net for each fold."""
    for train, held in test.folds():
        probe = SequenceProbe(seed=seed).fit(pooled[train], test.is_real[train])
        yield FoldAnswers(held, probe.predict_proba(pooled[held]))
