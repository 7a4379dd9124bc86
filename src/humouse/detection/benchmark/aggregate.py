"""From what detectors said to the numbers of a benchmark."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from humouse.detection.benchmark.design import TrainingSet, training_set
from humouse.detection.benchmark.metrics import (
    Judged,
    detection_scores,
    false_alarms,
    mean_over_families,
    mean_over_seeds,
)
from humouse.detection.benchmark.predictions import Said, Tally
from humouse.detection.benchmark.result import BenchmarkResult, Cell, FalseAlarms, Session, Transfer
from humouse.detection.benchmark.sessions import GESTURES, session_scores
from humouse.detection.names import BLEND
from humouse.detection.samples.people import ACROSS, EVALUATE

_DRAWS_SEED = 0


@dataclass(frozen=True)
class Design:
    """What is measured.

    Args:
        mixes: What detectors are fitted on, in order; the last is the fullest.
        families: The families held out.
        scripted: Those of them that are scripted; means are over these.
        seeds: Repetitions.
        replicates: Bootstrap replicates behind each interval.
    """

    mixes: tuple[str, ...]
    families: tuple[str, ...]
    scripted: tuple[str, ...]
    seeds: int
    replicates: int

    @property
    def steps(self) -> int:
        """How often progress is told."""
        return len(self.mixes) * (len(self.families) + 1)


def measured(
    tally: Tally,
    design: Design,
    folder: Path,
    provenance: Mapping[str, Any],
    progress: Callable[[], None],
) -> BenchmarkResult:
    """Return every number of a benchmark, without its findings."""
    cells: list[Cell] = []
    alarms: list[FalseAlarms] = []
    over_sessions: list[Session] = []
    for mix in design.mixes:
        of_mix: list[Cell] = []
        for family in design.families:
            said = _by_seed(tally, training_set(mix, family), family, (family,), design)
            of_mix += [_cell(name, family, mix, several, design) for name, several in said.items()]
            if mix == design.mixes[-1] and BLEND in said:
                variants = tally.variants(EVALUATE, family)
                over_sessions += _sessions(family, mix, said[BLEND], variants, design)
            progress()
        cells += [*of_mix, *_means(of_mix, design)]
        whole = _by_seed(tally, TrainingSet(mix, None), None, (), design)
        for name, several in whole.items():
            thresholds = [one.threshold for one in several]
            alarms.append(false_alarms(name, mix, [one.human for one in several], thresholds))
        progress()
    transfers = _transfers(tally, design) if ACROSS in tally.material.evaluated else ()
    return BenchmarkResult(
        folder, tuple(cells), tuple(alarms), tuple(over_sessions), transfers, (), provenance
    )


def _by_seed(
    tally: Tally,
    training: TrainingSet,
    held_out: str | None,
    families: tuple[str, ...],
    design: Design,
    role: str = EVALUATE,
) -> dict[str, list[Said]]:
    """Return what each detector said under each seed."""
    seeds = [tally.said(training, held_out, seed, families, role) for seed in range(design.seeds)]
    return {name: [said[name] for said in seeds] for name in seeds[0]}


def _cell(name: str, family: str, mix: str, several: list[Said], design: Design) -> Cell:
    scores = [
        detection_scores(
            one.human,
            one.bots[family],
            threshold=one.threshold,
            replicates=design.replicates,
            seed=_DRAWS_SEED,
        )
        for one in several
    ]
    mean = mean_over_seeds(scores)
    human: Judged = several[0].human
    return Cell(
        name,
        family,
        mix,
        mean,
        {key: tuple(one[key].value for one in scores) for key in mean},
        len(np.unique(human.user)),
        len(human),
        len(several[0].bots[family]),
    )


def _sessions(
    family: str, mix: str, several: list[Said], variants: np.ndarray, design: Design
) -> list[Session]:
    """Return what the blend says of sessions of each length that both sides have."""
    found = []
    for gestures in GESTURES:
        scores = [
            session_scores(
                one.human,
                one.bots[family],
                variants,
                gestures=gestures,
                replicates=design.replicates,
                seed=_DRAWS_SEED,
            )
            for one in several
        ]
        if scores[0]:
            found.append(Session(BLEND, family, mix, gestures, mean_over_seeds(scores)))
    return found


def _means(cells: list[Cell], design: Design) -> list[Cell]:
    """Return the mean over scripted families of each detector that judged them all."""
    means = []
    for name in dict.fromkeys(cell.detector for cell in cells):
        own = [one for one in cells if one.detector == name and one.family in design.scripted]
        if len(own) == len(design.scripted):
            means.append(mean_over_families(own))
    return means


def _transfers(tally: Tally, design: Design) -> tuple[Transfer, ...]:
    """Return how detectors fitted on the fullest mix do on the other dataset's people and bots."""
    mix, material = design.mixes[-1], tally.material
    said = _by_seed(tally, TrainingSet(mix, None), None, design.families, design, ACROSS)
    cells = [
        _cell(name, family, mix, several, design)
        for name, several in said.items()
        for family in design.families
    ]
    flagged = {
        name: float(np.mean([one.human.alarms(one.threshold).mean() for one in several]))
        for name, several in said.items()
    }
    origins = material.train.origin, material.evaluated[ACROSS].origin
    return (Transfer(*origins, tuple(cells), flagged),)
