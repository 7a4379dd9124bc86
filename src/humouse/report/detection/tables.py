"""Entries of the tables about detectors: a score with its interval, and what is behind it."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from humouse.detection.benchmark.drawn import RocCurve
from humouse.detection.benchmark.headline import MEANS, gain, goal_of, headline_cell, main_mix
from humouse.detection.benchmark.metrics import SCORES
from humouse.detection.benchmark.result import BenchmarkResult, FamilyScores
from humouse.detection.benchmark.wording import digits_beside
from humouse.detection.names import BLEND
from humouse.eval.statistics.score import Score
from humouse.report.wording import interval, number


@dataclass(frozen=True)
class ScoreEntry:
    """What stands in one place of a table.

    Args:
        text: The value, or "–" where there is none.
        interval: Its interval, or nothing.
        below: What stands on the second line, or nothing.
        below_interval: The interval of that.
        words: All scores behind it, in words.
        short: Whether it is below the goal.
    """

    text: str
    interval: str = ""
    below: str = ""
    below_interval: str = ""
    words: str = ""
    short: bool = False


NOTHING = ScoreEntry("–")


def detectors_of(result: BenchmarkResult) -> list[str]:
    """Return the detectors, the blend first."""
    names = dict.fromkeys(cell.detector for cell in result.cells)
    return sorted(names, key=lambda name: name != BLEND)


def in_words(scores: Mapping[str, Score]) -> str:
    """Return every score with its interval."""
    return "; ".join(
        f"{SCORES[name].label} {number(score.value)} {interval(score, 3)}".strip()
        for name, score in scores.items()
        if name in SCORES
    )


def as_csv(result: BenchmarkResult) -> str:
    """Return every score, every share of people's movements, and every point of every curve, as CSV."""
    table = StringIO()
    writer = csv.writer(table, lineterminator="\n")
    places = ("fitted_on", "tested_on", "family", "variant", "delivery", "detector")
    writer.writerow(("score", *places, "value", "low", "high"))

    def write(name: str, where: tuple[str, ...], score: Score) -> None:
        ends = ("" if end is None else end for end in (score.low, score.high))
        writer.writerow((name, *where, score.value, *ends))

    for cell in result.cells:
        where = cell.mix, cell.tested_on, cell.family, cell.variant, cell.delivery, cell.detector
        for name, score in cell.scores.items():
            write(name, where, score)
    for one in result.sessions:
        where = one.mix, one.tested_on, one.family, "", one.delivery, BLEND
        for name, score in one.scores.items():
            write(f"{name}_of_{one.gestures}_movements", where, score)
    for alarms in result.false_alarms:
        fitted_on = f"{alarms.mix} on {' '.join(alarms.fitted_on)}"
        where = fitted_on, alarms.tested_on, "human", "", "own", BLEND
        for name in ("bot_at_1", "bot_at_01", "unfamiliar_at_1"):
            write(name, where, Score(getattr(alarms, name)))
        for count, share in alarms.sessions.items():
            write(f"called_at_1_of_{count}_movements", where, Score(share))
    for curve in result.curves:
        for rate, score in zip(curve.rates, curve.caught, strict=True):
            write(f"caught_at_false_alarm_rate_{rate:g}", _of_curve(curve, result), score)
    return table.getvalue()


def _of_curve(curve: RocCurve, result: BenchmarkResult) -> tuple[str, ...]:
    return curve.mix, result.setups[0], curve.family, "", "60hz", curve.detector


@dataclass(frozen=True)
class MixRow:
    """TPR at 1% FPR of one family in every mix, and what each changes against the main one.

    Args:
        family: Its name.
        tprs: An entry for each mix.
        changes: An entry for each mix but the first.
    """

    family: str
    tprs: list[ScoreEntry]
    changes: list[ScoreEntry]


def percent(share: float, digits: int = 1) -> str:
    """Return a share as a percentage; never rounded to 100% where it is less."""
    text = number(100 * share, digits)
    if share < 1 and text == number(100.0, digits):
        text = f">{number(100 - 10.0**-digits, digits)}"
    return f"{text}%"


def share_entry(score: Score | None) -> ScoreEntry:
    """Return a share with its interval, as percentages."""
    if score is None:
        return NOTHING
    return ScoreEntry(percent(score.value), percent_interval(score))


def score_entry(score: Score | None, name: str) -> ScoreEntry:
    """Return a score of `SCORES` with its interval, as a number."""
    if score is None:
        return NOTHING
    return ScoreEntry(number(score.value), interval(score, 3), words=SCORES[name].definition)


def cell_entry(cell: FamilyScores | None, *, with_goal: bool) -> ScoreEntry | None:
    """Return the ROC-AUC of a cell and, below, its TPR at 1% FPR; None where it was not measured.

    Args:
        cell: One detector on one family.
        with_goal: Whether to mark what is below the goal.
    """
    if cell is None or "roc_auc" not in cell.scores:
        return None
    area, tpr = cell.scores["roc_auc"], cell.scores.get("tpr_at_1")
    goal = goal_of(cell.family) if with_goal and cell.family not in MEANS else None
    digits = digits_beside(area.value, goal)
    return ScoreEntry(
        number(area.value, digits),
        interval(area, digits),
        "" if tpr is None else percent(tpr.value),
        "" if tpr is None else percent_interval(tpr),
        in_words(cell.scores),
        goal is not None and area.value < goal,
    )


def mix_rows(result: BenchmarkResult, families: Sequence[str]) -> list[MixRow]:
    """Return the blend's TPR at 1% FPR on each family in every mix; none where there is one mix."""
    if len(result.mixes) < 2:
        return []
    rows = []
    for family in families:
        cells = [headline_cell(result, family, mix=mix) for mix in result.mixes]
        rows.append(
            MixRow(
                family,
                [share_entry(cell.scores.get("tpr_at_1") if cell else None) for cell in cells],
                [_change(result, family, mix) for mix in result.mixes[1:]],
            )
        )
    return rows


def _change(result: BenchmarkResult, family: str, mix: str) -> ScoreEntry:
    """Return by how many percentage points the TPR rises, and by how many in each seed."""
    main = main_mix(result)
    found = gain(result, family, main, mix)
    if found is None:
        return NOTHING
    more = found[2]
    cells = [headline_cell(result, family, mix=one) for one in (main, mix)]
    seeds = [cell.by_seed.get("tpr_at_1", ()) for cell in cells if cell is not None]
    steps = [100 * (after - before) for before, after in zip(*seeds, strict=False)]
    each = ""
    if len(steps) > 1:
        each = f"seeds {_signed(min(steps))} to {_signed(max(steps))}"
    return ScoreEntry(_signed(100 * more.value), percent_interval(more), each)


def _signed(points: float) -> str:
    text = number(points, 1)
    return text if text.startswith("−") or not text.strip("0.") else f"+{text}"


def percent_interval(score: Score) -> str:
    """Return the interval of a share, as percentages, or nothing where there is none."""
    if score.low is None or score.high is None:
        return ""
    return f"[{number(100 * score.low, 1)}, {number(100 * score.high, 1)}]"
