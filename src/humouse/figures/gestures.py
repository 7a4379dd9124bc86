"""Movements as they look on the screen."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, to_rgba
from matplotlib.figure import Figure, SubFigure

from humouse.figures.style import FAKE_COLOUR, REAL_COLOUR, SPEED_MAP, new_figure
from humouse.trajectories import Trajectories


def gesture_gallery(
    real: Trajectories, fake: Trajectories, *, each: int = 18, columns: int = 6, seed: int = 0
) -> Figure:
    """Return small multiples: real movements on the left, generated ones on the right.

    Every cell has the same scale on both axes, a scale bar, a dot at the start, and colour by
    speed, which is one scale for the whole picture.

    Args:
        real: Movements of people.
        fake: Generated movements.
        each: How many of each, drawn at random and shown from the shortest to the longest.
        columns: Cells in a row on each side.
        seed: Chooses the movements.
    """
    sides = [_drawn(side, each, seed) for side in (real, fake)]
    rows = max(1, -(-max(len(side) for side in sides) // columns))
    figure = new_figure(2.2 * columns, 1.15 * rows + 1.4)
    speed = Normalize(0, _fast(sides))
    left, right = _with_speed_bar(figure, rows, speed).subfigures(1, 2, squeeze=False).flat
    figure.suptitle("Gestures, each at its own scale; the dot is the start", fontsize=10)
    for part, side, colour, word in zip(
        (left, right), sides, (REAL_COLOUR, FAKE_COLOUR), ("people", "generated"), strict=True
    ):
        part.set_facecolor(to_rgba(colour, 0.05))
        part.suptitle(f"{word}: {side.origin}", color=colour, fontsize=12)
        _cells(part, side, rows, columns, speed)
    return figure


def samples(fake: Trajectories, *, each: int = 24, columns: int = 6, seed: int = 0) -> Figure:
    """Return small multiples of generated movements alone; see `gesture_gallery`."""
    drawn = _drawn(fake, each, seed)
    rows = max(1, -(-len(drawn) // columns))
    figure = new_figure(1.6 * columns, 1.5 * rows + 1.2)
    speed = Normalize(0, _fast([drawn]))
    _cells(_with_speed_bar(figure, rows, speed), drawn, rows, columns, speed)
    figure.suptitle(
        f"{len(drawn)} of {len(fake)} gestures from {fake.origin}; the dot is the start"
    )
    return figure


def _drawn(movements: Trajectories, n: int, seed: int) -> Trajectories:
    movements = movements.to("cpu")
    moving = np.flatnonzero((movements.path_px > 0).numpy())
    rng = np.random.default_rng(seed)
    drawn = movements[np.sort(rng.permutation(moving)[:n])]
    return drawn[drawn.lengths.argsort(stable=True)]


def _speeds_px_s(steps: np.ndarray) -> np.ndarray:
    return np.hypot(steps[:, 0], steps[:, 1]) / np.maximum(steps[:, 2], 1) * 1000


def _fast(sides: list[Trajectories]) -> float:
    """Return the speed (px/s) that the colour scale ends at: one step in 50 is faster."""
    speeds = [_speeds_px_s(side.deltas[side.mask].numpy()) for side in sides if len(side)]
    every = np.concatenate(speeds) if speeds else np.ones(1)
    return float(np.quantile(every, 0.98)) or 1.0 if len(every) else 1.0


def _cells(part: SubFigure, side: Trajectories, rows: int, columns: int, speed: Normalize) -> None:
    grid = part.subplots(rows, columns, squeeze=False, gridspec_kw={"wspace": 0.02, "hspace": 0.02})
    paths = side.positions_px().numpy()
    for place, axes in enumerate(grid.flat):
        axes.set_axis_off()
        if place < len(side):
            n = int(side.lengths[place])
            _cell(axes, paths[place, : n + 1], side.deltas[place, :n].numpy(), speed)


def _cell(axes: Axes, path: np.ndarray, steps: np.ndarray, speed: Normalize) -> None:
    pieces = np.stack([path[:-1], path[1:]], 1)
    lines = LineCollection(
        list(pieces), cmap=SPEED_MAP, norm=speed, linewidths=2.2, capstyle="round"
    )
    lines.set_array(_speeds_px_s(steps))
    axes.add_collection(lines)
    axes.plot(*path[0], "o", color="black", markersize=4.5)
    # A square around the path, so that all cells are of one size; y grows downwards on screens.
    middle = (path.min(0) + path.max(0)) / 2
    half = max(np.ptp(path, axis=0).max() / 2 * 1.08, 1.0)
    axes.set_xlim(middle[0] - half, middle[0] + half)
    axes.set_ylim(middle[1] + half * 1.3, middle[1] - half)  # below it, room for the scale bar
    axes.set_aspect("equal")
    bar = 10 ** np.floor(np.log10(half))
    left, low = middle[0] - half * 0.95, middle[1] + half * 1.2
    # With ends and a gap before the words: without them a short bar reads as a minus.
    axes.plot([left, left + bar], [low, low], "-|", color="grey", linewidth=1, markersize=4)
    beside = left + bar + half * 0.1
    axes.text(beside, low, f"{bar:.0f} px", color="grey", fontsize=6, va="center")


def _with_speed_bar(figure: Figure, rows: int, speed: Normalize) -> SubFigure:
    """Return the part of the figure above a bar that explains the colours."""
    (above,), (below,) = figure.subfigures(2, 1, squeeze=False, height_ratios=[1.4 * rows, 0.8])
    axes = below.subplots()
    bar = below.colorbar(
        ScalarMappable(speed, SPEED_MAP), cax=axes, orientation="horizontal", extend="max"
    )
    bar.set_label("speed (px/s)", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.set_box_aspect(1 / 80)
    return above
