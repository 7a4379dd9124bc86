"""Heat maps of the shares of bots caught: by detector, and by the length of a session."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from humouse.detection.benchmark.result import BenchmarkResult
from humouse.figures.style import new_figure, verbatim
from humouse.report.detection.families import families_of, named
from humouse.report.detection.heat import (
    HeatEntry,
    column_name,
    heat_colours,
    heat_columns,
    heat_rows,
    heat_score,
    session_rows,
)

_MAP = LinearSegmentedColormap.from_list("caught", heat_colours(dark=False))


def held_out(result: BenchmarkResult, mixes: Sequence[str]) -> Figure:
    """Return the share that every detector catches of every family held out, a panel for each mix.

    Args:
        result: What to show.
        mixes: Which mixes, each a panel.
    """
    families = families_of(result)
    columns = min(2, len(mixes))
    rows = -(-len(mixes) // columns)
    names = [column_name(one).replace(", ", "\n") for one in heat_columns(result)]
    width = 1.6 + 0.75 * len(names)
    figure = new_figure(width * columns, (0.27 * len(families) + 1.2) * rows)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes in grid.flat[len(mixes) :]:
        axes.set_axis_off()
    for axes, mix in zip(grid.flat, mixes, strict=False):
        _heat(axes, heat_rows(result, mix, families), names)
        axes.set_title(f"fitted on people and {mix}", fontsize=9.5, loc="left")
    figure.supxlabel(heat_score(result)[1], fontsize=9)
    return figure


def sessions(result: BenchmarkResult) -> Figure:
    """Return the share of sessions caught, by family and by the number of movements of a session.

    Args:
        result: What to show; it must have sessions with a share caught.
    """
    lengths, rows = session_rows(result, families_of(result), "tpr_at_1")
    figure = new_figure(1.8 + 0.75 * len(lengths), 0.27 * len(rows) + 1.2)
    axes = figure.subplots()
    _heat(axes, rows, [str(length) for length in lengths])
    axes.set_xlabel("movements of a session", fontsize=9)
    return figure


def _heat(
    axes: Axes, rows: Sequence[tuple[str, list[HeatEntry | None]]], columns: Sequence[str]
) -> None:
    """Draw numbers on colours, the first row above; where nothing was measured stands a dash."""
    levels = [
        [np.nan if entry is None else entry.level for entry in entries] for _, entries in rows
    ]
    axes.imshow(np.array(levels, float), cmap=_MAP, vmin=0, vmax=10, aspect="auto")
    for y, (_, entries) in enumerate(rows):
        for x, entry in enumerate(entries):
            text = "–" if entry is None else entry.text
            axes.text(x, y, text, ha="center", va="center", fontsize=8, color="#1b1f24")
    axes.set_xticks(range(len(columns)), [verbatim(name) for name in columns], fontsize=8)
    axes.set_yticks(range(len(rows)), [verbatim(named(family)) for family, _ in rows], fontsize=8.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
