"""The permutation test of a probe: how often it separates random labels as well as the true ones."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from humouse.eval.probes.feature_probe import fit_folds, standardised
from humouse.eval.probes.folds import permuted_labels
from humouse.eval.probes.held_out import HeldOut
from humouse.eval.probes.refit import answers, refit_logistic
from humouse.eval.probes.two_sample import TwoSample
from humouse.eval.statistics.resampling import people_change_sides


def p_values(
    test: TwoSample, held_out: HeldOut, probe: str, permutations: int, seed: int
) -> tuple[float | None, float | None]:
    """Return the p-values of accuracy and AUC: shares of labellings that are separated as well.

    The observed labelling counts among them, and every fit is repeated for each. Where whole people
    change sides, the sides are of unequal size and an accuracy near ½ compares with none of theirs:
    it gets no p-value then.

    Args:
        test: The rows and their folds.
        held_out: The answers under the observed labels.
        probe: Which of `FEATURE_PROBES`.
        permutations: How many labellings; no p-values with 0.
        seed: Of the labellings.
    """
    if not permutations:
        return None, None
    rng = np.random.default_rng([seed, 1])
    labels = permuted_labels(test.is_real, *test.users, permutations, rng)
    if probe == "logistic":
        null = _refitted_logistic(test, labels)
    else:
        null = [test.collected(fit_folds(test, probe, seed, one), one) for one in labels]
    auc = _p_value(HeldOut.auc, held_out, null)
    if people_change_sides(*test.users):
        return None, auc
    return _p_value(HeldOut.accuracy, held_out, null), auc


def _refitted_logistic(test: TwoSample, labels: np.ndarray) -> list[HeldOut]:
    """Return the held-out answers under each labelling, all fitted at once."""
    probability = np.full(labels.shape, 0.5)
    for number in np.unique(test.fold):
        held, train = test.fold == number, test.fold != number
        seen, unseen = standardised(test.rows[train], test.rows[held])
        probability[:, held] = answers(unseen, refit_logistic(seen, labels[:, train]))
    return [
        HeldOut(one, answer, test.fold) for one, answer in zip(labels, probability, strict=True)
    ]


def _p_value(
    measure: Callable[[HeldOut], Float[np.ndarray, "D"]],
    held_out: HeldOut,
    null: Sequence[HeldOut],
) -> float:
    observed = measure(held_out)[0]
    as_well = sum(measure(other)[0] >= observed for other in null)
    return float((1 + as_well) / (1 + len(null)))
