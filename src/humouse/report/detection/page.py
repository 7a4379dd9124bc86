"""The page of a benchmark: what is caught of bots held out, who is flagged, how it was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humouse.detection.benchmark.headline import (
    ENOUGH,
    GOAL,
    MEANS,
    TARGET_FPR,
    false_alarms_of,
    gestures_needed,
    goal_of,
    main_setup,
)
from humouse.detection.benchmark.metrics import SCORES
from humouse.detection.benchmark.result import MANY, BenchmarkResult, FamilyScores
from humouse.detection.benchmark.wording import called, counted, mix_in_words
from humouse.detection.names import BLEND, GENERATED, OWN
from humouse.report.detection.examples import false_alarms_shown, families_shown
from humouse.report.detection.families import DELIVERY_WORDS, families_of, named
from humouse.report.detection.glance import SESSIONS, bots_at_a_glance, people_at_a_glance
from humouse.report.detection.heat import (
    HeatRow,
    column_name,
    heat_colours,
    heat_columns,
    heat_rows,
    heat_score,
    session_rows,
)
from humouse.report.detection.pictures import pictures_of
from humouse.report.detection.strangers import alarm_rows
from humouse.report.detection.tables import (
    ScoreEntry,
    as_csv,
    cell_entry,
    detectors_of,
    mix_rows,
    percent,
    score_entry,
)
from humouse.report.detection.verdict import gauge, headline, statements
from humouse.report.page import render, write_page

_OPEN_FAMILIES = 3

DETECTORS = {
    "blend": "what decides: the weighted sum of the others",
    "boosting": "gradient-boosted trees on features of the movement on one clock",
    "sequence": "a small neural network on the steps of the movement on one clock",
}
"""What each detector is, for people."""


def detection_page(result: BenchmarkResult) -> str:
    """Return the page of a benchmark as one HTML document that needs nothing else.

    The same result gives the same characters. What it lacks (mixes, sessions, other set-ups), the
    page leaves out.
    """
    return render("detection.html.j2", result.digest, _context(result))


def write_detection_page(result: BenchmarkResult, path: Path) -> Path:
    """Write the page of a benchmark, whole or not at all; return where.

    Raises:
        InputError: It cannot be written.
    """
    return write_page(path, detection_page(result), result.digest)


@dataclass(frozen=True)
class Panel:
    """One mix's tables.

    Args:
        mix: Its key.
        words: What it is.
        heat: Family → the share caught in each of `heat_columns`, told from the main set-up's people.
        areas: Set-up → family → an entry for each column.
    """

    mix: str
    words: str
    heat: list[HeatRow]
    areas: list[tuple[str, list[tuple[str, list[ScoreEntry | None]]]]]


def _context(result: BenchmarkResult) -> dict[str, Any]:
    detectors, families = detectors_of(result), families_of(result)
    return {
        "result": result,
        "headline": headline(result),
        "statements": statements(result),
        "gauge": gauge(result),
        "facts": _facts(result),
        "repetitions": _repetitions(result),
        **_rows(result, families),
        "shown": families_shown(result, families),
        "open_families": _OPEN_FAMILIES,
        "flagged_people": false_alarms_shown(result),
        "heat_words": heat_score(result)[1],
        "heat_colours": [heat_colours(dark=dark) for dark in (False, True)],
        "columns": [column_name(one) for one in heat_columns(result)],
        "named": named,
        "goal": GOAL,
        "goals": {family: goal_of(family) for family in families if family in GENERATED},
        "target_fpr": percent(TARGET_FPR, 0),
        "enough": percent(ENOUGH, 0),
        "many": MANY,
        "session_lengths": SESSIONS,
        "called": called,
        "deliveries": DELIVERY_WORDS,
        "means": MEANS,
        "main_setup": main_setup(result),
        "detectors": [(name, DETECTORS.get(name, "")) for name in detectors],
        "mixes": [(mix, mix_in_words(mix)) for mix in result.mixes],
        "measures": SCORES,
        "csv": as_csv(result),
        "pictures": pictures_of(result),
    }


def _rows(result: BenchmarkResult, families: Sequence[str]) -> dict[str, Any]:
    """Return the rows of every table."""
    return {
        "bots": bots_at_a_glance(result),
        "people": people_at_a_glance(result),
        "alarms": alarm_rows(result),
        "everybody": _everybody(result),
        "panels": [_panel(result, mix, families) for mix in result.mixes],
        "mix_rows": mix_rows(result, families),
        "sessions": _sessions(result, families),
        "variants": _variants(result, families),
        "numbers": [
            (cell, [score_entry(cell.scores.get(name), name) for name in SCORES])
            for cell in result.cells
            if not cell.variant
        ],
    }


def _panel(result: BenchmarkResult, mix: str, families: Sequence[str]) -> Panel:
    areas = [
        (
            setup,
            [
                (
                    family,
                    [
                        cell_entry(
                            result.cell(name, family, mix, setup, delivery),
                            with_goal=name == BLEND and setup == main_setup(result),
                        )
                        for name, delivery in heat_columns(result)
                    ],
                )
                for family in families
            ],
        )
        for setup in result.setups
    ]
    return Panel(mix, mix_in_words(mix), heat_rows(result, mix, families), areas)


def _variants(
    result: BenchmarkResult, families: Sequence[str]
) -> list[tuple[FamilyScores, ScoreEntry | None]]:
    """Return the variants of every family in the main mix and set-up, the hardest of each first."""
    main = next(iter(result.mixes), ""), main_setup(result)
    cells = [one for one in result.cells if one.variant and (one.mix, one.tested_on) == main]
    place = {family: number for number, family in enumerate(families)}
    cells.sort(key=lambda one: (place[one.family], one.scores["roc_auc"].value, one.variant))
    return [(one, cell_entry(one, with_goal=False)) for one in cells]


def _repetitions(result: BenchmarkResult) -> int:
    several = [len(values) for cell in result.cells for values in cell.by_seed.values()]
    return max(several, default=0)


def _facts(result: BenchmarkResult) -> list[str]:
    cells = [cell for cell in result.cells if cell.family not in MEANS and not cell.variant]
    if not cells:
        return []
    seeds = _repetitions(result)
    bots = {
        (cell.family, cell.tested_on): cell.bot_gestures for cell in cells if cell.delivery == OWN
    }
    people = {cell.tested_on: (cell.people, cell.human_gestures) for cell in cells}
    facts = [
        *(
            f"{count} people of {setup} that no detector was fitted on, {gestures:,} movements"
            for setup, (count, gestures) in people.items()
        ),
        f"{sum(bots.values()):,} movements of {len({one[0] for one in bots})} kinds of bots",
    ]
    return [*facts, f"mean of {seeds} repetitions"] if seeds > 1 else facts


def _everybody(result: BenchmarkResult) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return set-up → every person and how often they are called a bot, the worst first."""
    found = [false_alarms_of(result, setup) for setup in result.setups]
    return [
        (
            one.tested_on,
            [
                (who, counted(share, one.gestures_by_user[who]))
                for who, share in sorted(
                    one.rate_by_user.items(), key=lambda each: (-each[1], each[0])
                )
            ],
        )
        for one in found
        if one is not None
    ]


def _sessions(result: BenchmarkResult, families: Sequence[str]) -> dict[str, Any] | None:
    """Return the lengths of sessions, and for each family an entry a length and what it takes."""
    needed = gestures_needed(result)
    lengths, caught = session_rows(result, families, "tpr_at_1")
    all_lengths, verdicts = session_rows(result, families, "called_at_1")
    if not verdicts:
        return None
    return {
        "lengths": lengths,
        "caught": [(family, entries, needed.get(family)) for family, entries in caught],
        "all_lengths": all_lengths,
        "verdicts": verdicts,
    }
