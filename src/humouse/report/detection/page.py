"""The page of a benchmark: what is caught of bots held out, who is flagged, how it was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humouse.detection.benchmark.headline import (
    ENOUGH,
    GOAL,
    TARGET_FPR,
    false_alarms_of,
    gestures_needed,
    goal_of,
    headline_detector,
    overall_rate,
)
from humouse.detection.benchmark.metrics import SCORES
from humouse.detection.benchmark.result import BenchmarkResult, FamilyScores, Transfer
from humouse.detection.benchmark.wording import MIX_WORDS, called, counted
from humouse.detection.names import GENERATED, MEAN
from humouse.report.detection.examples import false_alarms_shown, families_shown
from humouse.report.detection.families import families_of, named
from humouse.report.detection.heat import (
    HeatRow,
    heat_colours,
    heat_rows,
    heat_score,
    session_rows,
)
from humouse.report.detection.pictures import pictures_of
from humouse.report.detection.tables import (
    ScoreEntry,
    as_csv,
    cell_entry,
    detectors_of,
    negative_rows,
    percent,
    score_entry,
)
from humouse.report.detection.verdict import gauge, headline, statements
from humouse.report.page import render, write_page
from humouse.settings.choices import MIXES

_OPEN_FAMILIES = 3

DETECTORS = {
    "blend": "the weighted combination of all the others",
    "boosting": "gradient-boosted trees on features of the movement",
    "sequence": "a small neural network on the raw steps",
    "discriminator": "a logistic regression on the GAN discriminator's penultimate features",
    "isolation": "an isolation forest fitted on people only",
    "clock": "an isolation forest on the time steps alone, fitted on people only",
    "denoising": "the diffusion model's denoising error on the movement; fitted on people only",
}
"""What each detector is, for people."""


def detection_page(result: BenchmarkResult) -> str:
    """Return the page of a benchmark as one HTML document that needs nothing else.

    The same result gives the same characters. What it lacks (mixes, sessions, other datasets), the
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
    """One mix's table.

    Args:
        mix: Its key.
        words: What it is.
        rows: Family → an entry for each detector, or None where it took no part.
        heat: The same with the share caught alone.
    """

    mix: str
    words: str
    rows: list[tuple[str, list[ScoreEntry | None]]]
    heat: list[HeatRow]


def _context(result: BenchmarkResult) -> dict[str, Any]:
    about, detectors = headline_detector(result), detectors_of(result)
    families = families_of(result)
    mixes = [mix for mix in MIXES if any(cell.mix == mix for cell in result.cells)]
    return {
        "result": result,
        "headline": headline(result),
        "statements": statements(result),
        "gauge": gauge(result),
        "shown": families_shown(result, families),
        "open_families": _OPEN_FAMILIES,
        "flagged_people": false_alarms_shown(result),
        "heat_words": heat_score(result)[1],
        "heat_colours": [heat_colours(dark=dark) for dark in (False, True)],
        "named": named,
        "facts": _facts(result),
        "headline_detector": about,
        "goal": GOAL,
        "goals": {family: goal_of(family) for family in families if family in GENERATED},
        "target_fpr": percent(TARGET_FPR, 0),
        "enough": percent(ENOUGH, 0),
        "called": called,
        "mean": MEAN,
        "detector_names": [called(name) for name in detectors],
        "repetitions": _repetitions(result),
        "detectors": [(name, DETECTORS.get(name, "")) for name in detectors],
        "panels": [_panel(result, mix, families, detectors) for mix in reversed(mixes)],
        "mixes": [(mix, MIX_WORDS[mix]) for mix in mixes],
        "negatives": negative_rows(result, families) if len(mixes) > 1 else [],
        "alarms": _alarms(result, detectors),
        "sessions": _sessions(result, families),
        "transfers": [_transfer(one, detectors, about) for one in result.transfers],
        "measures": SCORES,
        "numbers": [
            (cell, [score_entry(cell.scores.get(name), name) for name in SCORES])
            for cell in sorted(result.cells, key=lambda one: _place(one, detectors, families))
        ],
        "csv": as_csv(result),
        "pictures": pictures_of(result),
    }


def _panel(
    result: BenchmarkResult, mix: str, families: Sequence[str], detectors: Sequence[str]
) -> Panel:
    about = headline_detector(result)
    rows = [
        (
            family,
            [
                cell_entry(result.cell(name, family, mix), with_goal=name == about)
                for name in detectors
            ],
        )
        for family in families
    ]
    return Panel(mix, MIX_WORDS[mix], rows, heat_rows(result, mix, families)[1])


def _place(
    cell: FamilyScores, detectors: Sequence[str], families: Sequence[str]
) -> tuple[int, int, int]:
    return (
        -MIXES.index(cell.mix),
        families.index(cell.family),
        detectors.index(cell.detector),
    )


def _repetitions(result: BenchmarkResult) -> int:
    several = [len(values) for cell in result.cells for values in cell.by_seed.values()]
    return max(several, default=0)


def _facts(result: BenchmarkResult) -> list[str]:
    cells = [cell for cell in result.cells if cell.family != MEAN]
    if not cells:
        return []
    seeds = _repetitions(result)
    bots = {cell.family: cell.bot_gestures for cell in cells}
    facts = [
        f"{cells[0].people} people that no detector was fitted on",
        f"{cells[0].human_gestures:,} movements of theirs",
        f"{sum(bots.values()):,} movements of {len(bots)} kinds of bots",
    ]
    return [*facts, f"mean of {seeds} repetitions"] if seeds > 1 else facts


def _alarms(result: BenchmarkResult, detectors: Sequence[str]) -> list[dict[str, Any]]:
    """Return each detector's false alarms in words."""
    rows = []
    for name in detectors:
        alarms = false_alarms_of(result, name)
        if alarms is None or not alarms.rate_by_user:
            continue
        people = sorted(alarms.rate_by_user.items(), key=lambda one: (-one[1], one[0]))
        worst, rate = people[0]
        rows.append(
            {
                "detector": name,
                "overall": percent(overall_rate(alarms)),
                "above": sum(rate > TARGET_FPR for _, rate in people),
                "people": [
                    (who, counted(share, alarms.gestures_by_user[who])) for who, share in people
                ],
                "worst": worst,
                "worst_rate": counted(rate, alarms.gestures_by_user[worst]),
            }
        )
    return rows


def _sessions(result: BenchmarkResult, families: Sequence[str]) -> dict[str, Any] | None:
    """Return the lengths of sessions, and for each family an entry a length and what it takes."""
    lengths, rows = session_rows(result, families)
    needed = gestures_needed(result)
    found = [(family, entries, needed.get(family)) for family, entries in rows]
    return {"lengths": lengths, "rows": found} if found else None


def _transfer(transfer: Transfer, detectors: Sequence[str], about: str) -> dict[str, Any]:
    cells = {(cell.detector, cell.family): cell for cell in transfer.cells}
    families = list(dict.fromkeys(cell.family for cell in transfer.cells))
    shown = [name for name in detectors if any(name == key[0] for key in cells)]
    return {
        "fitted_on": transfer.fitted_on,
        "evaluated_on": transfer.evaluated_on,
        "detectors": shown,
        "rates": [
            percent(transfer.false_alarm_rate[name]) if name in transfer.false_alarm_rate else "–"
            for name in shown
        ],
        "rows": [
            (family, [cell_entry(cells.get((name, family)), with_goal=False) for name in shown])
            for family in sorted(families, key=lambda name: _area(cells.get((about, name))))
        ],
    }


def _area(cell: FamilyScores | None) -> float:
    return cell.scores["roc_auc"].value if cell and "roc_auc" in cell.scores else 2.0
