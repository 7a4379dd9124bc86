"""Movements to draw: bots that were caught and missed, and people's that were flagged, with reasons.

All are of the first mix, set-up and seed; bots' came as a browser delivers them. They are drawn at random,
so that they show what is usual. The reasons are those of the member that looks at features.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from humouse.detection.benchmark.benchmark import Benchmark
from humouse.detection.benchmark.drawn import Example, ExampleGroup
from humouse.detection.benchmark.fold import Fold, explaining_member
from humouse.detection.benchmark.metrics import ScoredGestures
from humouse.detection.explain import Reason, explain
from humouse.detection.names import BOT, BROWSER, HUMAN, OWN
from humouse.detection.samples.labelled import LabelledMovements
from humouse.trajectories import Trajectories, concatenate

OF_EACH = 4
"""Bots drawn of each family: so many caught, and so many missed."""

FALSE_ALARMS = 12
"""Movements of people drawn that were flagged."""

REASONS = 3
"""Reasons below each."""

_SEED = 0
_RATE = 0.01


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
    design, is_people = benchmark.design, family == HUMAN
    training = design.whole[0] if is_people else design.training_set(design.mixes[0], family)
    delivery = OWN if is_people else BROWSER
    where = design.setups[0], family, delivery
    if delivery not in benchmark.data.deliveries(family):
        return []
    scored = benchmark.predictions().of(training, _SEED, *where).blended
    flagged = scored.verdicts[_RATE] == BOT
    kinds = ((True, flagged),) if is_people else ((True, flagged), (False, ~flagged))
    most = FALSE_ALARMS if is_people else OF_EACH
    rng = np.random.default_rng(_SEED)
    chosen = {
        is_flagged: np.sort(rng.permutation(np.flatnonzero(which))[:most])
        for is_flagged, which in kinds
    }
    labelled = benchmark.data.load(*where)
    rows = np.concatenate(list(chosen.values()))
    explained = _explained(benchmark, Fold(_SEED, training), labelled, rows)
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
            0.0 if scored.probability is None else float(scored.probability[row]),
            tuple(reasons.get(row, ())),
        )
        for place, row in enumerate(rows.tolist())
    ]
    return examples, shown.movements


def _explained(
    benchmark: Benchmark, fold: Fold, labelled: LabelledMovements, rows: np.ndarray
) -> dict[int, list[Reason]]:
    """Return the reasons of each of the rows; nothing where no member looks at features."""
    fitted = explaining_member(fold, benchmark.scores)
    if fitted is None or not len(rows):
        return {}
    reasons = explain(fitted, labelled.rows(rows).looked_at.features, REASONS)
    return dict(zip(rows.tolist(), reasons, strict=True))
