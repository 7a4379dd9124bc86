"""One evaluation of one set of movements against another: every score by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from humouse.eval.pair import Pair, paired
from humouse.eval.parts import Inputs, Part, known_features, measures
from humouse.eval.result import Evaluation, FeatureComparison
from humouse.eval.rule import EvaluationRule
from humouse.features import FeatureTable
from humouse.features.modes import FEATURE_MODES
from humouse.trajectories import Trajectories

T = TypeVar("T")


def evaluate(
    real: Trajectories,
    fake: Trajectories,
    *,
    train: Trajectories | None = None,
    rule: EvaluationRule | None = None,
    tables: tuple[FeatureTable, FeatureTable] | None = None,
    progress: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Compare movements with others, as many of each, chosen at random where there are too many.

    The human–human baseline is the same call on two sets of people. People in the judged set are
    held out whole where they are in the real set too; else their gestures are spread over the folds
    as a generator's are, so that its score and theirs compare.

    Args:
        real: The standard, people's as a rule, with their names.
        fake: Those to judge, of whatever origin.
        train: What the judged may have copied; without it "copying" is left out.
        rule: What to measure; everything by default.
        tables: The features of both, row by row, where they are known already.
        progress: Called `rule.parts` times.

    Raises:
        InputError: The rule is wrong, or either set has fewer than 20 movements.
    """
    rule = rule or EvaluationRule()
    rule.check()
    pair = paired(
        real,
        fake,
        FEATURE_MODES[rule.feature_mode],
        n=rule.max_gestures,
        seed=rule.seed,
        tables=tables or (None, None),
    )
    return evaluate_pair(pair, train=train, rule=rule, progress=progress)


def evaluate_pair(
    pair: Pair,
    *,
    train: Trajectories | None = None,
    rule: EvaluationRule,
    progress: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Return every score that the rule names of two sets that are cleaned and cut already.

    Args:
        pair: Both sets.
        train: As for `evaluate`.
        rule: As for `evaluate`, checked.
        progress: Called `rule.parts` times.
    """
    progress()
    inputs = Inputs(pair, known_features(train, rule), rule)
    parts = []
    for measure in measures(rule):
        parts.append(measure(inputs))
        progress()
    return assembled(unmeasured(pair, rule.seed), parts)


def unmeasured(pair: Pair, seed: int) -> Evaluation:
    """Return the evaluation of two sets before any score.

    Args:
        pair: Both sets.
        seed: Of the rule that they are measured by.
    """
    user = pair.real.user
    return Evaluation(
        real=pair.real.origin,
        fake=pair.fake.origin,
        gestures=len(pair),
        users=0 if user is None else len(np.unique(user)),
        seed=seed,
        scores={},
        warnings=pair.warnings,
    )


def assembled(blank: Evaluation, parts: Sequence[Part]) -> Evaluation:
    """Return an evaluation with what was measured.

    Args:
        blank: As `unmeasured` returns it.
        parts: What each of `measures` returned.
    """
    return replace(
        blank,
        scores=_merged([part.scores for part in parts]),
        features=_with_importance(parts),
        spectra=_merged([part.spectra for part in parts]),
        curves=_merged([part.curves for part in parts]),
        neighbours=tuple(one for part in parts for one in part.neighbours),
        exact_copies=sum(part.exact_copies for part in parts),
    )


def _merged(several: Sequence[Mapping[str, T]]) -> dict[str, T]:
    return {name: value for one in several for name, value in one.items()}


def _with_importance(parts: Sequence[Part]) -> dict[str, FeatureComparison]:
    """Return the features, each with its importance where a probe measured it."""
    features = _merged([part.features for part in parts])
    importance: list[Float[np.ndarray, "F"]] = [
        part.importance for part in parts if part.importance is not None
    ]
    if not importance or not features:  # features are compared by the kinematics alone
        return features
    return {
        name: replace(one, importance=float(lost))
        for (name, one), lost in zip(features.items(), importance[-1], strict=True)
    }
