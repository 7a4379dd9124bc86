"""Scores of a detector over sessions of several gestures.

A session is a run of gestures of one person, or of one bot, in the order in which they were
recorded or made; sessions do not overlap. Its score is the sum over its gestures of the calibrated
log-odds of being a bot's: the log-likelihood ratio of the session, where gestures of one mover are
independent given what it is (Wald 1945, doi:10.1214/aoms/1177731118). They are not quite
independent (an unusual person is unusual in every gesture), so the sums are overconfident: they are
evaluated by their ROC curve, not read as probabilities.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from humouse.detection.benchmark.metrics import ScoredGestures, scores_over_replicates, tpr_at_rates
from humouse.eval.statistics.roc import Roc
from humouse.eval.statistics.score import Score
from humouse.eval.statistics.weights import BootstrapWeights

GESTURES = (1, 3, 5, 10)
"""How many gestures a session has, in the order of tables."""

SUREST = 0.9999
"""The highest probability that counts: calibration has too few gestures to support a higher one."""


def session_scores(
    human: ScoredGestures,
    bot: ScoredGestures,
    variants: Sequence[str] | np.ndarray,
    *,
    gestures: int,
    replicates: int,
    seed: int,
) -> dict[str, Score]:
    """Return "roc_auc" and "tpr_at_1" over sessions of so many gestures.

    People are resampled with all their sessions. A bot's session follows recordings of several
    people, so it is resampled by itself. "tpr_at_1" is left out with fewer than 100 sessions of people, and
    everything where people or bots have no session of that length.

    Args:
        human: People's gestures, each person's in recorded order.
        bot: Bots' gestures, each bot's in order.
        variants: [n] which bot made each.
        gestures: How many make a session, at least 1; what is left over makes none.
        replicates: Bootstrap replicates behind each interval; 0 for none.
        seed: Of the replicates.

    Raises:
        ValueError: A bot's gesture has no variant, or a session would hold no gesture.
    """
    if len(variants) != len(bot):
        raise ValueError(f"{len(bot)} gestures of bots need as many variants, not {len(variants)}")
    sessions = windows(human.user, gestures), windows(np.asarray(variants), gestures)
    if not all(map(len, sessions)):
        return {}
    sums = [
        log_odds(side.probability)[rows].sum(1)
        for side, rows in zip((human, bot), sessions, strict=True)
    ]
    people = human.user[sessions[0][:, 0]]
    sizes = len(people), len(sessions[1])
    weights = BootstrapWeights.over_people(
        people, sizes[0], None, sizes[1], replicates=replicates, seed=seed
    )
    roc = Roc.of(sums[0], sums[1], weights.real.numpy(), weights.fake.numpy())
    tpr = {
        name: values for name, values in tpr_at_rates(roc, sizes[0]).items() if name == "tpr_at_1"
    }
    return scores_over_replicates(weights, {"roc_auc": roc.area(), **tpr})


def windows(names: np.ndarray, gestures: int) -> Int[np.ndarray, "S gestures"]:
    """Return [S, gestures] the rows of each session: consecutive rows of one name, each row once.

    Args:
        names: [n] of whose session a row can be part.
        gestures: Rows a session.
    """
    if gestures < 1:
        raise ValueError(f"a session has at least 1 gesture, not {gestures}")
    whole = [
        rows[: len(rows) // gestures * gestures].reshape(-1, gestures)
        for rows in (np.flatnonzero(names == name) for name in np.unique(names))
    ]
    return np.concatenate(whole)


def log_odds(probability: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Return [n] log(p / (1 − p)), with p kept within `SUREST` of either answer."""
    kept = np.clip(probability, 1 - SUREST, SUREST)
    return np.log(kept) - np.log1p(-kept)
