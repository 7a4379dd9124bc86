"""The detectors that a blend is made of: what each looks at, and whether it knows a generator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.estimators.discriminator import DiscriminatorDetector
from humouse.detection.estimators.isolation import IsolationDetector
from humouse.detection.estimators.sequence import SequenceDetector
from humouse.detection.estimators.typicality import TypicalityDetector
from humouse.detection.samples.labelled import Evidence
from humouse.errors import InputError, nearest

STEPS = "steps"
"""The view of those that look at the movements themselves."""


@dataclass(frozen=True)
class Member:
    """One kind of detector.

    Args:
        name: Its name in every table.
        view: What it looks at: one of `evidence.VIEWS`, or `STEPS`.
        make: From a seed to the unfitted estimator.
        one_class: Whether it is fitted on people alone.
        knows: The family that its view was trained against or drawn from: with that family held
            out, it would not be a bot never seen, so the detector takes no part.
        weight: How much it counts in the blend.
        columns: It looks at the columns alone whose names begin so; "" for all.
    """

    name: str
    view: str
    make: Callable[[int], Any]
    one_class: bool = False
    knows: str | None = None
    weight: float = 1.0
    columns: str = ""

    def fit(self, evidence: Evidence, seed: int) -> Any:
        """Return the estimator fitted on all rows, or on the people's where it takes no others."""
        rows = np.arange(len(evidence))
        if self.one_class:
            rows = rows[~evidence.is_bot]
        chosen = evidence.rows(rows)
        return self.make(seed).fit(self.seen(chosen), chosen.is_bot.astype(int))

    def score(self, fitted: Any, evidence: Evidence) -> Float[np.ndarray, "B"]:
        """Return [B] how much each movement looks like a bot's."""
        return np.asarray(fitted.decision_function(self.seen(evidence)), dtype=np.float64)

    def seen(self, evidence: Evidence) -> Any:
        """Return what the detector looks at."""
        if self.view == STEPS:
            return evidence.movements
        table = evidence.views[self.view]
        return table.select([name for name in table.names if name.startswith(self.columns)])


MEMBERS: dict[str, Member] = {
    member.name: member
    for member in (
        # These two count threefold: the best of a few round weights on train people's gestures and
        # families that were held out.
        Member("boosting", "features", lambda seed: BoostingDetector(seed=seed), weight=3.0),
        Member("sequence", STEPS, lambda seed: SequenceDetector(seed=seed), weight=3.0),
        Member(
            "discriminator",
            "discriminator",
            lambda seed: DiscriminatorDetector(),
            knows="gan",
        ),
        Member("isolation", "features", lambda seed: IsolationDetector(seed=seed), one_class=True),
        # Among all features a clock that is off is lost; most generators get the path right first.
        Member(
            "clock",
            "features",
            lambda seed: IsolationDetector(seed=seed),
            one_class=True,
            columns="dt_",
        ),
        Member(
            "denoising",
            "denoising",
            lambda seed: TypicalityDetector(),
            one_class=True,
            knows="diffusion",
        ),
    )
}
"""Every detector but the blend of them."""


def checkpoints_seen(
    names: list[str] | None, diffusion: Sequence[str], gan: Sequence[str]
) -> dict[str, str | None]:
    """Return the checkpoint behind each view of a model that a detector looks through, or None.

    Args:
        names: The detectors chosen; None for all there can be.
        diffusion: Checkpoints of that family; the first one is looked through.
        gan: Likewise.
    """
    chosen = MEMBERS if names is None else {name: MEMBERS.get(name) for name in names}
    views = {one.view for one in chosen.values() if one is not None}
    return {
        model: paths[0] if paths and view in views else None
        for model, view, paths in (
            ("diffusion", "denoising", diffusion),
            ("gan", "discriminator", gan),
        )
    }


def members(names: list[str] | None, views: tuple[str, ...]) -> list[Member]:
    """Return the members of those names, or all whose view can be taken.

    Raises:
        InputError: There is no such detector, or its view cannot be taken.
    """
    if names is None:
        return [one for one in MEMBERS.values() if one.view in (STEPS, *views)]
    for name in names:
        if name not in MEMBERS:
            raise InputError(
                f"detectors: {name}: no such detector; {nearest(name, list(MEMBERS), '')}"
            )
        view = MEMBERS[name].view
        if view not in (STEPS, *views):
            model = {"discriminator": "gan", "denoising": "diffusion"}[view]
            raise InputError(
                f"detectors: {name} looks through a trained model; name its checkpoint, {model}_ckpt=[…]"
            )
    return [MEMBERS[name] for name in names]
