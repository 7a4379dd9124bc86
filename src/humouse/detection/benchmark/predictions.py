"""What each fit says of the movements that it scored: blended, calibrated, with verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.special import expit

from humouse.detection.benchmark.dataset import BenchmarkData
from humouse.detection.benchmark.design import TrainingSet
from humouse.detection.benchmark.fold import Fold, read_scores
from humouse.detection.benchmark.metrics import RATES, ScoredGestures
from humouse.detection.decisions import decide
from humouse.detection.names import BLEND, HUMAN, OWN
from humouse.detection.registry import DetectorSpec, blend
from humouse.detection.setups.setup import SetUp

_KEPT = 64


@dataclass(frozen=True, eq=False)
class Prediction:
    """What one fit says of the movements of one family, or of people.

    Args:
        scored: `BLEND` or a member → the movements, scored; verdicts are the blend's.
        source: [n] whose each is: a person's, or a bot's variant.
        traits: [n, F] traits of the set-up.
        setups: What the detector knows.
    """

    scored: dict[str, ScoredGestures]
    source: np.ndarray
    traits: Float[np.ndarray, "n F"]
    setups: tuple[SetUp, ...]

    @property
    def blended(self) -> ScoredGestures:
        """The movements, scored by the blend."""
        return self.scored[BLEND]


class Predictions:
    """The predictions of every fit, from the scores of the folds.

    Args:
        data: The people and bots that were scored.
        specs: The members of the blend.
        folder: Where the folds' scores lie.
    """

    def __init__(self, data: BenchmarkData, specs: Sequence[DetectorSpec], folder: Path) -> None:
        self.data = data
        self.members = [spec.name for spec in specs]
        self.folder = folder
        self._read = lru_cache(maxsize=_KEPT)(lambda fold: read_scores(fold, folder, self.members))
        self.people = lru_cache(maxsize=_KEPT)(self._people)

    def _people(self, training: TrainingSet, seed: int, setup: str) -> Prediction:
        """Return what is said of a set-up's people."""
        return self.of(training, seed, setup, HUMAN, OWN)

    def of(
        self, training: TrainingSet, seed: int, setup: str, family: str, delivery: str
    ) -> Prediction:
        """Return what is said of a family's movements, told from a set-up's people."""
        scores = self._read(Fold(seed, training))
        logits = scores.logits[setup, family, delivery]
        labelled = self.data.load(setup, family, delivery)
        users = labelled.movements.user
        user = np.full(len(labelled), "") if users is None else users.astype(str)
        source = user if family == HUMAN else labelled.variant
        traits = labelled.looked_at.setup.values.astype(np.float64)
        score = blend(self.members, logits)
        made = {
            rate: decide(scores.setups, score, traits, rows_of(source), rate)
            for rate in RATES.values()
        }
        probability = expit(made[RATES["tpr_at_1"]].log_odds)
        verdicts = {rate: one.verdict for rate, one in made.items()}
        scored = {BLEND: ScoredGestures(score, user, probability, verdicts)}
        if len(self.members) > 1:
            scored |= {
                name: ScoredGestures(own, user)
                for name, own in zip(self.members, logits.T, strict=True)
            }
        return Prediction(scored, source, traits, scores.setups)


def rows_of(names: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each name, in order."""
    _, number = np.unique(names, return_inverse=True)
    order = np.argsort(number, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(number[order])) + 1)
