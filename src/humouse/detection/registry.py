"""The detectors of the blend: the view that each takes, and the family its view was trained on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.estimators.discriminator import DiscriminatorDetector
from humouse.detection.estimators.isolation import IsolationDetector
from humouse.detection.estimators.sequence import SequenceDetector
from humouse.detection.estimators.typicality import TypicalityDetector
from humouse.detection.names import STEPS
from humouse.detection.samples.labelled import LabelledMovements
from humouse.errors import InputError, nearest
from humouse.features import FeatureTable
from humouse.trajectories import Trajectories

Inputs = Mapping[str, Trajectories | FeatureTable]
"""View → B rows: `STEPS` → the movements themselves, any other view → a table."""

_MODEL_VIEWS = {"diffusion": "denoising", "gan": "discriminator"}


@dataclass(frozen=True)
class DetectorSpec:
    """One kind of detector.

    Args:
        name: Its name in every table.
        view: What it looks at: one of `VIEWS`, or `STEPS`.
        make: From a seed to the unfitted estimator.
        one_class: Whether it is fitted on people alone.
        trained_against: The family that its view was trained against or drawn from. With that
            family held out the detector is left out, since its view has seen the family.
        weight: How much it counts in the blend.
        columns: Prefix of the columns that it uses; "" for all.
    """

    name: str
    view: str
    make: Callable[[int], Any]
    one_class: bool = False
    trained_against: str | None = None
    weight: float = 1.0
    columns: str = ""

    def fit(self, labelled: LabelledMovements, seed: int) -> Any:
        """Return the estimator fitted on all rows, or on the people's where it takes no others."""
        rows = np.arange(len(labelled))
        if self.one_class:
            rows = rows[~labelled.is_bot]
        chosen = labelled.rows(rows)
        return self.make(seed).fit(self.select(chosen.inputs), chosen.is_bot.astype(int))

    def score(self, fitted: Any, inputs: Inputs) -> Float[np.ndarray, "B"]:
        """Return [B] the fitted estimator's scores, higher for more bot."""
        return np.asarray(fitted.decision_function(self.select(inputs)), dtype=np.float64)

    def select(self, inputs: Inputs) -> Trajectories | FeatureTable:
        """Return what the detector looks at."""
        view = inputs[self.view]
        if isinstance(view, Trajectories):
            return view
        return view.select([name for name in view.names if name.startswith(self.columns)])


REGISTRY: dict[str, DetectorSpec] = {
    spec.name: spec
    for spec in (
        # These two count threefold: the best of a few round weights on train people's gestures and
        # families that were held out.
        DetectorSpec("boosting", "features", lambda seed: BoostingDetector(seed=seed), weight=3.0),
        DetectorSpec("sequence", STEPS, lambda seed: SequenceDetector(seed=seed), weight=3.0),
        DetectorSpec(
            "discriminator",
            "discriminator",
            lambda seed: DiscriminatorDetector(),
            trained_against="gan",
        ),
        DetectorSpec(
            "isolation", "features", lambda seed: IsolationDetector(seed=seed), one_class=True
        ),
        # Among all features a clock that is off is lost; most generators get the path right first.
        DetectorSpec(
            "clock",
            "features",
            lambda seed: IsolationDetector(seed=seed),
            one_class=True,
            columns="dt_",
        ),
        DetectorSpec(
            "denoising",
            "denoising",
            lambda seed: TypicalityDetector(),
            one_class=True,
            trained_against="diffusion",
        ),
    )
}
"""Every detector but the blend of them."""


def view_checkpoints(
    names: list[str] | None, diffusion: Sequence[str], gan: Sequence[str]
) -> dict[str, str | None]:
    """Return "diffusion" and "gan" → the checkpoint whose view a chosen detector needs, or None.

    Args:
        names: The detectors chosen; None for all that are possible.
        diffusion: Checkpoints of that family; the first one makes the view.
        gan: Likewise.
    """
    specs = [REGISTRY[name] for name in (REGISTRY if names is None else names) if name in REGISTRY]
    needed = {spec.view for spec in specs}
    paths = {"diffusion": diffusion, "gan": gan}
    return {
        model: paths[model][0] if paths[model] and view in needed else None
        for model, view in _MODEL_VIEWS.items()
    }


def select_detectors(names: list[str] | None, views: Sequence[str]) -> list[DetectorSpec]:
    """Return the detectors of those names, or all whose view is there.

    Raises:
        InputError: There is no such detector, or its view is not there.
    """
    if names is None:
        return [spec for spec in REGISTRY.values() if spec.view in (STEPS, *views)]
    for name in names:
        if name not in REGISTRY:
            raise InputError(
                f"detectors: {name}: no such detector; {nearest(name, list(REGISTRY), '')}"
            )
        view = REGISTRY[name].view
        if view not in (STEPS, *views):
            model = next(model for model, of_model in _MODEL_VIEWS.items() if of_model == view)
            raise InputError(
                f"detectors: {name} needs a trained model; name its checkpoint, {model}_ckpt=[…]"
            )
    return [REGISTRY[name] for name in names]
