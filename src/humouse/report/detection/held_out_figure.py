"""Families of bots held out: how well each is separated from people, and what negatives change."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from humouse.detection.benchmark.headline import fullest, goal_of, headline_detector
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.benchmark.wording import called
from humouse.detection.names import GENERATED, MEAN
from humouse.eval.statistics.score import Score
from humouse.figures.style import FAKE_COLOUR, REAL_COLOUR, new_figure, plain, verbatim

WIDTH_IN = 4.8
"""Of one panel: as wide as a telephone, so that its words need no scaling there."""

_INK = "#1b1f24"
_SOFT = "#525b66"
# Each detector has its own shape, so that the picture reads without colour.
_SHAPES = ("s", "^", "v", "D", "P", "X", "<", ">")
_AREA_TICKS = (0.0, 0.25, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0)
_STRETCH = 0.002


def held_out(result: BenchmarkResult, mixes: Sequence[str]) -> Figure:
    """Return the ROC-AUC of every detector by family held out, a panel for each mix.

    The axis is stretched towards 1, where good detectors differ. Families are in the order of the
    headline detector's area in the fullest mix, the hardest above. Its interval is a bar.

    Args:
        result: What to show.
        mixes: Which mixes, each a panel.
    """
    families = families_of(result)
    areas = [
        end
        for cell in result.cells
        if cell.mix in mixes and (one := cell.scores.get("roc_auc"))
        for end in (one.value, one.low)
        if end is not None
    ]
    columns = min(2, len(mixes))
    rows = -(-len(mixes) // columns)
    height = 0.24 * len(families) + 0.8
    figure = new_figure(WIDTH_IN * columns, height * rows + 0.6)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes in grid.flat[len(mixes) :]:
        axes.set_axis_off()
    for axes, mix in zip(grid.flat, mixes, strict=False):
        _area_panel(axes, result, mix, families)
        _area_axis(axes, min([0.5, *areas]))
        if len(mixes) > 1:
            axes.set_title(f"fitted on: {mix}", fontsize=9.5, loc="left")
    panels = list(grid.flat[: len(mixes)])
    for axes in panels[-columns:]:
        axes.set_xlabel("ROC-AUC (axis stretched towards 1)", fontsize=9)
    _legend(figure, panels)
    return figure


def _legend(figure: Figure, panels: Sequence[Axes]) -> None:
    """Put one legend below all panels: a detector may miss in some of them."""
    marks = {
        word: handle
        for axes in panels
        for handle, word in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        list(marks.values()), list(marks), loc="outside lower center", ncols=4, frameon=False,
        fontsize=8.5, handletextpad=0.3, columnspacing=1.2,
    )  # fmt: skip


def _area_panel(axes: Axes, result: BenchmarkResult, mix: str, families: Sequence[str]) -> None:
    about = headline_detector(result)
    for place, detector in enumerate([*_others(result), about]):
        cells = [result.cell(detector, family, mix) for family in families]
        found = [
            (row, cell.scores["roc_auc"])
            for row, cell in enumerate(cells)
            if cell is not None and "roc_auc" in cell.scores
        ]
        if not found:
            continue
        is_headline = detector == about
        at, areas = zip(*found, strict=True)
        if is_headline:
            _whiskers(axes, at, areas)
        axes.plot(
            [one.value for one in areas],
            at,
            "o" if is_headline else _SHAPES[place % len(_SHAPES)],
            color=FAKE_COLOUR if is_headline else "none",
            markeredgecolor="white" if is_headline else _SOFT,
            markersize=7.5 if is_headline else 5,
            markeredgewidth=0.8,
            label=called(detector),
            zorder=4 if is_headline else 3,
        )
    for row, family in enumerate(families):
        goal = goal_of(family)
        if goal is not None and family != MEAN:
            axes.plot([goal, goal], [row - 0.4, row + 0.4], color=_INK, linewidth=1, zorder=2)
    axes.plot([], [], "|", color=_INK, markersize=10, label="goal")
    _name_rows(axes, families)


def _area_axis(axes: Axes, lowest: float) -> None:
    """Stretch an axis that holds areas from `lowest` on towards 1."""

    def forth(area: np.ndarray) -> np.ndarray:
        return -np.log10(np.maximum(1 + _STRETCH - np.asarray(area, float), 1e-9))

    def back(place: np.ndarray) -> np.ndarray:
        return 1 + _STRETCH - 10.0 ** -np.asarray(place, float)

    axes.set_xscale("function", functions=(forth, back))
    axes.set_xlim(max(0.0, lowest - 0.04), 1.0003)
    ticks = [tick for tick in _AREA_TICKS if tick >= axes.get_xlim()[0]]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=8)
    axes.minorticks_off()


def negatives(result: BenchmarkResult) -> Figure:
    """Return the TPR at 1% FPR by family, and what diffusion negatives change.

    Each family has two lines: the upper from bots alone, the lower from bots and GAN; each goes from
    the open mark, without diffusion negatives, to the filled one, with them.

    Args:
        result: What to show.
    """
    families = families_of(result)
    figure = new_figure(WIDTH_IN, 0.36 * len(families) + 1.3)
    axes = figure.subplots()
    pairs = (
        ("bots", "bots+diffusion", "o", FAKE_COLOUR, -0.17),
        ("bots+gan", "all", "s", REAL_COLOUR, 0.17),
    )
    for without, with_it, shape, colour, offset in pairs:
        for row, family in enumerate(families):
            _pair(axes, result, family, (without, with_it), row + offset, colour)
        for mix, face in ((without, "white"), (with_it, colour)):
            found = [
                (row + offset, one.value)
                for row, family in enumerate(families)
                if (one := _tpr(result, family, mix)) is not None
            ]
            if found:
                at, shares = zip(*found, strict=True)
                axes.plot(
                    shares, at, shape, color=colour, markerfacecolor=face, markersize=6,
                    markeredgewidth=1.3, label=mix, clip_on=False, zorder=4,
                )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_xlabel("TPR at 1% FPR", fontsize=9)
    axes.tick_params(labelsize=8)
    _name_rows(axes, families)
    figure.legend(
        loc="outside lower center", ncols=4, frameon=False, fontsize=8.5, handletextpad=0.3
    )
    return figure


def _pair(
    axes: Axes,
    result: BenchmarkResult,
    family: str,
    mixes: tuple[str, str],
    at: float,
    colour: str,
) -> None:
    before, after = (_tpr(result, family, mix) for mix in mixes)
    if before is None or after is None:
        return
    axes.plot([before.value, after.value], [at, at], color=colour, linewidth=2, zorder=3)


def _tpr(result: BenchmarkResult, family: str, mix: str) -> Score | None:
    cell = result.cell(headline_detector(result), family, mix)
    return None if cell is None else cell.scores.get("tpr_at_1")


def families_of(result: BenchmarkResult) -> list[str]:
    """Return the learned families, the mean of the scripted ones, and these, the hardest first."""
    about, mix = headline_detector(result), fullest(result)

    def area(family: str) -> float:
        cell = result.cell(about, family, mix)
        return cell.scores["roc_auc"].value if cell and "roc_auc" in cell.scores else 0.0

    every = {cell.family for cell in result.cells}
    scripted = sorted(sorted(every - {MEAN, *GENERATED}), key=area)
    learned = [family for family in GENERATED if family in every]
    return [*learned, *([MEAN] if MEAN in every else []), *scripted]


def _others(result: BenchmarkResult) -> list[str]:
    names = dict.fromkeys(cell.detector for cell in result.cells)
    return [name for name in names if name != headline_detector(result)]


def _whiskers(axes: Axes, at: Sequence[int], scores: Sequence[Score]) -> None:
    for row, one in zip(at, scores, strict=True):
        if one.low is not None and one.high is not None:
            axes.plot(
                [one.low, one.high], [row, row], color=FAKE_COLOUR, linewidth=2.2, alpha=0.75,
                solid_capstyle="butt", zorder=3,
            )  # fmt: skip


def _name_rows(axes: Axes, families: Sequence[str]) -> None:
    words = ["mean of scripted" if family == MEAN else called(family) for family in families]
    axes.set_yticks(range(len(families)), [verbatim(word) for word in words], fontsize=8.5)
    axes.set_ylim(len(families) - 0.4, -0.6)
    plain(axes)
    if MEAN in families:
        axes.axhspan(
            families.index(MEAN) - 0.5, families.index(MEAN) + 0.5, color="#eef1f4", zorder=0
        )
