"""From predictions to the numbers of a benchmark."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from humouse.detection.benchmark.curves import Sides, reliability, roc_curve
from humouse.detection.benchmark.design import Design, TrainingSet, training_set
from humouse.detection.benchmark.drawn import RocCurve
from humouse.detection.benchmark.metrics import (
    detection_scores,
    false_alarms,
    mean_over_families,
    mean_over_seeds,
)
from humouse.detection.benchmark.predictions import DetectorOutput, Predictions, headline_output
from humouse.detection.benchmark.result import (
    BenchmarkResult,
    FalseAlarms,
    FamilyScores,
    Session,
    Transfer,
)
from humouse.detection.benchmark.sessions import GESTURES, session_scores
from humouse.detection.names import BLEND
from humouse.detection.samples.people import ACROSS, EVALUATE

_BOOTSTRAP_SEED = 0


def aggregate(
    predictions: Predictions,
    design: Design,
    folder: Path,
    provenance: Mapping[str, Any],
    progress: Callable[[], None],
) -> BenchmarkResult:
    """Return every number of a benchmark, without its findings.

    Args:
        predictions: The outputs of every detector.
        design: What is measured.
        folder: Where the result lies.
        provenance: What made it.
        progress: Called `design.steps` times.
    """
    cells: list[FamilyScores] = []
    alarms: list[FalseAlarms] = []
    sessions: list[Session] = []
    curves: list[RocCurve] = []
    scored: list[Sides] = []
    for mix in design.mixes:
        of_mix: list[FamilyScores] = []
        for family in design.families:
            outputs = _by_seed(predictions, training_set(mix, family), family, (family,), design)
            of_mix += [_cell(name, family, mix, each, design) for name, each in outputs.items()]
            if mix == design.mixes[-1]:
                if BLEND in outputs:
                    variants = predictions.variants(EVALUATE, family)
                    sessions += _sessions(family, mix, outputs[BLEND], variants, design)
                if found := headline_output(outputs):
                    sides = [(output.human, output.bots[family]) for output in found[1]]
                    scored += sides
                    curves.append(_curve(found[0], family, mix, sides, design))
            progress()
        cells += [*of_mix, *_means(of_mix, design)]
        outputs = _by_seed(predictions, TrainingSet(mix, None), None, (), design)
        alarms += [_false_alarms(name, mix, each) for name, each in outputs.items()]
        progress()
    transfers = _transfers(predictions, design) if ACROSS in predictions.data.evaluated else ()
    return BenchmarkResult(
        folder, tuple(cells), tuple(alarms), tuple(sessions), transfers, (), provenance,
        tuple(curves), reliability(scored) if scored else (),
    )  # fmt: skip


def _by_seed(
    predictions: Predictions,
    training: TrainingSet,
    held_out: str | None,
    families: tuple[str, ...],
    design: Design,
    role: str = EVALUATE,
) -> dict[str, list[DetectorOutput]]:
    """Return each detector's output under each seed."""
    seeds = [
        predictions.outputs(training, held_out, seed, families, role)
        for seed in range(design.seeds)
    ]
    return {name: [outputs[name] for outputs in seeds] for name in seeds[0]}


def _cell(
    name: str, family: str, mix: str, outputs: list[DetectorOutput], design: Design
) -> FamilyScores:
    by_seed = [
        detection_scores(
            output.human,
            output.bots[family],
            threshold=output.threshold,
            replicates=design.replicates,
            seed=_BOOTSTRAP_SEED,
        )
        for output in outputs
    ]
    mean = mean_over_seeds(by_seed)
    human = outputs[0].human
    return FamilyScores(
        name,
        family,
        mix,
        mean,
        {key: tuple(scores[key].value for scores in by_seed) for key in mean},
        len(np.unique(human.user)),
        len(human),
        len(outputs[0].bots[family]),
    )


def _sessions(
    family: str, mix: str, outputs: list[DetectorOutput], variants: np.ndarray, design: Design
) -> list[Session]:
    """Return the blend's scores of sessions of each length that people and bots have."""
    found = []
    for gestures in GESTURES:
        by_seed = [
            session_scores(
                output.human,
                output.bots[family],
                variants,
                gestures=gestures,
                replicates=design.replicates,
                seed=_BOOTSTRAP_SEED,
            )
            for output in outputs
        ]
        if by_seed[0]:
            found.append(Session(BLEND, family, mix, gestures, mean_over_seeds(by_seed)))
    return found


def _curve(name: str, family: str, mix: str, sides: list[Sides], design: Design) -> RocCurve:
    return roc_curve(name, family, mix, sides, replicates=design.replicates, seed=_BOOTSTRAP_SEED)


def _means(cells: list[FamilyScores], design: Design) -> list[FamilyScores]:
    """Return the mean over scripted families of each detector that scored them all."""
    means = []
    for name in dict.fromkeys(cell.detector for cell in cells):
        own = [cell for cell in cells if cell.detector == name and cell.family in design.scripted]
        if len(own) == len(design.scripted):
            means.append(mean_over_families(own))
    return means


def _false_alarms(name: str, mix: str, outputs: list[DetectorOutput]) -> FalseAlarms:
    thresholds = [output.threshold for output in outputs]
    return false_alarms(name, mix, [output.human for output in outputs], thresholds)


def _transfers(predictions: Predictions, design: Design) -> tuple[Transfer, ...]:
    """Return the scores of detectors fitted on the fullest mix on the other dataset's people and bots."""
    mix, data = design.mixes[-1], predictions.data
    outputs = _by_seed(predictions, TrainingSet(mix, None), None, design.families, design, ACROSS)
    cells = [
        _cell(name, family, mix, each, design)
        for name, each in outputs.items()
        for family in design.families
    ]
    flagged = {
        name: float(np.mean([output.human.flagged(output.threshold).mean() for output in each]))
        for name, each in outputs.items()
    }
    origins = data.train.origin, data.evaluated[ACROSS].origin
    return (Transfer(*origins, tuple(cells), flagged),)
