"""Movements as rows of named numbers, computed for a whole batch."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from humouse.features.coupling import COUPLING, PATH_COUPLING, coupling, path_coupling
from humouse.features.kinematics import BASIC, KINEMATICS, kinematics
from humouse.features.motion import Motion
from humouse.features.spectra import SPECTRA, spectra, velocity_spectrum
from humouse.features.strokes.columns import NEUROMOTOR
from humouse.features.table import Feature, FeatureTable
from humouse.features.timing import TIMING, timing
from humouse.steps import Steps, blocks_of

if TYPE_CHECKING:
    from humouse.trajectories import Trajectories

__all__ = ["BASIC", "GROUPS", "Feature", "FeatureTable", "feature_table", "velocity_spectrum"]

_Compute = Callable[[Motion], dict[str, np.ndarray]]

GROUPS: dict[str, tuple[Feature, ...]] = {
    "kinematics": KINEMATICS,
    "timing": TIMING,
    "spectra": SPECTRA,
    "neuromotor": NEUROMOTOR,
    "coupling": COUPLING,
}
"""What each group of columns holds, in order."""

_COLUMNS = GROUPS | {"path_coupling": PATH_COUPLING}


def _neuromotor(motion: Motion) -> dict[str, np.ndarray]:
    from humouse.features.strokes.measure import neuromotor  # here, since it brings torch

    return neuromotor(motion)


_COMPUTE: dict[str, _Compute] = {
    "kinematics": kinematics,
    "timing": timing,
    "spectra": spectra,
    "neuromotor": _neuromotor,
    "coupling": coupling,
    "path_coupling": path_coupling,
}

_LARGEST = np.finfo(np.float32).max

# Steps taken at a time: about what a CPU's cache holds, with all that is made of them.
_STEPS_AT_A_TIME = 2**14


def feature_table(
    movements: "Trajectories | Steps",
    groups: Sequence[str] = ("kinematics", "timing", "spectra"),
    *,
    without: Collection[str] = (),
    workers: int = 1,
) -> FeatureTable:
    """Return the features of each movement.

    Computed in float64. Every value is finite, whatever the movement;
    each group's module says what a movement too short or too straight for a measure gets.

    Args:
        movements: B movements (px, ms).
        groups: Which of `GROUPS`, in the order that the columns shall have. "neuromotor" fits
            strokes, which takes some 40 times as long as all the others. "path_coupling" is what
            "coupling" holds beside the clock.
        without: Columns to leave out.
        workers: How many threads compute; the values do not depend on it.

    Returns:
        [B, F] float32, with the movements' users.

    Raises:
        ValueError: There is no such group.
    """
    names, units = _named(tuple(groups), frozenset(without))
    steps = movements.as_steps()
    values = np.empty((len(steps), len(names)), np.float32)
    # Similar lengths go together, so that blocks have little padding.
    order = np.argsort(steps.lengths, kind="stable")
    ascending = steps.lengths[order]

    def compute(rows: slice) -> None:
        chosen = order[rows]
        longest = int(ascending[rows.stop - 1])
        motion = Motion.of(steps.deltas[chosen, :longest], ascending[rows])
        values[chosen] = _rows(motion, groups, names)

    blocks = blocks_of(ascending, _STEPS_AT_A_TIME)
    if workers == 1:
        for rows in blocks:
            compute(rows)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(compute, blocks))
    return FeatureTable(values, names, units, steps.user)


@cache
def _named(
    groups: tuple[str, ...], without: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names and units of the columns."""
    unknown = set(groups) - set(_COLUMNS)
    if unknown:
        raise ValueError(f"no feature group {sorted(unknown)[0]!r}; there are {', '.join(GROUPS)}")
    features = [feature for group in groups for feature in _COLUMNS[group]]
    kept = [feature for feature in features if feature.name not in without]
    return tuple(one.name for one in kept), tuple(one.unit for one in kept)


def _rows(motion: Motion, groups: Sequence[str], names: Sequence[str]) -> Float[np.ndarray, "B F"]:
    numbers: dict[str, np.ndarray] = {}
    for group in groups:
        numbers.update(_COMPUTE[group](motion))
    rows = np.array([numbers[name] for name in names]).T
    return np.minimum(np.maximum(rows, -_LARGEST), _LARGEST)
