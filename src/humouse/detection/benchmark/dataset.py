"""What a benchmark is made of: movements of people and bots with every view, made once and kept.

A seed divides the train people into those that detectors are fitted on and those that probabilities
and thresholds come from; the people evaluated on are the same throughout, and nobody is in two roles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from humouse.detection.benchmark.design import TrainingSet
from humouse.detection.calibration.calibration import RATES, check_disjoint, fewest_for
from humouse.detection.names import GENERATED, HUMAN
from humouse.detection.samples.labelled import Evidence, evidence_of, joined
from humouse.detection.samples.negatives import Makers, make_family, shares
from humouse.detection.samples.people import ACROSS, CALIBRATE, FIT, ROLES, divided, people_of, some
from humouse.detection.samples.views import Views
from humouse.errors import InputError
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class Task:
    """One family in one role, or the people in it.

    Args:
        role: `FIT`, `CALIBRATE`, `EVALUATE` or `ACROSS`.
        family: A family of bots, or `HUMAN`.
        seed: Which repetition, None in roles that all share.
    """

    role: str
    family: str
    seed: int | None

    @property
    def place(self) -> Path:
        """Its folder below the material's."""
        shared = "all seeds" if self.seed is None else f"seed {self.seed}"
        return Path(shared) / self.role / self.family


@dataclass(frozen=True)
class Sizes:
    """How many movements of what.

    Args:
        n: Gestures of people to fit on, and of scripted bots; half as many to calibrate.
        bots_per_family: Movements of each family to evaluate on.
        model_share: Samples of each model in a mix, as a share of the bots'.
    """

    n: int
    bots_per_family: int
    model_share: float

    def of(self, training: TrainingSet, available: Sequence[str], n: int) -> dict[str, int]:
        """Return how many negatives each family of a training set makes.

        n of all scripted bots together, whichever are held out; samples of models come on top.
        """
        families = training.families(available)
        models = [family for family in families if family in GENERATED]
        others = [family for family in families if family not in GENERATED]
        scripted = shares(dict.fromkeys(others, 1.0), others, n)
        return {**scripted, **dict.fromkeys(models, max(1, round(n * self.model_share)))}


class Material:
    """Evidence on disk, made where it is missing.

    Args:
        folder: Where it lies.
        train: People to fit and calibrate on, zero moves merged.
        evaluated: Role → people to evaluate on.
        makers: What makes each family.
        views: What detectors see.
        sizes: How many of what.
        calibration_share: Share of the train people kept for calibration.

    Raises:
        InputError: Somebody is among the train people and those evaluated on.
    """

    def __init__(
        self,
        folder: Path,
        train: Trajectories,
        evaluated: Mapping[str, Trajectories],
        makers: Makers,
        views: Views,
        sizes: Sizes,
        calibration_share: float,
    ) -> None:
        for role, people in evaluated.items():
            # In another dataset the same name is another person.
            if role != ACROSS or people.origin == train.origin:
                check_disjoint(train.user, people.user)
        self.folder = folder
        self.train = train
        self.evaluated = evaluated
        self.makers = makers
        self.views = views
        self.sizes = sizes
        self.calibration_share = calibration_share

    def check_calibration(self, seed: int) -> None:
        """Raise InputError if too few gestures of people are left to fix a threshold on."""
        people = self._people(Task(CALIBRATE, HUMAN, seed))
        needed = fewest_for(RATES[0])
        if len(people) < needed:
            raise InputError(
                f"calibration: {len(people):,} gestures of {len(people_of(people))} people; a threshold "
                f"for {RATES[0]:.0%} false alarms takes {needed}; raise n or calibration_share, or give "
                "more people"
            )

    def tasks(self, seeds: int) -> list[Task]:
        """Return everything there is to make."""
        kinds = [HUMAN, *self.makers]
        shared = [Task(role, kind, None) for role in self.evaluated for kind in kinds]
        own = [
            Task(role, kind, seed)
            for seed in range(seeds)
            for role in (FIT, CALIBRATE)
            for kind in kinds
        ]
        return shared + own

    def is_made(self, task: Task) -> bool:
        """Return whether a task is done."""
        return (self.folder / task.place / "kinds.parquet").is_file()

    def make(self, task: Task) -> None:
        """Do a task, whole or not at all."""
        people = self._people(task)
        seed = derive_seed("material", task.role, -1 if task.seed is None else task.seed)
        if task.family == HUMAN:
            made = evidence_of(people, HUMAN, HUMAN)
        else:
            made = make_family(
                task.family,
                self.makers,
                people,
                self._count(task),
                seed=seed,
                part=ROLES.index(task.role),
            )
            # In random order, so that the first so many hold every variant.
            made = made.rows(np.random.default_rng(seed).permutation(len(made)))
        self.views.look(made).save(self.folder / task.place)

    def load(self, role: str, kinds: Sequence[str], seed: int | None) -> Evidence:
        """Return the evidence of these kinds in a role."""
        return joined([self._load(role, kind, seed) for kind in kinds])

    def training(self, training: TrainingSet, role: str, seed: int) -> Evidence:
        """Return people and the negatives of a training set, to fit on or to calibrate on."""
        people = self._load(role, HUMAN, seed)
        counts = self.sizes.of(training, list(self.makers), len(people))
        parts = [people]
        for family, count in counts.items():
            part = self._load(role, family, seed)
            parts.append(part.rows(np.arange(min(count, len(part)))))
        return joined(parts)

    def _load(self, role: str, kind: str, seed: int | None) -> Evidence:
        return Evidence.load(self.folder / Task(role, kind, seed).place)

    def _people(self, task: Task) -> Trajectories:
        if task.seed is None:
            return some(self.evaluated[task.role], self.sizes.n, 0)
        fit, calibrate = divided(self.train, self.calibration_share, task.seed)
        if task.role == FIT:
            return some(fit, self.sizes.n, task.seed)
        return some(calibrate, self.sizes.n // 2, task.seed)

    def _count(self, task: Task) -> int:
        """Return the most movements of a family that any training set takes."""
        if task.seed is None:
            return self.sizes.bots_per_family
        n = self.sizes.n if task.role == FIT else self.sizes.n // 2
        if task.family in GENERATED:
            return max(1, round(n * self.sizes.model_share))
        others = sum(family not in GENERATED for family in self.makers)
        return -(-n // max(1, others - 1))
