"""Movements as rows of named numbers, computed for a whole batch on its own device."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.features.coupling import COUPLING, coupling
from humouse.features.kinematics import BASIC, KINEMATICS, kinematics
from humouse.features.motion import Motion
from humouse.features.spectra import SPECTRA, spectra, velocity_spectrum
from humouse.features.strokes.columns import NEUROMOTOR, neuromotor
from humouse.features.table import Feature, FeatureTable
from humouse.features.timing import TIMING, timing
from humouse.trajectories import Trajectories

__all__ = ["BASIC", "GROUPS", "Feature", "FeatureTable", "feature_table", "velocity_spectrum"]

_Compute = Callable[[Motion], dict[str, Tensor]]

GROUPS: dict[str, tuple[Feature, ...]] = {
    "kinematics": KINEMATICS,
    "timing": TIMING,
    "spectra": SPECTRA,
    "neuromotor": NEUROMOTOR,
    "coupling": COUPLING,
}
"""What each group of columns holds, in order."""

_COMPUTE: dict[str, _Compute] = {
    "kinematics": kinematics,
    "timing": timing,
    "spectra": spectra,
    "neuromotor": neuromotor,
    "coupling": coupling,
}

# Steps taken at a time: about what a CPU's cache holds; elsewhere what keeps the device busy.
_STEPS_AT_A_TIME = {"cpu": 2**16}
_STEPS_ELSEWHERE = 2**20


def feature_table(
    trajectories: Trajectories, groups: Sequence[str] = ("kinematics", "timing", "spectra")
) -> FeatureTable:
    """Return the features of each movement.

    Computed in float64 on the movements' own device. Every value is finite, whatever the movement;
    each group's module says what a movement too short or too straight for a measure gets.

    Args:
        trajectories: B movements (px, ms).
        groups: Which of `GROUPS`, in the order that the columns shall have. "neuromotor" fits
            strokes, which takes some 40 times as long as all the others.

    Returns:
        [B, F] float32, with the movements' users.

    Raises:
        ValueError: There is no such group.
    """
    unknown = set(groups) - set(GROUPS)
    if unknown:
        raise ValueError(f"no feature group {sorted(unknown)[0]!r}; there are {', '.join(GROUPS)}")
    features = [feature for group in groups for feature in GROUPS[group]]
    names = tuple(feature.name for feature in features)
    lengths = trajectories.lengths.cpu()
    values = trajectories.deltas.new_zeros(len(trajectories), len(names), dtype=torch.float32)
    # Similar lengths go together, so that blocks have little padding.
    order = lengths.argsort()
    at_a_time = _STEPS_AT_A_TIME.get(values.device.type, _STEPS_ELSEWHERE)
    first = 0
    while first < len(order):
        rows = _block(lengths[order], first, at_a_time)
        chosen = order[rows].to(values.device)
        longest = int(lengths[order[rows]].max())
        motion = Motion.of(trajectories.deltas[chosen, :longest], trajectories.lengths[chosen])
        values[chosen] = _rows(motion, groups, names)
        first = rows.stop
    units = tuple(feature.unit for feature in features)
    return FeatureTable(values, names, units, trajectories.user)


def _block(ascending: Tensor, first: int, steps: int) -> slice:
    """Return the rows from `first` on that hold about `steps` steps, at least one row."""
    typical = max(1, int(ascending[first]))
    last = min(len(ascending), first + max(1, steps // typical)) - 1
    longest = max(1, int(ascending[last]))
    return slice(first, min(last + 1, first + max(1, steps // longest)))


def _rows(motion: Motion, groups: Sequence[str], names: Sequence[str]) -> Float[Tensor, "B F"]:
    numbers: dict[str, Tensor] = {}
    for group in groups:
        numbers.update(_COMPUTE[group](motion))
    largest = torch.finfo(torch.float32).max
    return torch.stack([numbers[name] for name in names], 1).clamp(-largest, largest).float()
