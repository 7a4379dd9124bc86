"""Pictures of a benchmark: how detectors do on families held out, and on people."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from humouse.detection.benchmark.headline import (
    ENOUGH,
    TARGET_FPR,
    false_alarms_of,
    fullest,
    headline_detector,
)
from humouse.detection.benchmark.result import BenchmarkResult, Session
from humouse.detection.benchmark.wording import called
from humouse.detection.names import GENERATED
from humouse.figures.style import FAKE_COLOUR, REAL_COLOUR, new_figure, plain, verbatim
from humouse.report.detection.held_out_figure import WIDTH_IN, held_out, negatives
from humouse.settings.choices import MIXES

_INK = "#1b1f24"
_NAMED = 60
_APART = 0.06


def detection_figures(result: BenchmarkResult) -> dict[str, Figure]:
    """Return every picture that the result has numbers for, by name."""
    pictures: dict[str, Figure] = {}
    if result.cells:
        pictures["held_out"] = held_out(result, _mixes(result))
    if len(_mixes(result)) > 1:
        pictures["negatives"] = negatives(result)
    if false_alarms_of(result, headline_detector(result)):
        pictures["false_alarms"] = false_alarms(result)
    if any("tpr_at_1" in one.scores for one in result.sessions):
        pictures["sessions"] = sessions(result)
    return pictures


def false_alarms(result: BenchmarkResult) -> Figure:
    """Return each person's false positive rate, the worst above.

    Args:
        result: What to show; it must have false alarms of the headline detector.
    """
    alarms = false_alarms_of(result, headline_detector(result))
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
    axes.axvline(100 * TARGET_FPR, color=_INK, linewidth=1, linestyle="--", label="target FPR")
    _name_people(axes, people, alarms.gestures_by_user)
    axes.set_xlim(0, max(2.0, 1.25 * percent.max()))
    axes.set_ylim(-0.8, len(people) - 0.2)
    axes.set_xlabel("false positive rate (% of gestures)", fontsize=9)
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
        axes.set_ylabel("person (gestures)", fontsize=9)
        return
    axes.set_yticks([len(people) - 1], [verbatim(people[-1])])
    axes.set_ylabel(f"{len(people)} people", fontsize=9)


def sessions(result: BenchmarkResult) -> Figure:
    """Return the TPR at 1% FPR over the number of gestures of a session, a line a family.

    Args:
        result: What to show; of the headline detector in the fullest mix.
    """
    mine = [
        one
        for one in result.sessions
        if (one.detector, one.mix) == (headline_detector(result), fullest(result))
        and "tpr_at_1" in one.scores
    ]
    lengths = sorted({one.gestures for one in mine})
    figure = new_figure(WIDTH_IN, 3.8)
    axes = figure.subplots()
    axes.axhline(ENOUGH, color=_INK, linewidth=1, linestyle="--")
    ends = {}
    for family in sorted({one.family for one in mine}):
        own = sorted((one for one in mine if one.family == family), key=lambda one: one.gestures)
        ends[family] = _session_line(axes, own, lengths)
    _name_ends(axes, ends)
    axes.set_xticks(range(len(lengths)), [str(length) for length in lengths], fontsize=8)
    axes.set_xlim(-0.2, len(lengths) - 0.8)
    axes.set_ylim(0, 1.02)
    axes.tick_params(labelsize=8)
    axes.set_xlabel("gestures of a session", fontsize=9)
    axes.set_ylabel("TPR at 1% FPR, of sessions", fontsize=9)
    plain(axes)
    return figure


def _session_line(axes: Axes, own: Sequence[Session], lengths: Sequence[int]) -> float:
    """Draw one family, and return where its line ends."""
    at = [lengths.index(one.gestures) for one in own]
    scores = [one.scores["tpr_at_1"] for one in own]
    colour, dash = {"diffusion": (FAKE_COLOUR, "-"), "gan": (REAL_COLOUR, "--")}.get(
        own[0].family, ("#8a939d", "-")
    )
    learned = own[0].family in GENERATED
    shares = [one.value for one in scores]
    axes.plot(
        at, shares, dash, color=colour, marker="o", markersize=5 if learned else 3,
        linewidth=2 if learned else 1.2, zorder=4 if learned else 3, clip_on=False,
    )  # fmt: skip
    ends = [(one.low, one.high) for one in scores if one.low is not None and one.high is not None]
    if learned and len(ends) == len(scores):
        lows, highs = zip(*ends, strict=True)
        axes.fill_between(at, lows, highs, color=colour, alpha=0.15, linewidth=0)
    return shares[-1]


def _name_ends(axes: Axes, ends: dict[str, float]) -> None:
    """Write beside the lines' ends which families they are, those above `ENOUGH` in one text."""
    enough = [family for family in ends if ends[family] >= ENOUGH]
    texts = []
    if enough:
        named = ", ".join(called(family) for family in sorted(enough)[:2])
        text = named if len(enough) < 3 else f"{len(enough)} families: {named} …"
        texts.append((float(np.mean([ends[family] for family in enough])), text))
    others = sorted(set(ends) - set(enough), key=lambda family: -ends[family])
    texts += [(ends[family], called(family)) for family in others]
    places = [1.0 + _APART]
    for share, _ in texts:
        places.append(min(share, places[-1] - _APART))
    up = max(0.0, -places[-1])
    for (share, text), at in zip(texts, places[1:], strict=True):
        axes.annotate(
            verbatim(text),
            (1.0, share),
            xycoords=("axes fraction", "data"),
            xytext=(1.06, at + up),
            textcoords=("axes fraction", "data"),
            fontsize=8,
            color=_INK,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": "#8a939d",
                "linewidth": 0.7,
                "shrinkA": 2,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
        )


def _mixes(result: BenchmarkResult) -> list[str]:
    measured = {cell.mix for cell in result.cells}
    return [mix for mix in MIXES if mix in measured]
