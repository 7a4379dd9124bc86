"""Drawings of movements in a page: their paths as SVG."""

from dataclasses import dataclass

import numpy as np

from humouse.trajectories import Trajectories

SIZE = 100
"""Width and height of a drawing, in its own units."""
_MARGIN = 8


@dataclass(frozen=True)
class Drawing:
    """A drawing of one movement, or of two over each other.

    Args:
        paths: SVG path data, one for each movement.
        points: SVG path data with a dot at each recorded point, one for each movement.
        start: Where they begin.
        bar: Length of the scale bar, in units of the drawing.
        bar_px: What it stands for (px).
    """

    paths: tuple[str, ...]
    points: tuple[str, ...]
    start: tuple[float, float]
    bar: float
    bar_px: int


def path_px(movements: Trajectories, row: int) -> np.ndarray:
    """Return [n+1, 2] the points of one movement (px), the first at 0."""
    n = int(movements.lengths[row])
    steps = movements.deltas[row, :n, :2].double().cpu().numpy()
    return np.concatenate([np.zeros((1, 2)), steps.cumsum(0)])


def drawing(*paths: np.ndarray) -> Drawing:
    """Return a drawing of paths ([n, 2], px) from one start, in a square that just holds them."""
    every = np.concatenate(paths)
    low, high = every.min(0), every.max(0)
    half = max(float((high - low).max()) / 2, 1.0)
    scale = (SIZE / 2 - _MARGIN) / half
    placed = [((path - (low + high) / 2) * scale + SIZE / 2).round(1) for path in paths]
    bar_px = round_length(half)
    return Drawing(
        tuple("M" + "L".join(f"{x:g} {y:g}" for x, y in path) for path in placed),
        tuple("".join(f"M{x:g} {y:g}h0" for x, y in path) for path in placed),
        (float(placed[0][0, 0]), float(placed[0][0, 1])),
        round(bar_px * scale, 1),
        bar_px,
    )


def round_length(half_px: float) -> int:
    """Return the largest of 1, 2, 5, 10, … px that is at most 0.8 of `half_px`, at least 1."""
    steps = [k * 10**power for power in range(7) for k in (1, 2, 5)]
    return max([step for step in steps if step <= 0.8 * half_px], default=1)
