"""`BenchmarkData`: labelled movements of people and bots with every view, made once and kept on disk.

A seed divides the train people into those that detectors are fitted on and those that probabilities
and thresholds come from. The people evaluated on are the same under every seed. No person has two
roles.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from humouse.detection.benchmark.design import TrainingSet
from humouse.detection.calibration.calibration import (
    FALSE_POSITIVE_RATES,
    check_disjoint,
    gestures_needed,
)
from humouse.detection.names import GENERATED, HUMAN
from humouse.detection.samples.labelled import (
    LabelledMovements,
    concatenate_labelled,
    label_movements,
)
from humouse.detection.samples.negatives import make_family, negative_counts
from humouse.detection.samples.people import (
    ACROSS,
    CALIBRATE,
    FIT,
    people_of,
    split_by_user,
    subsample,
)
from humouse.detection.samples.sources import NegativeSources
from humouse.detection.samples.views import FeatureViews
from humouse.errors import InputError
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class Part:
    """A part of the data: the movements of one family, or of people, in one role.

    Args:
        role: `FIT`, `CALIBRATE`, `EVALUATE` or `ACROSS`.
        family: A family of bots, or `HUMAN`.
        seed: Which repetition, None in roles that all share.
    """

    role: str
    family: str
    seed: int | None

    @property
    def folder(self) -> Path:
        """Its folder below that of the data."""
        shared = "all seeds" if self.seed is None else f"seed {self.seed}"
        return Path(shared) / self.role / self.family


@dataclass(frozen=True)
class Sizes:
    """Numbers of movements.

    Args:
        n: Gestures of people to fit on, and of scripted bots; half as many to calibrate.
        bots_per_family: Movements of each family to evaluate on.
        model_share: Samples of each model's family, as a share of n.
    """

    n: int
    bots_per_family: int
    model_share: float


class BenchmarkData:
    """Labelled movements on disk, made where they are missing.

    Args:
        folder: Where they lie.
        train: People to fit and calibrate on, preprocessed.
        evaluated: Role → people to evaluate on, preprocessed.
        sources: What makes each family.
        views: What detectors see.
        sizes: Numbers of movements.
        calibration_share: Share of the train people kept for calibration.

    Raises:
        InputError: A person is among both the train people and those evaluated on.
    """

    def __init__(
        self,
        folder: Path,
        train: Trajectories,
        evaluated: Mapping[str, Trajectories],
        sources: NegativeSources,
        views: FeatureViews,
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
        self.sources = sources
        self.views = views
        self.sizes = sizes
        self.calibration_share = calibration_share

    @property
    def families(self) -> list[str]:
        """The families of bots that there are."""
        return list(self.sources)

    def check_calibration(self, seed: int) -> None:
        """Raise InputError if too few gestures of people are left to fix a threshold on."""
        people = self._people(Part(CALIBRATE, HUMAN, seed))
        needed = gestures_needed(FALSE_POSITIVE_RATES[0])
        if len(people) < needed:
            raise InputError(
                f"calibration: {len(people):,} gestures of {len(people_of(people))} people; a threshold "
                f"for a false positive rate of {FALSE_POSITIVE_RATES[0]:.0%} takes {needed}; raise n or "
                "calibration_share, or give more people"
            )

    def parts(self, seeds: int) -> list[Part]:
        """Return everything there is to make."""
        kinds = [HUMAN, *self.families]
        shared = [Part(role, kind, None) for role in self.evaluated for kind in kinds]
        own = [
            Part(role, kind, seed)
            for seed in range(seeds)
            for role in (FIT, CALIBRATE)
            for kind in kinds
        ]
        return shared + own

    def is_made(self, part: Part) -> bool:
        """Return whether a part is there."""
        return (self.folder / part.folder / "kinds.parquet").is_file()

    def make(self, part: Part) -> None:
        """Make a part and write it, whole or not at all."""
        people = self._people(part)
        seed = derive_seed("material", part.role, -1 if part.seed is None else part.seed)
        if part.family == HUMAN:
            made = label_movements(people, HUMAN, HUMAN)
        else:
            count = self._count(part)
            made = make_family(part.family, self.sources, people, count, seed=seed, role=part.role)
            # In random order, so that the first so many hold every variant.
            made = made.rows(np.random.default_rng(seed).permutation(len(made)))
        views = self.views.featurize(made.movements)
        made.with_views(views).save(self.folder / part.folder)

    def load(self, role: str, kind: str, seed: int | None) -> LabelledMovements:
        """Return the part of a family, or of people, in a role."""
        return LabelledMovements.load(self.folder / Part(role, kind, seed).folder)

    def training(self, training: TrainingSet, role: str, seed: int) -> LabelledMovements:
        """Return people and the negatives of a training set, to fit on or to calibrate on."""
        people = self.load(role, HUMAN, seed)
        parts = [people]
        for family, count in self.negative_counts(training, len(people)).items():
            made = self.load(role, family, seed)
            parts.append(made.rows(np.arange(min(count, len(made)))))
        return concatenate_labelled(parts)

    def negative_counts(self, training: TrainingSet, n: int) -> dict[str, int]:
        """Return how many negatives each family of a training set gives beside n gestures of people."""
        families = training.families(self.families)
        return negative_counts(families, n, model_share=self.sizes.model_share)

    def _people(self, part: Part) -> Trajectories:
        if part.seed is None:
            return subsample(self.evaluated[part.role], self.sizes.n, 0)
        fit, calibrate = split_by_user(self.train, self.calibration_share, part.seed)
        if part.role == FIT:
            return subsample(fit, self.sizes.n, part.seed)
        return subsample(calibrate, self.sizes.n // 2, part.seed)

    def _count(self, part: Part) -> int:
        """Return the most movements of a family that any training set takes."""
        if part.seed is None:
            return self.sizes.bots_per_family
        n = self.sizes.n if part.role == FIT else self.sizes.n // 2
        if part.family in GENERATED:
            return max(1, round(n * self.sizes.model_share))
        others = sum(family not in GENERATED for family in self.families)
        return -(-n // max(1, others - 1))
