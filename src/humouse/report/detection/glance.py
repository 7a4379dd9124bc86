"""The first table of a benchmark's page: bots held out and people, a row each, with what matters most."""

from dataclasses import dataclass

from humouse.bots.families import FAMILIES
from humouse.detection.benchmark.headline import (
    MEANS,
    false_alarms_of,
    headline_cell,
    headline_session,
)
from humouse.detection.benchmark.result import BenchmarkResult, FalseAlarms
from humouse.detection.names import BROWSER, OWN
from humouse.eval.statistics.score import Score
from humouse.report.detection.families import families_of, named
from humouse.report.detection.tables import NOTHING, ScoreEntry, percent, share_entry
from humouse.report.wording import interval, number

SESSIONS = (3, 5, 10)
"""Movements of the sessions that have a column."""


@dataclass(frozen=True)
class GlanceRow:
    """Bots of one kind, or people of one set-up.

    Args:
        name: What to call them.
        is_mean: Whether it is a mean over others.
        told: How bots are told from people: ROC-AUC with their own timing and at 60 Hz, the share caught
            at 1% with either, and of sessions of each length at 60 Hz.
        verdicts: Shares called a bot's and unfamiliar, and of sessions of each length called a bot's.
    """

    name: str
    is_mean: bool
    told: list[ScoreEntry]
    verdicts: list[ScoreEntry]


def bots_at_a_glance(result: BenchmarkResult) -> list[GlanceRow]:
    """Return the rows of bots: every family from files and of models, of scripted ones mean and hardest."""
    families = families_of(result)
    scripted = [family for family in families if family in FAMILIES]
    shown = [family for family in families if family not in scripted[1:]]
    return [_of_bots(result, family, len(scripted) > 1) for family in shown]


def people_at_a_glance(result: BenchmarkResult) -> list[GlanceRow]:
    """Return the rows of people, one a set-up, by the detector fitted on every set-up."""
    found = [false_alarms_of(result, setup) for setup in result.setups]
    return [_of_people(alarms) for alarms in found if alarms is not None]


def _of_bots(result: BenchmarkResult, family: str, several: bool) -> GlanceRow:
    own, browser = (headline_cell(result, family, delivery) for delivery in (OWN, BROWSER))
    scores = [{} if cell is None else cell.scores for cell in (own, browser)]
    sessions = [headline_session(result, family, length) for length in SESSIONS]
    of_sessions = [{} if one is None else one.scores for one in sessions]
    name = f"hardest scripted: {named(family)}" if several and family in FAMILIES else named(family)
    return GlanceRow(
        name,
        family in MEANS,
        [
            *(_area(one.get("roc_auc")) for one in scores),
            *(share_entry(one.get("tpr_at_1")) for one in (*scores, *of_sessions)),
        ],
        [
            *(share_entry(scores[1].get(name)) for name in ("called_at_1", "unfamiliar_at_1")),
            *(share_entry(one.get("called_at_1")) for one in of_sessions),
        ],
    )


def _area(score: Score | None) -> ScoreEntry:
    return NOTHING if score is None else ScoreEntry(number(score.value), interval(score, 3))


def _of_people(alarms: FalseAlarms) -> GlanceRow:
    sessions = [alarms.sessions.get(str(length)) for length in SESSIONS]
    shares = [alarms.bot_at_1, alarms.unfamiliar_at_1, *sessions]
    return GlanceRow(
        f"people of {alarms.tested_on}",
        False,
        [NOTHING] * (4 + len(SESSIONS)),
        [NOTHING if share is None else ScoreEntry(percent(share)) for share in shares],
    )
