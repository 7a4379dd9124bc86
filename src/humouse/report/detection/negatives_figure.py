"""A picture of what it changes to train on generated movements."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from humouse.detection.benchmark.headline import headline_detector
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.names import MEAN
from humouse.eval.statistics.score import Score
from humouse.figures.style import FAKE_COLOUR, REAL_COLOUR, new_figure, plain, verbatim
from humouse.report.detection.families import families_of, named

WIDTH_IN = 4.8
"""As wide as a telephone, so that its words need no scaling there."""


def negatives(result: BenchmarkResult) -> Figure:
    """Return the share caught by family, and what training on diffusion movements changes.

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
    axes.set_xlabel("share caught at a 1% false-alarm rate", fontsize=9)
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


def _name_rows(axes: Axes, families: Sequence[str]) -> None:
    words = [named(family) for family in families]
    axes.set_yticks(range(len(families)), [verbatim(word) for word in words], fontsize=8.5)
    axes.set_ylim(len(families) - 0.4, -0.6)
    plain(axes)
    if MEAN in families:
        axes.axhspan(
            families.index(MEAN) - 0.5, families.index(MEAN) + 0.5, color="#eef1f4", zorder=0
        )
