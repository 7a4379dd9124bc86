"""Pictures of a benchmark: how detectors do on families held out, and on people."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from humouse.detection.benchmark.headline import TARGET_FPR, false_alarms_of, main_setup
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.figures.style import FAKE_COLOUR, REAL_COLOUR, new_figure, plain, verbatim
from humouse.report.detection.curve_figures import calibration, roc
from humouse.report.detection.heat_figures import held_out, sessions

_INK = "#1b1f24"
_NAMED = 60

WIDTH_IN = 4.8
"""As wide as a telephone, so that its words need no scaling there."""


def detection_figures(result: BenchmarkResult) -> dict[str, Figure]:
    """Return every picture that the result has numbers for, by name."""
    pictures: dict[str, Figure] = {}
    if result.cells:
        pictures["held_out"] = held_out(result, result.mixes)
    if false_alarms_of(result, main_setup(result)):
        pictures["false_alarms"] = false_alarms(result)
    if any("tpr_at_1" in one.scores for one in result.sessions):
        pictures["sessions"] = sessions(result)
    if result.curves:
        pictures["roc"] = roc(result)
    if result.reliability:
        pictures["calibration"] = calibration(result)
    return pictures


def false_alarms(result: BenchmarkResult) -> Figure:
    """Return how often each person of the main set-up is called a bot, the worst above.

    Args:
        result: What to show; it must have false alarms there.
    """
    alarms = false_alarms_of(result, main_setup(result))
    if alarms is None:
        raise ValueError("no false alarms were counted")
    rates = alarms.rate_by_user
    people = sorted(rates, key=lambda who: (rates[who], who))
    figure = new_figure(WIDTH_IN, min(0.19 * len(people), 12) + 1.0)
    axes = figure.subplots()
    at = np.arange(len(people))
    percent = np.array([100 * rates[who] for who in people])
    axes.hlines(at, 0, percent, color="#b9c0c8", linewidth=1, zorder=2)
    above = percent > 100 * TARGET_FPR
    for chosen, shape, colour, word in (
        (~above, "o", REAL_COLOUR, "at most 1%"),
        (above, "D", FAKE_COLOUR, "more than 1%"),
    ):
        axes.plot(
            percent[chosen], at[chosen], shape, color=colour, markersize=5, label=word,
            clip_on=False, zorder=4,
        )  # fmt: skip
    axes.axvline(100 * TARGET_FPR, color=_INK, linewidth=1, linestyle="--", label="intended: 1%")
    _name_people(axes, people, alarms.gestures_by_user)
    axes.set_xlim(0, max(2.0, 1.25 * percent.max()))
    axes.set_ylim(-0.8, len(people) - 0.2)
    axes.set_xlabel("called a bot (% of a person's movements)", fontsize=9)
    plain(axes)
    axes.tick_params(labelsize=8)
    axes.grid(axis="y", visible=False)
    axes.legend(frameon=False, fontsize=8.5, loc="lower right")
    return figure


def _name_people(axes: Axes, people: Sequence[str], gestures: Mapping[str, int]) -> None:
    """Name everybody where there is room, and the worst in any case."""
    if len(people) <= _NAMED:
        axes.set_yticks(
            range(len(people)), [verbatim(f"{who}  ({gestures[who]})") for who in people]
        )
        axes.set_ylabel("person (movements)", fontsize=9)
        return
    axes.set_yticks([len(people) - 1], [verbatim(people[-1])])
    axes.set_ylabel(f"{len(people)} people", fontsize=9)
