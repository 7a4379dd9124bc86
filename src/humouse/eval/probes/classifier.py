"""Classifier two-sample test: how well can a probe tell real from fake on rows it never saw?

Lopez-Paz & Oquab 2017, arXiv:1610.06545. Under equal distributions the held-out accuracy is about
N(½, 1/4n): a few hundred rows say nothing. A person's movements are alike, so all rows of one
person are held out together; otherwise the probe would know the people rather than the difference.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits
from torch import Tensor

from humouse.eval.metrics.matrix import RobustScale, checked_pair
from humouse.eval.probes.folds import permuted_labels
from humouse.eval.probes.held_out import HeldOut
from humouse.eval.probes.refit import answers, refit_logistic
from humouse.eval.probes.sequence_probe import SequenceProbe
from humouse.eval.probes.two_sample import Fit, TwoSample, two_sample
from humouse.eval.statistics.resampling import Users, people_change_sides
from humouse.eval.statistics.score import Score
from humouse.trajectories import Trajectories, concatenate

FEATURE_PROBES = ("logistic", "mlp", "forest", "boosting")
_SCALED = ("logistic", "mlp")
_FEW_ROWS = 200


@dataclass(frozen=True, eq=False)
class C2ST:
    """How well a probe tells the sides apart; 0.5 each where nothing can be told.

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


def c2st(real_feats: Float[Tensor, "N F"], fake_feats: Float[Tensor, "M G"]) -> float:
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
    real: Float[Tensor, "N F"],
    fake: Float[Tensor, "M G"],
    *,
    probe: str = "logistic",
    real_users: Users = None,
    fake_users: Users = None,
    hold_out_fake_users: bool = True,
    folds: int = 5,
    replicates: int = 0,
    permutations: int = 0,
    importance: bool = False,
    seed: int = 0,
) -> C2ST:
    """Return accuracy and AUC of a probe on rows, and people, that it was not fitted on.

    The larger side is cut at random to the size of the smaller. The rows of one person stand in
    one fold, on whichever side they are; rows of nobody are spread over the folds.

    Args:
        real: [N, F].
        fake: [M, F].
        probe: "logistic" or "mlp" (two layers of 64), on scaled features; "boosting" (histogram
            gradient boosting) or "forest" (100 trees), on features as they are.
        real_users: [N] the person behind each row, or None.
        fake_users: [M] likewise; fakes that belong to nobody have None.
        hold_out_fake_users: Whether people on the fake side are held out whole too; if not, their
            rows are spread over the folds, as a generator's are.
        folds: At least 2; fewer are used where there are fewer people or rows.
        replicates: Bootstrap replicates that the intervals come from; 0 for no intervals.
        permutations: Labellings that the p-values come from, the whole fit repeated for each; 0 for
            none. Quick for "logistic", as long as so many fits for the others.
        importance: Whether to measure what each feature adds.
        seed: Chooses the rows, the folds and the probe's own randomness.

    Raises:
        ValueError: See `checked_pair`; an unknown probe, users of another number, one fold.
    """
    real, fake = checked_pair(real, fake)
    if probe not in FEATURE_PROBES:
        raise ValueError(f"no probe {probe!r}; there are {', '.join(FEATURE_PROBES)}")
    if importance and probe in _SCALED:
        raise ValueError(f"importance is measured with boosting or forest, not {probe}")
    test = two_sample(
        *(side.cpu().numpy() for side in (real, fake)),
        real_users=real_users,
        fake_users=fake_users,
        hold_out_fake_users=hold_out_fake_users,
        folds=folds,
        seed=seed,
    )
    # A few thousand rows gain little from threads, and wait for them long on a busy machine.
    with threadpool_limits(1):
        lost: list[np.ndarray] = []
        sizes: list[int] = []

        def fit(train: np.ndarray, held: np.ndarray, is_real: np.ndarray) -> np.ndarray:
            return _fit(test.rows, is_real, train, held, probe, seed)[0]

        def fit_and_shuffle(train: np.ndarray, held: np.ndarray, is_real: np.ndarray) -> np.ndarray:
            answer, model, x = _fit(test.rows, is_real, train, held, probe, seed)
            part = HeldOut(is_real[held], answer, np.zeros(len(held), int))
            lost.append(_lost(model, x, part, seed))
            sizes.append(len(held))
            return answer

        held_out = test.held_out(fit_and_shuffle if importance else fit)
        importances = np.average(lost, axis=0, weights=sizes) if lost else None
        p_values: tuple[float | None, float | None] = (None, None)
        if permutations:
            chance = _permuted(test, fit, probe, permutations, seed)
            p_values = _p_values(held_out, chance, people_change_sides(*test.users))
    return C2ST(*test.scores(held_out, replicates, p_values, seed), held_out, importances)


def c2st_sequences(
    real: Trajectories,
    fake: Trajectories,
    *,
    hold_out_fake_users: bool = True,
    folds: int = 5,
    replicates: int = 0,
    seed: int = 0,
) -> C2ST:
    """Return accuracy and AUC of a convolutional probe on the steps themselves.

    What no feature measures, it may see. See `c2st_scores` for the rest.

    Args:
        real: Movements, with their users if they are to be held out whole.
        fake: Likewise.
        hold_out_fake_users: Whether people on the fake side are held out whole too.
        folds: At least 2.
        replicates: Bootstrap replicates that the intervals come from; 0 for no intervals.
        seed: Chooses the rows, the folds and the probe's own randomness.
    """
    both = concatenate([replace(side, user=None) for side in (real, fake)], "both").trimmed()
    rows = both.deltas.flatten(1).cpu().numpy()
    test = two_sample(
        rows[: len(real)],
        rows[len(real) :],
        real_users=real.user,
        fake_users=fake.user,
        hold_out_fake_users=hold_out_fake_users,
        folds=folds,
        seed=seed,
    )
    pooled = both[np.concatenate([test.kept[0], len(real) + test.kept[1]])]

    def fit(train: np.ndarray, held: np.ndarray, is_real: np.ndarray) -> np.ndarray:
        probe = SequenceProbe(seed=seed).fit(pooled[train], is_real[train])
        return probe.predict_proba(pooled[held])

    held_out = test.held_out(fit)
    return C2ST(*test.scores(held_out, replicates, (None, None), seed), held_out)


def _fit(
    x: np.ndarray, is_real: np.ndarray, train: np.ndarray, held: np.ndarray, probe: str, seed: int
) -> tuple[np.ndarray, Any, np.ndarray]:
    """Return the probability of being real for each held-out row, the model, and what it saw."""
    seen, unseen = x[train], x[held]
    if probe in _SCALED:
        seen, unseen = _standardised(seen, unseen)
        if not seen.shape[1]:
            return np.full(len(held), 0.5), None, unseen
    model = _classifier(probe, seed, len(train)).fit(seen, is_real[train])
    return model.predict_proba(unseen)[:, 1], model, unseen


def _standardised(seen: np.ndarray, unseen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both on the scale of the first, without the features that are constant there."""
    scale = RobustScale.fit(torch.from_numpy(seen))
    seen, unseen = (scale(torch.from_numpy(part)).numpy() for part in (seen, unseen))
    mean, spread = seen.mean(0), seen.std(0)
    varied = spread > 1e-9
    return tuple((part - mean)[:, varied] / spread[varied] for part in (seen, unseen))


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
        100, min_samples_leaf=3, random_state=seed, n_jobs=torch.get_num_threads()
    )


def _lost(model: Any, x: np.ndarray, held_out: HeldOut, seed: int, repeats: int = 2) -> np.ndarray:
    """Return [F] how much AUC is lost where each column of the held-out rows is shuffled.

    Breiman 2001, doi:10.1023/A:1010933404324. Features that say the same share their loss.
    """
    rng = np.random.default_rng(seed)
    whole, lost = held_out.auc()[0], np.zeros(x.shape[1])
    for column in range(x.shape[1]):
        shuffled = np.tile(x, (repeats, 1))
        for part in np.split(shuffled, repeats):
            part[:, column] = rng.permutation(part[:, column])
        for answer in np.split(model.predict_proba(shuffled)[:, 1], repeats):
            without = HeldOut(held_out.is_real, answer, held_out.fold)
            lost[column] += (whole - without.auc()[0]) / repeats
    return lost


def _permuted(test: TwoSample, fit: Fit, probe: str, permutations: int, seed: int) -> list[HeldOut]:
    """Return the held-out answers under so many permuted labellings, all fits repeated."""
    rng = np.random.default_rng([seed, 1])
    labels = permuted_labels(test.is_real, *test.users, permutations, rng)
    if probe != "logistic":
        return [test.held_out(fit, one) for one in labels]
    probability = np.full(labels.shape, 0.5)
    for number in np.unique(test.fold):
        held, train = test.fold == number, test.fold != number
        seen, unseen = _standardised(test.rows[train], test.rows[held])
        probability[:, held] = answers(unseen, refit_logistic(seen, labels[:, train]))
    return [
        HeldOut(one, answer, test.fold) for one, answer in zip(labels, probability, strict=True)
    ]


def _p_values(
    held_out: HeldOut, chance: list[HeldOut], by_people: bool
) -> tuple[float | None, float]:
    """Return the shares of labellings that are told apart as well, the observed one counted in.

    Where whole people change sides the sides are of unequal size, and an accuracy at ½ compares with
    none of theirs: it gets no p-value then.
    """

    def p_value(measure: Callable[[HeldOut], np.ndarray]) -> float:
        observed = measure(held_out)[0]
        as_well = sum(measure(other)[0] >= observed for other in chance)
        return float((1 + as_well) / (1 + len(chance)))

    return None if by_people else p_value(HeldOut.accuracy), p_value(HeldOut.auc)
