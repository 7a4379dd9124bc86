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
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float

from humouse.detection.benchmark.result import FamilyScores
from humouse.detection.names import BOT, UNFAMILIAR
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
    "called_at_1": Measure(
        "called bots (1%)",
        1.0,
        "share of bots that the verdict calls bots, where 1% of people's gestures may be called so",
    ),
    "called_at_01": Measure("called bots (0.1%)", 1.0, "the same at 0.1%"),
    "unfamiliar_at_1": Measure(
        "called unfamiliar (1%)",
        0.0,
        "share of bots of which the verdict says that no set-up known to the detector explains them",
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
        user: [n] whose gesture it is, or whose recording the bot followed.
        probability: [n] calibrated, of being a bot's; None of a member of the blend, which has none.
        verdicts: False-alarm rate → [n] verdicts.

    Raises:
        ValueError: There are no rows, the parts differ in number, a score or a probability is not a
            number, or a probability is out of range.
    """

    score: Float[np.ndarray, "n"]
    user: np.ndarray
    probability: Float[np.ndarray, "n"] | None = None
    verdicts: Mapping[float, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        others = (self.user, *self.verdicts.values())
        if not len(self) or any(len(one) != len(self) for one in others):
            raise ValueError("scored gestures need a score and a user each")
        if np.isnan(self.score).any():
            raise ValueError("a score is not a number")
        given = self.score[:0] if self.probability is None else self.probability
        if len(given) not in (0, len(self)) or not ((given >= 0) & (given <= 1)).all():
            raise ValueError("probabilities must lie in [0, 1], one for each gesture")

    def __len__(self) -> int:
        return len(self.score)

    def rows(self, index: np.ndarray) -> "ScoredGestures":
        """Return the gestures of those numbers."""
        return ScoredGestures(
            self.score[index],
            self.user[index],
            None if self.probability is None else self.probability[index],
            {rate: verdict[index] for rate, verdict in self.verdicts.items()},
        )


def detection_scores(
    human: ScoredGestures, bot: ScoredGestures, *, replicates: int, seed: int
) -> dict[str, Score]:
    """Return `SCORES` of one detector on people and one family of bots.

    A TPR at an FPR so low that not even one of the people's gestures may be flagged is left out:
    "tpr_at_01" takes 1,000 people's gestures. So is what takes verdicts or probabilities, where there
    are none.

    Args:
        human: People's gestures.
        bot: Bots' gestures.
        replicates: Bootstrap replicates behind each interval; 0 for none.
        seed: Of the replicates.
    """
    weights = BootstrapWeights.over_people(
        human.user, len(human), bot.user, len(bot), replicates=replicates, seed=seed
    )
    on_human, on_bot = weights.real.numpy(), weights.fake.numpy()
    roc = Roc.of(human.score, bot.score, on_human, on_bot)
    values = {
        "roc_auc": roc.area(),
        "pr_auc": roc.average_precision(),
        **tpr_at_rates(roc, len(human)),
    }
    for name, rate, verdict in (
        ("called_at_1", 0.01, BOT),
        ("called_at_01", 0.001, BOT),
        ("unfamiliar_at_1", 0.01, UNFAMILIAR),
    ):
        if rate in bot.verdicts:
            values[name] = _mean(on_bot, (bot.verdicts[rate] == verdict).astype(float))
    if human.probability is not None and bot.probability is not None:
        sides = (human.probability, bot.probability)
        on_people = _mean(on_human, human.probability**2)
        on_bots = _mean(on_bot, (1 - bot.probability) ** 2)
        values["calibration_error"] = _calibration_error(*sides, on_human, on_bot)
        values["brier"] = (on_people + on_bots) / 2
    return scores_over_replicates(weights, values)


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


def mean_over_families(cells: Sequence[FamilyScores], name: str) -> FamilyScores:
    """Return the cell of the mean over families: of each score, of each replicate, of each seed.

    Args:
        cells: One for each family, alike in all else.
        name: What to call the mean.

    Raises:
        ValueError: There are none, or they differ in detector, mix, people, delivery, or number of
            replicates.
    """
    scores = mean_over_seeds([cell.scores for cell in cells])
    if len({cell.place for cell in cells}) > 1:
        raise ValueError("a mean over families is of cells that are alike in all else")
    by_seed = {
        name: tuple(
            float(np.mean(values))
            for values in zip(*(cell.by_seed[name] for cell in cells), strict=True)
        )
        for name in scores
    }
    return replace(
        cells[0],
        family=name,
        scores=scores,
        by_seed=by_seed,
        people=min(cell.people for cell in cells),
        human_gestures=min(cell.human_gestures for cell in cells),
        bot_gestures=sum(cell.bot_gestures for cell in cells),
    )


def verdict_share(by_seed: Sequence[ScoredGestures], verdict: str, rate: float) -> float:
    """Return the share of gestures with a verdict where so many of people's may be called bots'."""
    return float(np.mean([(one.verdicts[rate] == verdict).mean() for one in by_seed]))


def called_by_user(by_seed: Sequence[ScoredGestures]) -> tuple[dict[str, float], dict[str, int]]:
    """Return person → share of gestures called a bot's where 1% may be, and → how many they are.

    Args:
        by_seed: The same gestures, scored under each seed.
    """
    called = np.mean([one.verdicts[0.01] == BOT for one in by_seed], axis=0)
    people, place = np.unique(by_seed[0].user.astype(str), return_inverse=True)
    gestures = np.bincount(place)
    rates = np.bincount(place, called) / gestures
    return (
        dict(zip(people.tolist(), rates.tolist(), strict=True)),
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
    human: Float[np.ndarray, "N"],
    bot: Float[np.ndarray, "M"],
    on_human: Float[np.ndarray, "K N"],
    on_bot: Float[np.ndarray, "K M"],
) -> np.ndarray:
    """Return [K] the expected calibration error.

    The bins hold the same mass of the whole sets, both sides weighing one half, and stay as they are
    in every replicate. Rows of one probability share a bin.
    """
    probability = np.concatenate([human, bot])
    mass = np.repeat([0.5 / len(human), 0.5 / len(bot)], [len(human), len(bot)])
    _, place = np.unique(probability, return_inverse=True)
    each = np.bincount(place, mass)
    middle = each.cumsum() - each / 2
    in_bin = np.eye(BINS)[np.minimum((middle * BINS).astype(int), BINS - 1)][place]  # [N + M, BINS]
    excess = np.concatenate([human, bot - 1])[:, None] * in_bin
    error = np.zeros((len(on_human), BINS))
    for weights, rows in (
        (on_human, excess[: len(human)]),
        (on_bot, excess[len(human) :]),
    ):
        total = weights.sum(1, keepdims=True)
        error += (weights @ rows) / np.where(total > 0, 2 * total, np.nan)
    return np.abs(error).sum(1)
