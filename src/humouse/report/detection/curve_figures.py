"""Pictures of what a detector catches at each false-alarm rate, and of how well its probabilities hold."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from humouse.detection.benchmark.drawn import RocCurve
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.benchmark.wording import called
from humouse.figures.style import FAKE_COLOUR, REAL_COLOUR, new_figure, plain, verbatim

_WIDTH_IN = 4.8
_INK = "#1b1f24"
_SOFT = "#68717b"
# Okabe & Ito's, and a dash for each: distinct without colour.
_LINES = (
    (FAKE_COLOUR, "-"),
    (REAL_COLOUR, "--"),
    ("#008561", "-."),
    ("#9c4a7d", (0, (1, 1.2))),
    ("#8a6100", (0, (6, 1.5, 1, 1.5))),
)
_AT = 0.01


def hardest_first(result: BenchmarkResult) -> list[RocCurve]:
    """Return the curves, those that catch least at a false-alarm rate of 1% first."""
    return sorted(result.curves, key=lambda one: (caught_at(one, _AT), one.family))


def caught_at(curve: RocCurve, rate: float) -> float:
    """Return the share caught at the kept rate that is nearest to `rate`."""
    place = int(np.argmin(np.abs(np.log(np.array(curve.rates) / rate))))
    return curve.caught[place].value


def roc(result: BenchmarkResult) -> Figure:
    """Return the ROC curves, a line a family held out, over a false-alarm rate from 0.1% on.

    The hardest families have a colour and a dash each, the others are grey; the hardest has a band,
    its 95% interval.

    Args:
        result: What to show; it must have curves.
    """
    curves = hardest_first(result)
    figure = new_figure(_WIDTH_IN, 4.6)
    axes = figure.subplots()
    for curve in curves[len(_LINES) :]:
        axes.plot(curve.rates, _shares(curve), color="#a3abb3", linewidth=1, zorder=2)
    if len(curves) > len(_LINES):
        axes.plot([], [], color="#a3abb3", label=f"{len(curves) - len(_LINES)} others")
    for curve, (colour, dash) in reversed(list(zip(curves, _LINES, strict=False))):
        axes.plot(
            curve.rates, _shares(curve), color=colour, linestyle=dash, linewidth=1.9,
            label=verbatim(called(curve.family)), zorder=4,
        )  # fmt: skip
    _band(axes, curves[0])
    grid = np.logspace(-3, 0, 61)
    axes.plot(grid, grid, color=_INK, linewidth=1, linestyle=":", label="guessing")
    axes.set_xscale("log")
    axes.set_xlim(0.001, 1)
    axes.set_ylim(0, 1.02)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{100 * rate:g}%"))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("false-alarm rate (people's movements flagged)", fontsize=9)
    axes.set_ylabel("bots caught", fontsize=9)
    axes.tick_params(labelsize=8)
    plain(axes)
    handles, words = axes.get_legend_handles_labels()
    figure.legend(
        handles[::-1], words[::-1], loc="outside lower center", ncols=3, frameon=False, fontsize=8.5
    )
    return figure


def _shares(curve: RocCurve) -> list[float]:
    return [one.value for one in curve.caught]


def _band(axes: Axes, curve: RocCurve) -> None:
    ends = [(one.low, one.high) for one in curve.caught if one.low is not None]
    if len(ends) == len(curve.caught):
        lows, highs = (np.array(side, float) for side in zip(*ends, strict=True))
        axes.fill_between(curve.rates, lows, highs, color=_LINES[0][0], alpha=0.15, linewidth=0)


def calibration(result: BenchmarkResult) -> Figure:
    """Return the share of bots over the probability that was given, and how many are in each bin.

    Args:
        result: What to show; it must have bins of reliability.
    """
    bins = result.reliability
    figure = new_figure(_WIDTH_IN, 4.6)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(2.6, 1))
    axes.plot([0, 1], [0, 1], color=_INK, linewidth=1, linestyle=":", label="as it should be")
    axes.plot(
        [one.probability for one in bins], [one.bot_share for one in bins], "o-",
        color=FAKE_COLOUR, markersize=5, linewidth=1.4, label="as it is", clip_on=False, zorder=4,
    )  # fmt: skip
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("share that are bots", fontsize=9)
    axes.legend(frameon=False, fontsize=8.5, loc="upper left")
    width = 0.042
    for side, counts, colour in (
        (-1, [one.people for one in bins], REAL_COLOUR),
        (1, [one.bots for one in bins], FAKE_COLOUR),
    ):
        middles = [(one.low + one.high) / 2 + side * width / 2 for one in bins]
        hatch = "" if side < 0 else "///"
        below.bar(
            middles, counts, width, color=colour if side < 0 else "white", edgecolor=colour,
            hatch=hatch, linewidth=0.8, label="people" if side < 0 else "bots",
        )  # fmt: skip
    below.set_yscale("symlog", linthresh=1)
    below.set_ylim(0, 3 * max(max(one.people, one.bots) for one in bins))
    below.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
    below.set_ylabel("movements", fontsize=9)
    below.set_xlim(0, 1)
    below.xaxis.set_major_formatter(PercentFormatter(1.0))
    below.set_xlabel("probability of a bot, as the detector gives it", fontsize=9)
    below.legend(frameon=False, fontsize=8, ncols=2, loc="upper center")
    for one in (axes, below):
        plain(one)
        one.tick_params(labelsize=8)
    return figure
