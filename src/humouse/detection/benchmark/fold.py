"""Folds: detectors fitted on one training set, and their scores of people and bots, kept on disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from humouse.detection.benchmark.dataset import BenchmarkData
from humouse.detection.benchmark.design import (
    Design,
    TrainingSet,
    generated,
    training_set,
    training_sets,
)
from humouse.detection.names import HUMAN, STEPS
from humouse.detection.registry import DetectorSpec
from humouse.detection.samples.people import ACROSS, CALIBRATE, EVALUATE, FIT
from humouse.errors import InputError
from humouse.files import atomic_write

PEOPLE_ALONE = "people alone"
"""What one-class detectors are fitted on, whatever the mix."""


@dataclass(frozen=True)
class Fold:
    """One fit of every detector that is eligible.

    Args:
        seed: Which repetition.
        training: What they are fitted on; None for people alone.
        held_out: The families whose held-out scores come from this fit.
    """

    seed: int
    training: TrainingSet | None
    held_out: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called."""
        return PEOPLE_ALONE if self.training is None else self.training.name

    @property
    def file(self) -> Path:
        """Its file, below the folder of scores."""
        return Path(f"seed {self.seed}") / f"{self.name}.parquet"


Scores = Mapping[tuple[str, str], Mapping[str, np.ndarray]]
"""(role, family) → detector → [n] its scores, in the order of the data."""


def all_folds(design: Design) -> list[Fold]:
    """Return every fit that the table needs, each once."""
    held_out = {
        training: tuple(
            family
            for family in design.families
            if any(training_set(mix, family) == training for mix in design.mixes)
        )
        for training in training_sets(design.mixes, design.families)
    }
    return [
        fold
        for seed in range(design.seeds)
        for fold in (
            Fold(seed, None, design.families),
            *(Fold(seed, training, names) for training, names in held_out.items()),
        )
    ]


def fit_and_score(
    fold: Fold, data: BenchmarkData, specs: Sequence[DetectorSpec], folder: Path
) -> None:
    """Fit the eligible detectors, score, and write the scores, whole or not at all."""
    if fold.training is None:
        specs = [spec for spec in specs if spec.one_class]
        fitted_on = data.load(FIT, HUMAN, fold.seed)
    else:
        specs = [spec for spec in specs if is_eligible(spec, fold.training, None)]
        specs = [spec for spec in specs if not spec.one_class]
        fitted_on = data.training(fold.training, FIT, fold.seed)
    fitted = [(spec, spec.fit(fitted_on, fold.seed)) for spec in specs]
    tables = []
    for role, kind, seed in _scored(fold, data):
        inputs = data.load(role, kind, seed).inputs
        scores = {spec.name: spec.score(estimator, inputs) for spec, estimator in fitted}
        size = len(inputs[STEPS])
        tables.append(pl.DataFrame({"role": [role] * size, "family": [kind] * size, **scores}))
    with atomic_write(folder / fold.file) as temporary:
        pl.concat(tables).write_parquet(temporary)


def _scored(fold: Fold, data: BenchmarkData) -> list[tuple[str, str, int | None]]:
    """Return role, family and seed of everything that a fold scores."""
    training = fold.training
    families = data.families if training is None else training.families(data.families)
    # Those held out are scored on the train people too: what a blend can be chosen by.
    kinds = dict.fromkeys((HUMAN, *families, *fold.held_out))
    nothing_held_out = training is None or training.without is None
    across = [ACROSS] if ACROSS in data.evaluated and nothing_held_out else []
    return [
        *((CALIBRATE, kind, fold.seed) for kind in kinds),
        *((EVALUATE, kind, None) for kind in (HUMAN, *fold.held_out)),
        *((role, kind, None) for role in across for kind in (HUMAN, *data.families)),
    ]


def read_scores(fold: Fold, folder: Path) -> Scores:
    """Return the scores of a fold.

    Raises:
        InputError: They are missing or damaged.
    """
    path = folder / fold.file
    try:
        table = pl.read_parquet(path, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{path}: not readable; delete it and go on with resume=true") from error
    names = [name for name in table.columns if name not in ("role", "family")]
    return {
        (str(role), str(family)): {name: part[name].to_numpy() for name in names}
        for (role, family), part in table.group_by(["role", "family"], maintain_order=True)
    }


def is_eligible(spec: DetectorSpec, training: TrainingSet, held_out: str | None) -> bool:
    """Return whether a detector is fitted: not where its view was trained on the held-out family.

    A view that was trained on a family's movements brings them into the training set, so it must be
    in the mix; a one-class view was not, and may be used everywhere but on its own samples.
    """
    if spec.trained_against is None:
        return True
    if spec.trained_against == held_out:
        return False
    return spec.one_class or spec.trained_against in generated(training.mix)
