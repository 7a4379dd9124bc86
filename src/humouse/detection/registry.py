"""The detectors that make up the blend: the view that each takes, and how much it counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from humouse.detection.names import FEATURES, STEPS
from humouse.detection.samples.views import Views
from humouse.errors import InputError, nearest

if TYPE_CHECKING:
    from humouse.detection.samples.labelled import LabelledMovements


@dataclass(frozen=True)
class DetectorSpec:
    """One kind of detector.

    Args:
        name: Its name in every table.
        view: Which of the `Views` it looks at.
        make: From a seed to the unfitted estimator.
        weight: What its logit is multiplied by in the blend.
    """

    name: str
    view: str
    make: Callable[[int], Any]
    weight: float

    def fit(self, labelled: "LabelledMovements", seed: int) -> Any:
        """Return the estimator fitted on labelled movements with their views."""
        return self.make(seed).fit(
            getattr(labelled.looked_at, self.view), labelled.is_bot.astype(int)
        )

    def score(self, fitted: Any, views: Views) -> Float[np.ndarray, "B"]:
        """Return [B] the fitted estimator's logits, higher for more bot."""
        return np.asarray(fitted.decision_function(getattr(views, self.view)), dtype=np.float64)


# Imported where one is fitted: what is fitted already needs neither torch nor scikit-learn.
def _sequence(seed: int) -> Any:
    from humouse.detection.estimators.sequence import SequenceDetector

    return SequenceDetector(seed=seed)


def _boosting(seed: int) -> Any:
    from humouse.detection.estimators.boosting import BoostingDetector

    return BoostingDetector(seed=seed)


REGISTRY: dict[str, DetectorSpec] = {
    spec.name: spec
    for spec in (
        DetectorSpec("sequence", STEPS, _sequence, 1.0),
        DetectorSpec("boosting", FEATURES, _boosting, 0.6),
    )
}
"""Every detector but the blend of them."""


def blend(names: Sequence[str], logits: Float[np.ndarray, "B M"]) -> Float[np.ndarray, "B"]:
    """Return [B] the blend of the named detectors' logits: their weighted sum."""
    return logits @ np.array([REGISTRY[name].weight for name in names])


def select_detectors(names: Sequence[str] | None) -> list[DetectorSpec]:
    """Return the detectors of those names, or all.

    Raises:
        InputError: There is no such detector, or none is named.
    """
    if names is None:
        return list(REGISTRY.values())
    if not names:
        raise InputError(f"detectors: none; choose from {', '.join(REGISTRY)}")
    for name in names:
        if name not in REGISTRY:
            raise InputError(
                f"detectors: {name}: no such detector; {nearest(name, list(REGISTRY), '')}"
            )
    return [REGISTRY[name] for name in names]
