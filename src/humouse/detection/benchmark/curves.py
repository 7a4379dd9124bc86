"""What a page draws of a detector on families held out: ROC curves, and how well probabilities hold."""

from collections.abc import Sequence

import numpy as np

from humouse.detection.benchmark.drawn import ReliabilityBin, RocCurve
from humouse.detection.benchmark.metrics import (
    BINS,
    ScoredGestures,
    mean_over_seeds,
    scores_over_replicates,
)
from humouse.eval.statistics.roc import Roc
from humouse.eval.statistics.score import Score
from humouse.eval.statistics.weights import BootstrapWeights

RATES = tuple(round(float(rate), 5) for rate in np.logspace(-3, 0, 31))
"""False-alarm rates at which a curve is kept: from 0.1% to 1, ten to a power of ten."""

Sides = tuple[ScoredGestures, ScoredGestures]
"""People and bots, scored by one detector."""


def roc_curve(
    detector: str, family: str, mix: str, by_seed: Sequence[Sides], *, replicates: int, seed: int
) -> RocCurve:
    """Return the curve of a detector on one family, the mean over seeds.

    Rates at which not even one of the people's gestures may be flagged are left out.

    Args:
        detector: Its name.
        family: The family held out.
        mix: What it was fitted on.
        by_seed: People and bots under each seed.
        replicates: Bootstrap replicates behind each interval; 0 for none.
        seed: Of the replicates.
    """
    human, bot = by_seed[0]
    rates = [rate for rate in RATES if rate * len(human) >= 1]
    mean = mean_over_seeds([_caught(rates, *sides, replicates, seed) for sides in by_seed])
    return RocCurve(detector, family, mix, tuple(rates), tuple(mean.values()), len(human), len(bot))


def _caught(
    rates: Sequence[float], human: ScoredGestures, bot: ScoredGestures, replicates: int, seed: int
) -> dict[str, Score]:
    weights = BootstrapWeights.over_people(
        human.user, len(human), bot.user, len(bot), replicates=replicates, seed=seed
    )
    roc = Roc.of(human.score, bot.score, weights.real.numpy(), weights.fake.numpy())
    return scores_over_replicates(weights, {str(rate): roc.tpr_at(rate) for rate in rates})


def reliability(several: Sequence[Sides]) -> tuple[ReliabilityBin, ...]:
    """Return how often what is given a probability is a bot, in bins of equal width; empty ones left out.

    Args:
        several: People and bots of each family and seed, taken together.
    """
    people = np.concatenate([human.probability for human, _ in several])
    bots = np.concatenate([bot.probability for _, bot in several])
    weight = 0.5 / len(people), 0.5 / len(bots)
    places = [np.minimum((side * BINS).astype(int), BINS - 1) for side in (people, bots)]
    found = []
    for place in range(BINS):
        inside = people[places[0] == place], bots[places[1] == place]
        mass = [len(side) * one for side, one in zip(inside, weight, strict=True)]
        if not sum(mass):
            continue
        total = sum(float(side.sum()) * one for side, one in zip(inside, weight, strict=True))
        counts = len(inside[0]), len(inside[1])
        low, high = place / BINS, (place + 1) / BINS
        found.append(ReliabilityBin(low, high, total / sum(mass), mass[1] / sum(mass), *counts))
    return tuple(found)
