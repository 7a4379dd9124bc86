"""Movements in a page: small drawings of their paths, and numbers for the replay."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from humouse.codec.canonical import NOMINAL_DURATION_MS, NOMINAL_PATH_PX
from humouse.eval.metrics.copying import Neighbour
from humouse.report.drawing import Drawing, drawing, path_px
from humouse.trajectories import Trajectories


def drawn(n: int, movements: Trajectories, seed: int = 0) -> np.ndarray:
    """Return up to n rows of movements that move, drawn at random."""
    moving = np.flatnonzero((movements.path_px > 0).cpu().numpy())
    return np.sort(np.random.default_rng(seed).permutation(moving)[:n])


def drawings(movements: Trajectories, n: int) -> list[Drawing]:
    """Return drawings of up to n movements."""
    return [drawing(path_px(movements, int(row))) for row in drawn(n, movements)]


def pairs(
    generated: Trajectories, nearest: Trajectories, neighbours: tuple[Neighbour, ...], n: int
) -> list[tuple[Neighbour, Drawing]]:
    """Return each neighbour with a drawing of its train movement and the judged one over it.

    The train movement is turned to end in the same direction, for near is said of features that do
    not know direction.

    Raises:
        IndexError: A neighbour names a movement that is not there.
    """
    return [
        (one, drawing(turned(path_px(nearest, row), judged), judged))
        for row, one in enumerate(neighbours[:n])
        for judged in (path_px(generated, one.fake),)
    ]


def turned(path: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """Return a path ([n, 2], px) turned about its start to end in the direction of `onto`.

    A path that ends where it starts has no direction: then it stays as it is.
    """
    net, other = (complex(*(one[-1] - one[0])) for one in (path, onto))
    if net == 0 or other == 0:
        return path
    turn = other / net / abs(other / net)
    return path[0] + (path - path[0]) @ np.array([[turn.real, turn.imag], [-turn.imag, turn.real]])


def replay(sides: Mapping[str, Trajectories], n: int) -> dict[str, Any]:
    """Return up to n movements of each side as whole numbers.

    Each is [x0, y0, t0, x1, …] from (0, 0, 0); `unit_px` is what one unit of x and y is worth, and
    t is in ms.
    """
    steps = [side.deltas[..., :2][side.mask] for side in sides.values()]
    unit_px = 1 if all(bool((part == part.round()).all()) for part in steps) else 0.1
    return {"unit_px": unit_px, **{key: _numbers(side, n, unit_px) for key, side in sides.items()}}


def _numbers(side: Trajectories, n: int, unit_px: float) -> list[list[int]]:
    times = side.times_ms().double().cpu().numpy()
    return [
        np.column_stack([path_px(side, row) / unit_px, times[row, : int(side.lengths[row]) + 1]])
        .round()
        .astype(int)
        .ravel()
        .tolist()
        for row in drawn(n, side, seed=1).tolist()
    ]


def is_nominal(movements: Trajectories) -> bool:
    """Return whether movements are in the canonical frame, whose px and ms are of no screen."""
    of_frame = (
        (movements.path_px, NOMINAL_PATH_PX),
        (movements.duration_ms, NOMINAL_DURATION_MS),
    )
    return all(bool(((values - size).abs() < 1).all()) for values, size in of_frame)


def typical(movements: Trajectories) -> str:
    """Return what is typical of movements, in words."""
    if not len(movements):
        return "none"
    path, time = movements.path_px.median(), movements.duration_ms.median()
    return f"median path {float(path):.0f} px in {float(time):.0f} ms"
