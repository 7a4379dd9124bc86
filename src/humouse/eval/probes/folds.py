"""Folds of a two-sample test: people held out whole, both sides spread evenly."""

import math

import numpy as np
from jaxtyping import Int

from humouse.eval.statistics.resampling import Users, people_change_sides, several

FOLDS, _FEWEST_FOLDS = 5, 3
_ENOUGH_TO_FIT = 16_000
"""Rows. On 27,000 in three folds, four probes read AUCs 0.007 to 0.013 higher than on 32,000 in five: which
folds there are matters more than further rows."""


def folds_for(rows: int) -> int:
    """Return how many folds so many rows of both sets take.

    As few as leave enough rows to fit on, 3 to 5: of up to 10,000 movements in each set 5. Of 20,000
    in each set 3 leave more to fit on than 5 folds of 10,000 do, in half of the time of 5 folds.
    """
    if rows <= _ENOUGH_TO_FIT:
        return FOLDS
    return min(FOLDS, max(_FEWEST_FOLDS, math.ceil(rows / (rows - _ENOUGH_TO_FIT))))


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
    # One name is as good as none: a single person cannot be held out from the rest.
    real, fake = (side if several(side) else None for side in (real, fake))
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
    # Rows without a person balance the other set's, so that each fold is half real, half fake.
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


def group_duplicates(
    rows: np.ndarray, is_real: np.ndarray, fold: Int[np.ndarray, "R"]
) -> Int[np.ndarray, "R"]:
    """Return the folds, real rows that are equal in one of them, and each fake row in its real equal's.

    Real rows are equal where a recording stands twice, or one person goes by two names.

    With its original in the train folds, a held-out copy would be predicted as real with certainty,
    and two equal sets would score below one half. Each real row takes one copy along, no more: many
    copies of one gesture are mode collapse, which the probe must be able to learn.

    Args:
        rows: [R, F] both sides' rows.
        is_real: [R] which of them are real.
        fold: [R].
    """
    places: dict[bytes, list[int]] = {}
    moved = fold.copy()
    for k in np.flatnonzero(is_real):
        numbers = places.setdefault(rows[k].tobytes(), [])
        moved[k] = numbers[0] if numbers else fold[k]
        numbers.append(moved[k])
    for k in np.flatnonzero(~is_real):
        free = places.get(rows[k].tobytes())
        if free:
            moved[k] = free.pop()
    return moved


def permuted_labels(
    is_real: np.ndarray, real: Users, fake: Users, permutations: int, rng: np.random.Generator
) -> np.ndarray:
    """Return [P, R] labels permuted under the null hypothesis of no difference.

    Where whole people can change sides (`people_change_sides`) they do, since the gestures of a
    person are correlated; else rows do.

    Args:
        is_real: [R] bool, the real rows first.
        real: Names behind the real rows, or None.
        fake: Names behind the fake rows, or None.
        permutations: P.
        rng: Draws them.
    """
    if not people_change_sides(real, fake):
        return np.stack([rng.permutation(is_real) for _ in range(permutations)])
    everybody = np.concatenate([np.asarray(real).astype(str), np.asarray(fake).astype(str)])
    names, index = np.unique(everybody, return_inverse=True)
    of_real = np.isin(names, np.asarray(real).astype(str))
    return np.stack([rng.permutation(of_real)[index] for _ in range(permutations)])
