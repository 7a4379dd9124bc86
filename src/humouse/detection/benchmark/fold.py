"""Trials: detectors fitted on one training set, and what they say about people and bots, kept on disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from humouse.detection.benchmark.dataset import Material
from humouse.detection.benchmark.design import TrainingSet, generated
from humouse.detection.names import HUMAN
from humouse.detection.registry import Member
from humouse.detection.samples.labelled import Evidence
from humouse.detection.samples.people import ACROSS, CALIBRATE, EVALUATE, FIT
from humouse.errors import InputError
from humouse.files import atomic_write

PEOPLE_ALONE = "people alone"
"""What one-class detectors are fitted on, whatever the mix."""


@dataclass(frozen=True)
class Trial:
    """One fit of every detector that takes part.

    Args:
        seed: Which repetition.
        training: What they are fitted on; None for people alone.
        judged: The families that they are to judge, besides people.
    """

    seed: int
    training: TrainingSet | None
    judged: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return PEOPLE_ALONE if self.training is None else self.training.name

    @property
    def place(self) -> Path:
        """Its file, below the folder of scores."""
        return Path(f"seed {self.seed}") / f"{self.name}.parquet"


Scores = Mapping[tuple[str, str], Mapping[str, np.ndarray]]
"""(role, family) → detector → [n] its scores, in the order of the material."""


def run_trial(trial: Trial, material: Material, members: Sequence[Member], folder: Path) -> None:
    """Fit, score and write the scores, whole or not at all."""
    if trial.training is None:
        members = [one for one in members if one.one_class]
        people = material.load(FIT, [HUMAN], trial.seed)
        fitted = [one.fit(people, trial.seed) for one in members]
        families = list(material.makers)
    else:
        members = [one for one in members if plays(one, trial.training, None)]
        members = [one for one in members if not one.one_class]
        evidence = material.training(trial.training, FIT, trial.seed)
        fitted = [one.fit(evidence, trial.seed) for one in members]
        families = trial.training.families(list(material.makers))
    tables = []
    for role, kind, seed in _judged(trial, material, families):
        judged = material.load(role, [kind], seed)
        tables.append(_table(role, kind, judged, members, fitted))
    if tables:
        with atomic_write(folder / trial.place) as temporary:
            pl.concat(tables).write_parquet(temporary)


def _judged(
    trial: Trial, material: Material, families: Sequence[str]
) -> list[tuple[str, str, int | None]]:
    """Return role, family and seed of everything that a trial judges."""
    # Those held out are judged on the train people too: what a blend can be chosen by.
    kinds = dict.fromkeys((HUMAN, *families, *trial.judged))
    calibration = [(CALIBRATE, kind, trial.seed) for kind in kinds]
    evaluated = [(EVALUATE, kind, None) for kind in (HUMAN, *trial.judged)]
    everything = trial.training is None or trial.training.without is None
    across = [ACROSS] if ACROSS in material.evaluated and everything else []
    return [
        *calibration,
        *evaluated,
        *((role, kind, None) for role in across for kind in (HUMAN, *material.makers)),
    ]


def _table(
    role: str, kind: str, judged: Evidence, members: Sequence[Member], fitted: Sequence[object]
) -> pl.DataFrame:
    scores = {
        one.name: one.score(estimator, judged)
        for one, estimator in zip(members, fitted, strict=True)
    }
    size = len(judged)
    return pl.DataFrame({"role": [role] * size, "family": [kind] * size, **scores})


def read_scores(trial: Trial, folder: Path) -> Scores:
    """Return the scores of a trial.

    Raises:
        InputError: They are missing or damaged.
    """
    path = folder / trial.place
    try:
        table = pl.read_parquet(path, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{path}: not readable; delete it and go on with resume=true") from error
    names = [name for name in table.columns if name not in ("role", "family")]
    return {
        (str(role), str(family)): {name: part[name].to_numpy() for name in names}
        for (role, family), part in table.group_by(["role", "family"], maintain_order=True)
    }


def plays(member: Member, training: TrainingSet, held_out: str | None) -> bool:
    """Return whether a detector takes part: not where it would know the family that it has not seen.

    A view that was trained on a family's movements brings them into the training set, so it must be
    in the mix; a one-class view was not, and may be used everywhere but on its own samples.
    """
    if member.knows is None:
        return True
    if member.knows == held_out:
        return False
    return member.one_class or member.knows in generated(training.mix)
