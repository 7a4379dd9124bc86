"""From predictions to the numbers of a benchmark."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from humouse.detection.benchmark.curves import Sides, reliability, roc_curve
from humouse.detection.benchmark.design import Design, TrainingSet
from humouse.detection.benchmark.drawn import RocCurve
from humouse.detection.benchmark.metrics import (
    called_by_user,
    detection_scores,
    mean_over_families,
    mean_over_seeds,
    verdict_share,
)
from humouse.detection.benchmark.predictions import Prediction, Predictions
from humouse.detection.benchmark.result import BenchmarkResult, FalseAlarms, FamilyScores, Session
from humouse.detection.benchmark.sessions import GESTURES, Sessions, session_scores
from humouse.detection.names import BLEND, BOT, BROWSER, FILES_MEAN, MEAN, UNFAMILIAR

_BOOTSTRAP_SEED = 0
_sessions_of = lru_cache(maxsize=256)(Sessions.of)


def aggregate(
    predictions: Predictions,
    design: Design,
    folder: Path,
    provenance: Mapping[str, Any],
    progress: Callable[[], None],
) -> BenchmarkResult:
    """Return every number of a benchmark, without its findings.

    Args:
        predictions: What every fit says of the movements that it scored.
        design: What is measured.
        folder: Where the result lies.
        provenance: What made it.
        progress: Called `design.steps` times.
    """
    found = _Measured(predictions, design)
    for mix in design.mixes:
        for family in design.families:
            for setup in design.setups:
                for delivery in predictions.data.deliveries(family):
                    found.add(family, mix, setup, delivery)
            progress()
    alarms = []
    for training in design.whole:
        alarms += [_false_alarms(predictions, training, setup, design) for setup in design.setups]
        progress()
    return BenchmarkResult(
        folder,
        design.setups,
        (*found.cells, *_means(found.cells, design)),
        tuple(alarms),
        (*found.sessions, *_session_means(found.sessions, design)),
        (),
        provenance,
        tuple(found.curves),
        reliability(found.sides) if found.sides else (),
    )


@dataclass
class _Measured:
    """What has been measured so far."""

    predictions: Predictions
    design: Design
    cells: list[FamilyScores] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    curves: list[RocCurve] = field(default_factory=list)
    sides: list[Sides] = field(default_factory=list)

    def add(self, family: str, mix: str, setup: str, delivery: str) -> None:
        """Measure one family, told from one set-up's people."""
        training = self.design.training_set(mix, family)
        seeds = range(self.design.seeds)
        people = [self.predictions.people(training, seed, setup) for seed in seeds]
        bots = [self.predictions.of(training, seed, setup, family, delivery) for seed in seeds]
        place = _Place(family, mix, setup, delivery, self.design)
        for detector in people[0].scored:
            sides = [
                (one.scored[detector], other.scored[detector])
                for one, other in zip(people, bots, strict=True)
            ]
            self.cells.append(place.cell(detector, sides))
        sides = [(one.blended, other.blended) for one, other in zip(people, bots, strict=True)]
        variants = np.unique(bots[0].source)
        if len(variants) > 1:
            for variant in variants.tolist():
                rows = np.flatnonzero(bots[0].source == variant)
                own = [(human, bot.rows(rows)) for human, bot in sides]
                self.cells.append(place.cell(BLEND, own, variant))
        if mix != self.design.mixes[0]:
            return
        self.sessions += place.sessions(people, bots)
        if setup == self.design.setups[0] and delivery == BROWSER:
            self.sides += sides
            self.curves.append(
                roc_curve(
                    BLEND, family, mix, sides,
                    replicates=self.design.replicates, seed=_BOOTSTRAP_SEED,
                )
            )  # fmt: skip


@dataclass(frozen=True)
class _Place:
    """Where numbers stand in the tables."""

    family: str
    mix: str
    setup: str
    delivery: str
    design: Design

    @property
    def _bootstrap(self) -> dict[str, int]:
        return {"replicates": self.design.replicates, "seed": _BOOTSTRAP_SEED}

    def cell(self, detector: str, sides: Sequence[Sides], variant: str = "") -> FamilyScores:
        """Return the scores of a detector, the mean over seeds."""
        by_seed = [detection_scores(human, bot, **self._bootstrap) for human, bot in sides]
        mean = mean_over_seeds(by_seed)
        human, bot = sides[0]
        return FamilyScores(
            detector,
            self.family,
            self.mix,
            self.setup,
            self.delivery,
            mean,
            {key: tuple(scores[key].value for scores in by_seed) for key in mean},
            len(np.unique(human.user)),
            len(human),
            len(bot),
            variant,
        )

    def sessions(self, people: Sequence[Prediction], bots: Sequence[Prediction]) -> list[Session]:
        """Return the scores of sessions of each length that people and bots have."""
        found = []
        for gestures in GESTURES:
            by_seed = [
                session_scores(
                    _sessions_of(one, gestures), Sessions.of(other, gestures), **self._bootstrap
                )
                for one, other in zip(people, bots, strict=True)
            ]
            if by_seed[0]:
                where = self.family, self.mix, self.setup, self.delivery, gestures
                found.append(Session(*where, mean_over_seeds(by_seed)))
        return found


def _means(cells: Sequence[FamilyScores], design: Design) -> list[FamilyScores]:
    """Return the means over scripted families, and over files, of cells alike in all else."""
    means = []
    for name, families in ((MEAN, design.scripted), (FILES_MEAN, design.files)):
        own = [cell for cell in cells if cell.family in families and not cell.variant]
        for place in dict.fromkeys(cell.place for cell in own):
            alike = [cell for cell in own if cell.place == place]
            if len(alike) == len(families) > 1:
                means.append(mean_over_families(alike, name))
    return means


def _session_means(sessions: Sequence[Session], design: Design) -> list[Session]:
    means = []
    for name, families in ((MEAN, design.scripted), (FILES_MEAN, design.files)):
        alike: dict[tuple[str, str, int], list[Session]] = {}
        for one in sessions:
            if one.family in families:
                alike.setdefault((one.tested_on, one.delivery, one.gestures), []).append(one)
        means += [
            replace(several[0], family=name, scores=mean_over_seeds([o.scores for o in several]))
            for several in alike.values()
            if len(several) == len(families) > 1
        ]
    return means


def _false_alarms(
    predictions: Predictions, training: TrainingSet, setup: str, design: Design
) -> FalseAlarms:
    people = [predictions.people(training, seed, setup) for seed in range(design.seeds)]
    scored = [one.blended for one in people]
    sessions = {}
    for gestures in GESTURES:
        called = [_sessions_of(one, gestures).called for one in people]
        if len(called[0]):
            sessions[str(gestures)] = float(np.mean(called))
    return FalseAlarms(
        training.setups,
        setup,
        training.mix,
        verdict_share(scored, BOT, 0.01),
        verdict_share(scored, BOT, 0.001),
        verdict_share(scored, UNFAMILIAR, 0.01),
        sessions,
        *called_by_user(scored),
    )
