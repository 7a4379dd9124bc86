"""`Pair`: two sets of movements as they are compared: cleaned, of one size, with their features."""

from dataclasses import dataclass

import numpy as np

from humouse.eval.plausibility import check_size, warnings_about, with_steps
from humouse.features import FeatureTable, feature_table
from humouse.trajectories import Trajectories


@dataclass(frozen=True, eq=False)
class Pair:
    """Two sets of movements, as many of each, every one with at least one step.

    Args:
        real: The standard.
        fake: Those that are judged.
        real_features: A row for each real movement.
        fake_features: A row for each judged one.
        warnings: What a reader must know before believing a score, a line each.
    """

    real: Trajectories
    fake: Trajectories
    real_features: FeatureTable
    fake_features: FeatureTable
    warnings: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.real)


def paired(
    real: Trajectories,
    fake: Trajectories,
    groups: tuple[str, ...],
    *,
    n: int | None = None,
    seed: int = 0,
    tables: tuple[FeatureTable | None, FeatureTable | None] = (None, None),
) -> Pair:
    """Return both sets without empty movements, cut at random to one size.

    Args:
        real: The standard.
        fake: Those to judge.
        groups: Groups of features to compute.
        n: Largest number of each; None for no limit.
        seed: Of the choice where there are too many.
        tables: The features of either, row by row, where they are known already.

    Raises:
        InputError: Either has fewer than 20 movements with steps.
    """
    size = check_size(real, fake, n)
    have = min(int((side.lengths > 0).sum()) for side in (real, fake))
    n = min(have, n or have)
    first, real_features, empty = _cut(real, groups, n, seed, tables[0])
    second, fake_features, more = _cut(fake, groups, n, seed, tables[1])
    odd = [*warnings_about(first, second), *_constant(real_features, fake_features)]
    return Pair(first, second, real_features, fake_features, (*empty, *more, *size, *odd))


def chosen_rows(have: int, n: int, seed: int) -> np.ndarray:
    """Return [n] which rows are compared, in their order; all of them where there are n."""
    if have == n:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(have, n, replace=False))


def chosen(movements: Trajectories, n: int, seed: int) -> Trajectories:
    """Return the n movements that an evaluation under this seed compares, or all there are."""
    return movements[chosen_rows(len(movements), min(n, len(movements)), seed)]


def _cut(
    movements: Trajectories, groups: tuple[str, ...], n: int, seed: int, table: FeatureTable | None
) -> tuple[Trajectories, FeatureTable, list[str]]:
    """Return n movements with steps, their features, and a warning if some have no steps."""
    moving, warning = with_steps(movements)
    rows = chosen_rows(len(moving), n, seed)
    kept = moving[rows]
    if table is None:
        return kept, feature_table(kept, groups), warning
    with_step = (movements.lengths > 0).cpu().numpy().nonzero()[0]
    return kept, table.rows(with_step[rows]), warning


def _constant(real: FeatureTable, fake: FeatureTable) -> list[str]:
    """Return a warning where a feature never varies in one set, and mostly differs in the other."""
    a, b = (side.values for side in (real, fake))
    lines = []
    for still, other, side in ((a, b, "real"), (b, a, "judged")):
        never = (still == still[:1]).all(0)
        odd = (never & ((other == still[:1]).mean(0) < 0.5)).tolist()
        names = [name for name, one in zip(real.names, odd, strict=True) if one]
        if names:
            lines.append(
                f"{', '.join(names)}: the same in all {side} movements but not in the others; such a "
                "feature alone separates them"
            )
    return lines
