"""Classifier two-sample test: how well can a probe tell real from fake on rows it never saw?

Lopez-Paz & Oquab 2017, arXiv:1610.06545. Under equal distributions the held-out accuracy is about
N(½, 1/4n): a few hundred rows say nothing. A person's movements are alike, so all rows of one
person are held out together; otherwise the probe would know the people rather than the difference.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits
from torch import Tensor

from humouse.eval.matrix import RobustScale, checked_pair

PROBES = ("logistic", "mlp", "boosting", "forest")


class C2ST(NamedTuple):
    """Held-out accuracy and area under the ROC curve; 0.5 each where nothing can be told."""

    accuracy: float
    auc: float


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
    return c2st_scores(real_feats, fake_feats).accuracy


def c2st_scores(
    real: Float[Tensor, "N F"],
    fake: Float[Tensor, "M G"],
    *,
    probe: str = "logistic",
    real_groups: Sequence[str] | np.ndarray | None = None,
    fake_groups: Sequence[str] | np.ndarray | None = None,
    folds: int = 5,
    seed: int = 0,
) -> C2ST:
    """Return accuracy and AUC of a probe on rows, and people, that it was not fitted on.

    The larger side is cut at random to the size of the smaller. With groups, the rows of one group
    stand in one fold, on whichever side they are; rows without are spread over the folds.

    Args:
        real: [N, F].
        fake: [M, F].
        probe: "logistic" or "mlp" (two layers of 64), on scaled features; "boosting" (histogram
            gradient boosting) or "forest" (200 trees), on features as they are.
        real_groups: [N] the person behind each row, or None.
        fake_groups: [M] likewise; fakes that belong to nobody have None.
        folds: At least 2; fewer are used where there are fewer groups or rows.
        seed: Chooses the rows, the folds and the probe's own randomness.

    Raises:
        ValueError: See `checked_pair`; an unknown probe, groups of another size, one fold.
    """
    real, fake = checked_pair(real, fake)
    if probe not in PROBES:
        raise ValueError(f"no probe {probe!r}; there are {', '.join(PROBES)}")
    if folds < 2:
        raise ValueError(f"folds must be at least 2, not {folds}")
    rng = np.random.default_rng(seed)
    n = min(len(real), len(fake))
    rows, groups = [], []
    for side, names in ((real, real_groups), (fake, fake_groups)):
        if names is not None and len(names) != len(side):
            raise ValueError(f"{len(side)} rows need {len(side)} groups, not {len(names)}")
        kept = rng.permutation(len(side))[:n]
        rows.append(side.cpu().numpy()[kept])
        groups.append(None if names is None else np.asarray(names).astype(str)[kept])
    x = np.concatenate(rows)
    y = np.repeat([1, 0], n)
    fold = np.concatenate(fold_numbers(groups[0], groups[1], n, folds, rng))
    # A few thousand rows gain little from threads, and wait for them long on a busy machine.
    with threadpool_limits(1):
        return _held_out(x, y, fold, probe, seed)


def _held_out(x: np.ndarray, y: np.ndarray, fold: np.ndarray, probe: str, seed: int) -> C2ST:
    right, areas, weights = 0.0, [], []
    for number in np.unique(fold):
        test = fold == number
        train = ~test
        score = _fit_and_score(x[train], y[train], x[test], probe, seed)
        right += np.where(score == 0.5, 0.5, (score > 0.5) == y[test]).sum()
        if 0 < y[test].sum() < test.sum():
            # Scores of two fits have no common scale, so the area is taken within a fold.
            areas.append(roc_auc_score(y[test], score))
            weights.append(test.sum())
    auc = float(np.average(areas, weights=weights)) if areas else 0.5
    return C2ST(float(right / len(y)), auc)


def _fit_and_score(
    x: np.ndarray, y: np.ndarray, x_test: np.ndarray, probe: str, seed: int
) -> np.ndarray:
    """Return the probability of being real for each test row."""
    if len(np.unique(y)) < 2:
        return np.full(len(x_test), 0.5)
    if probe in ("logistic", "mlp"):
        scale = RobustScale.fit(torch.from_numpy(x))
        x, x_test = (scale(torch.from_numpy(part)).numpy() for part in (x, x_test))
        mean, spread = x.mean(0), x.std(0)
        varied = spread > 1e-9
        if not varied.any():
            return np.full(len(x_test), 0.5)
        x, x_test = ((part - mean)[:, varied] / spread[varied] for part in (x, x_test))
    return _classifier(probe, seed).fit(x, y).predict_proba(x_test)[:, 1]


def _classifier(probe: str, seed: int) -> Any:
    if probe == "logistic":
        return LogisticRegression(max_iter=2000)
    if probe == "mlp":
        return MLPClassifier((64, 64), early_stopping=True, max_iter=2000, random_state=seed)
    if probe == "boosting":
        return HistGradientBoostingClassifier(early_stopping=False, random_state=seed)
    return RandomForestClassifier(200, random_state=seed)


def fold_numbers(
    real: np.ndarray | None,
    fake: np.ndarray | None,
    n: int,
    folds: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return [n] the fold of each real row and [n] of each fake row.

    Args:
        real: [n] groups of the real rows, or None.
        fake: [n] groups of the fake rows, or None.
        n: Number of rows on each side.
        folds: Number of folds wanted; fewer come where there are fewer groups or rows.
        rng: Breaks ties.
    """
    sides = [np.full(n, "") if side is None else side for side in (real, fake)]
    named = [side is not None for side in (real, fake)]
    everybody = [side for side, has in zip(sides, named, strict=True) if has]
    names = np.unique(np.concatenate(everybody)) if everybody else np.array([])
    if len(names) < 2:  # one person cannot be held out from himself
        numbers = rng.permutation(np.arange(n) % min(folds, n))
        return numbers, rng.permutation(numbers)
    folds = min(folds, len(names))
    counts = np.stack([(side[:, None] == names).sum(0) for side in sides], 1)
    fold_of = _balanced(counts, folds, rng)
    place = dict(zip(names, fold_of, strict=True))
    first, second = (
        np.array([place[name] for name in side]) if has else None
        for side, has in zip(sides, named, strict=True)
    )
    # Rows of nobody go where the other side's are, so that each fold is half real, half fake.
    if second is None:
        second = rng.permutation(np.asarray(first))
    if first is None:
        first = rng.permutation(second)
    return first, second


def _balanced(counts: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Return the fold of each group, [G, 2] rows a group, so that both sides fill evenly."""
    counts = np.concatenate([counts, counts.sum(1, keepdims=True)], 1)
    load = np.zeros((folds, counts.shape[1]))
    fold_of = np.zeros(len(counts), int)
    shuffled = rng.permutation(len(counts))
    for group in shuffled[np.argsort(-counts[shuffled, -1], kind="stable")]:
        fullness = ((load + counts[group]) ** 2).sum(1) - (load**2).sum(1)
        fold_of[group] = fullness.argmin()
        load[fold_of[group]] += counts[group]
    return fold_of
