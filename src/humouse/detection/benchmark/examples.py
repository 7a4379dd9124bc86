"""Movements to draw: bots that were caught and missed, and people's that were flagged, with reasons.

All are of the headline detector, in the fullest mix and the first seed. They are drawn at random, so
that they show what is usual. The reasons are those of the detector on features, which is fitted once
more for them: its fit depends on the data and the seed alone.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from humouse.detection.benchmark.benchmark import Benchmark
from humouse.detection.benchmark.design import TrainingSet, training_set
from humouse.detection.benchmark.drawn import Example, ExampleGroup
from humouse.detection.benchmark.metrics import ScoredGestures
from humouse.detection.benchmark.predictions import headline_output
from humouse.detection.explain import Reason, explain
from humouse.detection.names import HUMAN
from humouse.detection.registry import DetectorSpec
from humouse.detection.samples.labelled import LabelledMovements
from humouse.detection.samples.people import EVALUATE, FIT
from humouse.trajectories import Trajectories, concatenate

OF_EACH = 4
"""Bots drawn of each family: so many caught, and so many missed."""

FALSE_ALARMS = 12
"""Movements of people drawn that were flagged."""

REASONS = 3
"""Reasons below each."""

_SEED = 0


def find_examples(
    benchmark: Benchmark, progress: Callable[[], None]
) -> tuple[tuple[ExampleGroup, ...], Trajectories | None]:
    """Return groups of examples, and the movements that they name; none where nothing was scored.

    Args:
        benchmark: All its folds must be done.
        progress: Called once for each family held out, and once for people.
    """
    groups: list[ExampleGroup] = []
    movements: list[Trajectories] = []
    for family in (HUMAN, *benchmark.design.families):
        for group, drawn in _of_family(benchmark, family):
            first = sum(map(len, movements))
            placed = [replace(one, row=first + one.row) for one in group.examples]
            groups.append(replace(group, examples=tuple(placed)))
            movements.append(drawn)
        progress()
    return tuple(groups), concatenate(movements, "examples") if movements else None


def _of_family(benchmark: Benchmark, family: str) -> list[tuple[ExampleGroup, Trajectories]]:
    """Return what was flagged of a family and what was not; of people only what was flagged."""
    mix = benchmark.design.mixes[-1]
    held_out = None if family == HUMAN else family
    training = TrainingSet(mix, None) if held_out is None else training_set(mix, held_out)
    families = () if held_out is None else (held_out,)
    outputs = benchmark.predictions().outputs(training, held_out, _SEED, families)
    found = headline_output(outputs)
    if found is None:
        return []
    output = found[1]
    scored = output.human if held_out is None else output.bots[held_out]
    flagged = scored.flagged(output.threshold)
    rng = np.random.default_rng(_SEED)
    kinds = ((True, flagged),) if held_out is None else ((True, flagged), (False, ~flagged))
    most = FALSE_ALARMS if held_out is None else OF_EACH
    chosen = {
        is_flagged: np.sort(rng.permutation(np.flatnonzero(which))[:most])
        for is_flagged, which in kinds
    }
    labelled = benchmark.data.load(EVALUATE, family, None)
    rows = np.concatenate(list(chosen.values()))
    explained = _explained(benchmark, training, labelled, rows)
    groups = []
    for is_flagged, which in kinds:
        examples, movements = _examples(labelled, scored, chosen[is_flagged], explained)
        count = int(which.sum())
        groups.append(
            (ExampleGroup(family, is_flagged, count, len(scored), tuple(examples)), movements)
        )
    return groups


def _examples(
    labelled: LabelledMovements,
    scored: ScoredGestures,
    rows: np.ndarray,
    reasons: dict[int, list[Reason]],
) -> tuple[list[Example], Trajectories]:
    """Return an example for each of the rows, numbered from 0, and their movements."""
    shown = labelled.rows(rows)
    examples = [
        Example(
            place,
            str(shown.variant[place]),
            str(scored.user[row]),
            float(scored.probability[row]),
            tuple(reasons.get(row, ())),
        )
        for place, row in enumerate(rows.tolist())
    ]
    return examples, shown.movements


def _explained(
    benchmark: Benchmark, training: TrainingSet, labelled: LabelledMovements, rows: np.ndarray
) -> dict[int, list[Reason]]:
    """Return the reasons of each of the rows; nothing where no detector looks at features alone."""
    spec = _explaining(benchmark)
    if spec is None or not len(rows):
        return {}
    fitted = spec.fit(benchmark.data.training(training, FIT, _SEED), _SEED)
    reasons = explain(fitted, spec.select(labelled.rows(rows).inputs), REASONS)
    return dict(zip(rows.tolist(), reasons, strict=True))


def _explaining(benchmark: Benchmark) -> DetectorSpec | None:
    """Return the detector that reasons come from, as a saved detector chooses it."""
    return next((spec for spec in benchmark.specs if spec.view == "features"), None)
