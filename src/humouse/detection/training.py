"""Fits a detector: its members on people and negatives, its set-ups on people kept apart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from humouse.detection.names import COMPOSED, HUMAN
from humouse.detection.registry import DetectorSpec, blend
from humouse.detection.samples.labelled import (
    LabelledMovements,
    concatenate_labelled,
    label_movements,
)
from humouse.detection.samples.negatives import make_family, mixture_counts
from humouse.detection.samples.people import CALIBRATE, FIT, subsample
from humouse.detection.samples.shown import Showing
from humouse.detection.samples.sources import NegativeSources
from humouse.detection.samples.views import Views, look
from humouse.detection.setups.fit import fit_setup
from humouse.detection.setups.setup import SetUp
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories, concatenate

DEFAULT_MIXTURE: Mapping[str, float] = {COMPOSED: 1.0}

# Made and shown at a time: a composed bot can report a thousand times.
_AT_A_TIME = 2000


@dataclass(frozen=True)
class Recipe:
    """What a detector is fitted on.

    Args:
        specs: The members.
        showing: How movements are shown.
        mixture: Weight of each family of negatives.
        n: Gestures of each set-up's people to fit on.
        seed: Of everything random.
    """

    specs: Sequence[DetectorSpec]
    showing: Showing
    mixture: Mapping[str, float]
    n: int
    seed: int


@dataclass(frozen=True, eq=False)
class FittedDetector:
    """A detector in memory.

    Args:
        specs: The members.
        fitted: Name → fitted estimator.
        setups: The set-ups that it knows.
    """

    specs: Sequence[DetectorSpec]
    fitted: Mapping[str, Any]
    setups: tuple[SetUp, ...]

    def __call__(self, views: Views) -> Float[np.ndarray, "B"]:
        """Return [B] the blend's scores."""
        logits = np.stack([spec.score(self.fitted[spec.name], views) for spec in self.specs], 1)
        return blend([spec.name for spec in self.specs], logits)

    def score(self, movements: Trajectories, showing: Showing) -> Float[np.ndarray, "B"]:
        """Return [B] the blend's scores of movements as recorded; those that go nowhere are left out."""
        return self(look(movements.as_steps(), showing.clock)[0])

    def onnx_files(self) -> dict[str, bytes]:
        """Return name → content of each member's ONNX file."""
        from humouse.detection.onnx.export import to_onnx

        return {
            f"{name}.onnx": to_onnx(estimator).SerializeToString()
            for name, estimator in self.fitted.items()
        }


def fit_detector(
    fit_on: Mapping[str, Trajectories],
    calibrate_on: Mapping[str, Trajectories],
    sources: NegativeSources,
    recipe: Recipe,
    progress: Callable[[str], None],
) -> FittedDetector:
    """Return the detector fitted on people of several set-ups, and calibrated on others of each.

    Args:
        fit_on: Set-up → people's movements to fit on.
        calibrate_on: Set-up → other people's movements.
        sources: What makes each family of negatives.
        recipe: How.
        progress: Called with what has been done, `2 + members + set-ups` times.

    Raises:
        InputError: A set-up has too few gestures to calibrate on, or negatives cannot be made.
    """
    people = {name: subsample(one, recipe.n, recipe.seed) for name, one in fit_on.items()}
    shown = training_movements(people, sources, recipe)
    progress("movements to fit on")
    fitted = {}
    for spec in recipe.specs:
        fitted[spec.name] = spec.fit(shown, recipe.seed)
        progress(spec.name)
    detector = FittedDetector(recipe.specs, fitted, ())
    seed = derive_seed(recipe.seed, CALIBRATE)
    donors = concatenate(list(calibrate_on.values()), "people")
    bots = make_mixture(
        recipe.mixture, sources, donors, max(200, len(donors) // 2), seed, CALIBRATE
    )
    progress("movements to calibrate on")
    setups = []
    for name, own in calibrate_on.items():
        setups.append(fit_setup(name, own, bots, detector, recipe.showing, seed))
        progress(name)
    return replace(detector, setups=tuple(setups))


def training_movements(
    people: Mapping[str, Trajectories], sources: NegativeSources, recipe: Recipe
) -> LabelledMovements:
    """Return what members are fitted on: every set-up's people, and as many negatives, as shown."""
    parts: list[LabelledMovements] = []
    for name, own in people.items():
        labelled = label_movements(own, HUMAN, HUMAN)
        looks = recipe.showing.looks_at(len(own), recipe.n)
        seed = derive_seed(recipe.seed, "people", name)
        parts += recipe.showing.every_look(labelled, looks, seed)
    donors = concatenate(list(people.values()), "people")
    wanted = sum(map(len, parts))
    counts = mixture_counts(recipe.mixture, list(sources), wanted)
    for family, count in counts.items():
        for number, first in enumerate(range(0, count, _AT_A_TIME)):
            seed = derive_seed(recipe.seed, "negatives", family, number)
            some = min(_AT_A_TIME, count - first)
            made = make_family(family, sources, donors, some, seed=seed, role=FIT)
            parts += recipe.showing.each_once(made, seed)
    return concatenate_labelled(parts)


def make_mixture(
    mixture: Mapping[str, float],
    sources: NegativeSources,
    donors: Trajectories,
    n: int,
    seed: int,
    role: str,
) -> LabelledMovements:
    """Return n negatives by weight, as they are recorded."""
    counts = mixture_counts(mixture, list(sources), n)
    return concatenate_labelled(
        [
            make_family(family, sources, donors, count, seed=seed, role=role)
            for family, count in counts.items()
            if count
        ]
    )
