"""Entries of the heat maps: the share of bots caught, as a number and as how strong a colour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from humouse.detection.benchmark.headline import headline_session, main_setup
from humouse.detection.benchmark.metrics import SCORES
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.benchmark.wording import called
from humouse.detection.names import BROWSER, OWN
from humouse.eval.statistics.score import Score
from humouse.report.detection.families import DELIVERY_WORDS
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


Column = tuple[str, str]
"""A detector, and how movements are delivered to it."""


def heat_columns(result: BenchmarkResult) -> list[Column]:
    """Return the columns of the heat map: the blend first, as a browser delivers first."""
    return [(detector, d) for detector in detectors_of(result) for d in (BROWSER, OWN)]


def column_name(column: Column) -> str:
    """Return what stands above a column."""
    return f"{called(column[0])}, {DELIVERY_WORDS[column[1]]}"


def heat_rows(
    result: BenchmarkResult, mix: str, families: Sequence[str], tested_on: str | None = None
) -> list[HeatRow]:
    """Return a row of entries for each family, one for each of `heat_columns`."""
    setup = main_setup(result) if tested_on is None else tested_on
    name, _ = heat_score(result)
    rows = []
    for family in families:
        cells = [result.cell(one, family, mix, setup, d) for one, d in heat_columns(result)]
        entries = [_heat_entry(None if cell is None else cell.scores, name) for cell in cells]
        rows.append((family, entries))
    return rows


def session_rows(
    result: BenchmarkResult, families: Sequence[str], name: str
) -> tuple[list[int], list[HeatRow]]:
    """Return the lengths of sessions, and a row of entries for each family that has any.

    Args:
        result: What to show.
        families: In the order of rows.
        name: Which score of `Session.scores`.
    """
    lengths = sorted({one.gestures for one in result.sessions if name in one.scores})
    rows = []
    for family in families:
        sessions = [headline_session(result, family, length) for length in lengths]
        entries = [_heat_entry(None if one is None else one.scores, name) for one in sessions]
        if any(entries):
            rows.append((family, entries))
    return lengths, rows


def _heat_entry(scores: Mapping[str, Score] | None, name: str) -> HeatEntry | None:
    if scores is None or name not in scores:
        return None
    value = scores[name].value
    text = number(value) if name == "roc_auc" else percent(value, 0)
    filled = max(0.0, 2 * value - 1) if name == "roc_auc" else value
    return HeatEntry(text, round(LEVELS * filled), in_words(scores))
