"""Positions between px, as whole pixels of the screens that they were recorded on."""

import warnings
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float64

from humouse.errors import OutOfRangeWarning
from humouse.pixel_ratio import pixel_ratio
from humouse.trajectories import Trajectories


def ratios_of(movements: Trajectories) -> Float64[np.ndarray, "B"]:
    """Return [B] the pixel ratio of the screen of each movement's person: 1 where positions are whole px.

    Warns of people whose positions are whole at no usual ratio; theirs is 1.
    """
    people = movements.person
    positions = movements.positions_px().double().numpy()
    inside = np.pad(movements.mask.numpy(), ((0, 0), (1, 0)), constant_values=True)
    ratio, names = np.ones(len(movements)), np.unique(people)
    without = 0
    for name in names:
        rows = people == name
        found = pixel_ratio(positions[rows][inside[rows]])
        without += found is None
        ratio[rows] = found or 1.0
    if without:
        warnings.warn(
            f"style_from: the positions of {without} of {len(names)} people lie between px, and are whole "
            "at no usual device pixel ratio; they are rounded, and samples like theirs are in whole px",
            OutOfRangeWarning,
            stacklevel=2,
        )
    return ratio


def on_grid(movements: Trajectories, ratio: Float64[np.ndarray, "B"]) -> Trajectories:
    """Return movements in whole ms and whole pixels of screens of these ratios.

    Positions and times are rounded, not steps, so that no movement drifts.

    Args:
        movements: In px and ms.
        ratio: [B] a screen's pixels in a px.
    """
    start = torch.nn.functional.pad(movements.start.double(), (0, 1))[:, None]
    points = torch.cat([start, start + movements.deltas.double().cumsum(1)], 1)
    points[..., :2] *= torch.from_numpy(ratio)[:, None, None]
    points = points.round()
    return replace(movements, deltas=points.diff(dim=1).float(), start=points[:, 0, :2].float())
