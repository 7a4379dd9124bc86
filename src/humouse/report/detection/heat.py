"""Entries of the heat maps: the share of bots caught, as a number and as how strong a colour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from humouse.detection.benchmark.headline import fullest, headline_detector
from humouse.detection.benchmark.metrics import SCORES
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.eval.statistics.score import Score
from humouse.report.detection.tables import detectors_of, in_words, percent
from humouse.report.wording import number

LEVELS = 10
"""Of colour in a heat map, beside the colour of nothing."""


@dataclass(frozen=True)
class HeatEntry:
    """What stands in one place of a heat map.

    Args:
        text: The share caught.
        level: From 0 (none) to `LEVELS` (all): how strong its colour is.
        words: All that is known about it, in words.
    """

    text: str
    level: int
    words: str


HeatRow = tuple[str, list[HeatEntry | None]]
"""A family, and an entry for each column; None where nothing was measured."""


def heat_colours(*, dark: bool) -> list[str]:
    """Return the colour of each level: from the page's own to a blue on which its words can be read."""
    page, blue, most = (
        ((20, 24, 29), (0, 114, 178), 0.8) if dark else ((255,) * 3, (0, 114, 178), 0.6)
    )
    shares = [most * level / LEVELS for level in range(LEVELS + 1)]
    return [
        "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in zip(page, blue, strict=True))
        for share in shares
    ]


def heat_score(result: BenchmarkResult) -> tuple[str, str]:
    """Return which score a heat map shows, and its name: the area where no share caught was measured."""
    if any("tpr_at_1" in cell.scores for cell in result.cells):
        return "tpr_at_1", "share caught at a 1% false-alarm rate"
    return "roc_auc", SCORES["roc_auc"].label


def heat_rows(
    result: BenchmarkResult, mix: str, families: Sequence[str]
) -> tuple[list[str], list[HeatRow]]:
    """Return the detectors, the headline one first, and a row of entries for each family."""
    detectors = detectors_of(result)
    name, _ = heat_score(result)
    rows = []
    for family in families:
        cells = [result.cell(detector, family, mix) for detector in detectors]
        rows.append(
            (family, [_heat_entry(None if cell is None else cell.scores, name) for cell in cells])
        )
    return detectors, rows


def session_rows(
    result: BenchmarkResult, families: Sequence[str]
) -> tuple[list[int], list[HeatRow]]:
    """Return the lengths of sessions, and a row of entries for each family that has any."""
    found = {
        (one.family, one.gestures): one.scores
        for one in result.sessions
        if (one.detector, one.mix) == (headline_detector(result), fullest(result))
        and "tpr_at_1" in one.scores
    }
    lengths = sorted({gestures for _, gestures in found})
    rows = [
        (family, [_heat_entry(found.get((family, length)), "tpr_at_1") for length in lengths])
        for family in families
        if any((family, length) in found for length in lengths)
    ]
    return lengths, rows


def _heat_entry(scores: Mapping[str, Score] | None, name: str) -> HeatEntry | None:
    if scores is None or name not in scores:
        return None
    value = scores[name].value
    text = percent(value, 0) if name == "tpr_at_1" else number(value)
    filled = value if name == "tpr_at_1" else max(0.0, 2 * value - 1)
    return HeatEntry(text, round(LEVELS * filled), in_words(scores))
