"""The predictions of each detector under each seed, from the scores of folds: blended and calibrated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float

from humouse.detection.benchmark.dataset import BenchmarkData
from humouse.detection.benchmark.design import TrainingSet
from humouse.detection.benchmark.fold import Fold, Scores, is_eligible, read_scores
from humouse.detection.benchmark.metrics import ScoredGestures
from humouse.detection.calibration.calibration import FALSE_POSITIVE_RATES, Calibration
from humouse.detection.estimators.fisher_ensemble import FisherEnsemble
from humouse.detection.names import BLEND, HUMAN
from humouse.detection.registry import DetectorSpec
from humouse.detection.samples.people import CALIBRATE, EVALUATE

Output = TypeVar("Output")


@dataclass(frozen=True, eq=False)
class DetectorOutput:
    """What one detector predicts under one seed.

    Args:
        human: People's gestures, scored.
        bots: Family → its gestures, scored.
        calibration: Fitted on people that no detector was fitted on.
    """

    human: ScoredGestures
    bots: Mapping[str, ScoredGestures]
    calibration: Calibration

    @property
    def threshold(self) -> float:
        """The score from which a gesture is flagged, fixed on other people for 1%."""
        return self.calibration.threshold(FALSE_POSITIVE_RATES[0])


class Predictions:
    """The outputs of every detector and of their blend, from the scores of the folds.

    Args:
        data: The people and bots that were scored.
        specs: The detectors.
        folder: Where the folds' scores lie.
    """

    def __init__(self, data: BenchmarkData, specs: Sequence[DetectorSpec], folder: Path) -> None:
        self.data = data
        self.specs = specs
        self._read = lru_cache(maxsize=64)(lambda fold: read_scores(fold, folder))
        self._users = lru_cache(maxsize=None)(self._users_of)

    def outputs(
        self,
        training: TrainingSet,
        held_out: str | None,
        seed: int,
        families: Sequence[str],
        role: str = EVALUATE,
    ) -> dict[str, DetectorOutput]:
        """Return the output of each eligible detector, and of their blend.

        Args:
            training: What they were fitted on.
            held_out: The family that none may have seen, or None.
            seed: Which repetition.
            families: Those scored besides people.
            role: Who was scored: `EVALUATE` or `ACROSS`.
        """
        specs = [spec for spec in self.specs if is_eligible(spec, training, held_out)]
        if not specs:
            return {}
        names = [spec.name for spec in specs]
        sources = [self._read(Fold(seed, fitted_on)) for fitted_on in (training, None)]
        known, is_bot = self._calibrating(sources, names, training)
        scores = {kind: _columns(sources, names, (role, kind)) for kind in (HUMAN, *families)}
        outputs = {
            name: self._output(
                known[:, place],
                is_bot,
                {kind: columns[:, place] for kind, columns in scores.items()},
                role,
            )
            for place, name in enumerate(names)
        }
        if len(specs) > 1:
            blend = FisherEnsemble(weights=tuple(spec.weight for spec in specs))
            blend.fit(known, is_bot.astype(int))
            blended = {kind: blend.decision_function(part) for kind, part in scores.items()}
            outputs[BLEND] = self._output(blend.decision_function(known), is_bot, blended, role)
        return outputs

    def variants(self, role: str, family: str) -> np.ndarray:
        """Return what made each movement of a family that was scored."""
        return self.data.load(role, family, None).variant

    def _output(
        self,
        known: Float[np.ndarray, "n"],
        is_bot: Bool[np.ndarray, "n"],
        scores: Mapping[str, np.ndarray],
        role: str,
    ) -> DetectorOutput:
        """Return calibrated scores; `known` and `is_bot` are what to calibrate on."""
        calibration = Calibration.fit(known, is_bot)
        scored = {
            kind: ScoredGestures(score, calibration.probability(score), self._users(role, kind))
            for kind, score in scores.items()
        }
        return DetectorOutput(scored.pop(HUMAN), scored, calibration)

    def _calibrating(
        self, sources: Sequence[Scores], names: Sequence[str], training: TrainingSet
    ) -> tuple[Float[np.ndarray, "n M"], Bool[np.ndarray, "n"]]:
        """Return the scores [n, M] of people and negatives to calibrate on, and which are bots."""
        human = _columns(sources, names, (CALIBRATE, HUMAN))
        counts = self.data.negative_counts(training, len(human))
        bots = [
            _columns(sources, names, (CALIBRATE, family))[:count]
            for family, count in counts.items()
        ]
        known = np.concatenate([human, *bots])
        return known, np.arange(len(known)) >= len(human)

    def _users_of(self, role: str, kind: str) -> np.ndarray:
        """Return whose gesture each row is, or whose recording the bot followed; "" if unknown."""
        movements = self.data.load(role, kind, None).movements
        return np.full(len(movements), "") if movements.user is None else movements.user


def headline_output(outputs: Mapping[str, Output]) -> tuple[str, Output] | None:
    """Return the detector that stands for all, with what it gave: the blend, or the only one there is."""
    name = BLEND if BLEND in outputs else next(iter(outputs), None)
    return None if name is None else (name, outputs[name])


def _columns(
    sources: Sequence[Scores], names: Sequence[str], key: tuple[str, str]
) -> Float[np.ndarray, "n M"]:
    """Return [n, M] the scores of each detector, whichever fold they stand in."""
    found = {name: part for source in sources for name, part in source.get(key, {}).items()}
    return np.stack([found[name] for name in names], 1)
