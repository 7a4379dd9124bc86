"""How well a detector separates bots from people, with intervals over people.

The positive class is the bot. People and bots weigh the same however many rows each side has
(a prevalence of one half), so that precision, F1 and calibration compare between families.

An interval comes from a bootstrap over people (`Resampling.over_people`): all gestures of a person
are drawn together. A bot's movement follows one person's recording, with its distance and duration,
so its row is drawn together with that person's gestures. Replicates depend on the people and the
seed alone: scores of detectors, mixes and families against the same people are paired, replicate by
replicate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float

from humouse.detection.benchmark.result import FalseAlarms, FamilyScores
from humouse.detection.names import MEAN
from humouse.eval.statistics.resampling import interval
from humouse.eval.statistics.roc import Roc
from humouse.eval.statistics.score import Measure, Replicates, Score
from humouse.eval.statistics.weights import BootstrapWeights

BINS = 10
"""Of the calibration error."""

RATES = {"tpr_at_1": 0.01, "tpr_at_01": 0.001}
"""False positive rate by the name of the true positive rate taken there."""

SCORES: dict[str, Measure] = {
    "roc_auc": Measure(
        "ROC-AUC",
        1.0,
        "chance that a bot's gesture scores higher than a person's; a tie counts half",
        "Fawcett 2006, doi:10.1016/j.patrec.2005.10.010",
    ),
    "pr_auc": Measure(
        "PR-AUC",
        1.0,
        "average precision over the bots, where half of all gestures are bots'; 0.5 by chance",
    ),
    "f1": Measure(
        "F1",
        1.0,
        "2·TPR / (1 + TPR + FPR) at the threshold fixed beforehand for an FPR of 1%, where half "
        "of all gestures are bots'",
    ),
    "tpr_at_1": Measure(
        "TPR at 1% FPR",
        1.0,
        "largest share of bots flagged by a threshold that flags at most 1% of the people's gestures "
        "it is evaluated on; ties are flagged together",
    ),
    "tpr_at_01": Measure(
        "TPR at 0.1% FPR",
        1.0,
        "the same at 0.1%; not given with fewer than 1,000 people's gestures",
    ),
    "calibration_error": Measure(
        "calibration error",
        0.0,
        f"mean distance between probability and share of bots in {BINS} bins of equal mass",
        "Naeini, Cooper & Hauskrecht 2015, AAAI (ECE); bins as Nguyen & O'Connor 2015, "
        "arXiv:1508.05154",
    ),
    "brier": Measure(
        "Brier score",
        0.0,
        "mean squared distance of the probability from 1 for bots and 0 for people; 0.25 for a constant 1/2",
        "Brier 1950, Monthly Weather Review 78",
    ),
}
"""Every score by name, in the order of tables; the ideal is a perfect detector's."""


@dataclass(frozen=True, eq=False)
class ScoredGestures:
    """Gestures of people, or of bots, with a detector's scores.

    Args:
        score: [n] higher for more bot.
        probability: [n] calibrated, of being a bot's.
        user: [n] whose gesture it is, or whose recording the bot followed.

    Raises:
        ValueError: There are no rows, the parts differ in number, a score or a probability is not a
            number, or a probability is out of range.
    """

    score: Float[np.ndarray, "n"]
    probability: Float[np.ndarray, "n"]
    user: np.ndarray

    def __post_init__(self) -> None:
        if not len(self) or not len(self) == len(self.probability) == len(self.user):
            raise ValueError("scored gestures need a score, a probability and a user each")
        if np.isnan(self.score).any():
            raise ValueError("a score is not a number")
        if not ((self.probability >= 0) & (self.probability <= 1)).all():
            raise ValueError("probabilities must lie in [0, 1]")

    def __len__(self) -> int:
        return len(self.score)

    def flagged(self, threshold: float) -> Bool[np.ndarray, "n"]:
        """Return [n] which rows reach a threshold of the score."""
        return self.score >= threshold


def detection_scores(
    human: ScoredGestures, bot: ScoredGestures, *, threshold: float, replicates: int, seed: int
) -> dict[str, Score]:
    """Return `SCORES` of one detector on people and one family of bots.

    A TPR at an FPR so low that not even one of the people's gestures may be flagged is left out:
    "tpr_at_01" takes 1,000 people's gestures.

    Args:
        human: People's gestures.
        bot: Bots' gestures.
        threshold: Of the score, fixed beforehand on other people for an FPR of 1%; for F1.
        replicates: Bootstrap replicates behind each interval; 0 for none.
        seed: Of the replicates.
    """
    weights = BootstrapWeights.over_people(
        human.user, len(human), bot.user, len(bot), replicates=replicates, seed=seed
    )
    on_human, on_bot = weights.real.numpy(), weights.fake.numpy()
    roc = Roc.of(human.score, bot.score, on_human, on_bot)
    fpr = _mean(on_human, human.flagged(threshold).astype(float))
    tpr = _mean(on_bot, bot.flagged(threshold).astype(float))
    on_people = _mean(on_human, human.probability**2)
    on_bots = _mean(on_bot, (1 - bot.probability) ** 2)
    return scores_over_replicates(
        weights,
        {
            "roc_auc": roc.area(),
            "pr_auc": roc.average_precision(),
            "f1": 2 * tpr / (1 + tpr + fpr),
            **tpr_at_rates(roc, len(human)),
            "calibration_error": _calibration_error(human, bot, on_human, on_bot),
            "brier": (on_people + on_bots) / 2,
        },
    )


def scores_over_replicates(
    weights: BootstrapWeights, values: Mapping[str, Float[np.ndarray, "K"]]
) -> dict[str, Score]:
    """Return a score with its interval for each name's values under each row of weights."""
    return {
        name: weights.score(torch.from_numpy(one), least=0.0, most=1.0)
        for name, one in values.items()
    }


def tpr_at_rates(roc: Roc, humans: int) -> dict[str, Float[np.ndarray, "K"]]:
    """Return [K] the TPR at each of `RATES` at which at least one of so many people's rows is flagged."""
    return {name: roc.tpr_at(rate) for name, rate in RATES.items() if humans * rate >= 1}


def mean_over_seeds(several: Sequence[Mapping[str, Score]]) -> dict[str, Score]:
    """Return the mean of each score that all have, with its interval from the mean of each replicate.

    Args:
        several: The scores of each seed, over the same replicates.

    Raises:
        ValueError: There are none, or they differ in their number of replicates.
    """
    if not several:
        raise ValueError("there is nothing to take the mean of")
    shared = [name for name in several[0] if all(name in one for one in several)]
    return {name: _mean_score([one[name] for one in several]) for name in shared}


def mean_over_families(cells: Sequence[FamilyScores]) -> FamilyScores:
    """Return the cell of the mean over families: of each score, of each replicate, of each seed.

    Args:
        cells: One for each family, of one detector and mix.

    Raises:
        ValueError: There are none, or they differ in detector, mix, or number of replicates.
    """
    scores = mean_over_seeds([cell.scores for cell in cells])
    if len({(cell.detector, cell.mix) for cell in cells}) > 1:
        raise ValueError("a mean over families is of one detector and one mix")
    by_seed = {
        name: tuple(
            float(np.mean(values))
            for values in zip(*(cell.by_seed[name] for cell in cells), strict=True)
        )
        for name in scores
    }
    return FamilyScores(
        cells[0].detector,
        MEAN,
        cells[0].mix,
        scores,
        by_seed,
        min(cell.people for cell in cells),
        min(cell.human_gestures for cell in cells),
        sum(cell.bot_gestures for cell in cells),
    )


def false_alarms(
    detector: str, mix: str, by_seed: Sequence[ScoredGestures], thresholds: Sequence[float]
) -> FalseAlarms:
    """Return how often each person's gestures are flagged, all seeds taken together.

    Args:
        detector: Its name.
        mix: What it was fitted on.
        by_seed: People's gestures, scored under each seed.
        thresholds: Of the score, one for each seed, fixed beforehand.
    """
    flagged = [one.flagged(limit) for one, limit in zip(by_seed, thresholds, strict=True)]
    names = np.concatenate([one.user.astype(str) for one in by_seed])
    people, place = np.unique(names, return_inverse=True)
    gestures = np.bincount(place)
    false = np.bincount(place, np.concatenate(flagged))
    return FalseAlarms(
        detector,
        mix,
        dict(zip(people.tolist(), (false / gestures).tolist(), strict=True)),
        dict(zip(people.tolist(), gestures.tolist(), strict=True)),
    )


def _mean_score(scores: Sequence[Score]) -> Score:
    value = float(np.mean([one.value for one in scores]))
    replicates = [one.replicates for one in scores if one.replicates is not None]
    if len(replicates) != len(scores):
        return Score(value)
    if len({len(one.values) for one in replicates}) > 1:
        raise ValueError("a mean is taken over one and the same number of replicates")
    drawn = torch.tensor([one.values for one in replicates], dtype=torch.float64).mean(0)
    units = min(one.units for one in replicates)
    low, high = interval(value, drawn, units)
    return Score(
        value, max(low, 0.0), min(high, 1.0), replicates=Replicates(tuple(drawn.tolist()), units)
    )


def _mean(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return [K] the weighted mean of [n] values; NaN where nothing weighs anything."""
    total = weights.sum(1)
    return (weights @ values) / np.where(total > 0, total, np.nan)


def _calibration_error(
    human: ScoredGestures,
    bot: ScoredGestures,
    on_human: Float[np.ndarray, "K N"],
    on_bot: Float[np.ndarray, "K M"],
) -> np.ndarray:
    """Return [K] the expected calibration error.

    The bins hold the same mass of the whole sets, both sides weighing one half, and stay as they are
    in every replicate. Rows of one probability share a bin.
    """
    probability = np.concatenate([human.probability, bot.probability])
    mass = np.repeat([0.5 / len(human), 0.5 / len(bot)], [len(human), len(bot)])
    _, place = np.unique(probability, return_inverse=True)
    each = np.bincount(place, mass)
    middle = each.cumsum() - each / 2
    in_bin = np.eye(BINS)[np.minimum((middle * BINS).astype(int), BINS - 1)][place]  # [N + M, BINS]
    excess = np.concatenate([human.probability, bot.probability - 1])[:, None] * in_bin
    error = np.zeros((len(on_human), BINS))
    for weights, rows in (
        (on_human, excess[: len(human)]),
        (on_bot, excess[len(human) :]),
    ):
        total = weights.sum(1, keepdims=True)
        error += (weights @ rows) / np.where(total > 0, 2 * total, np.nan)
    return np.abs(error).sum(1)
