"""The table of false alarms: whose people a detector is fitted on, and whose it is tested on."""

from dataclasses import dataclass

from humouse.detection.benchmark.headline import main_mix
from humouse.detection.benchmark.result import BenchmarkResult, FalseAlarms
from humouse.detection.benchmark.wording import counted, joined
from humouse.report.detection.tables import percent


@dataclass(frozen=True)
class AlarmCell:
    """What is said of one set-up's people.

    Args:
        own: Whether the detector was fitted on other people of that set-up.
        bot: Share called a bot's where 1% may be.
        strict: The same where 0.1% may be.
        unfamiliar: Share called unfamiliar.
        sessions: The largest share of sessions called a bot's, whatever their length.
        worst: The person called a bot most often, and how often.
    """

    own: bool
    bot: str
    strict: str
    unfamiliar: str
    sessions: str
    worst: str


@dataclass(frozen=True)
class AlarmRow:
    """A detector, by whose people it was fitted on; a cell for each set-up tested on."""

    fitted_on: str
    cells: list[AlarmCell | None]


def alarm_rows(result: BenchmarkResult) -> list[AlarmRow]:
    """Return a row for each choice of set-ups fitted on, all of them first."""
    found = {
        (one.fitted_on, one.tested_on): one
        for one in result.false_alarms
        if one.mix == main_mix(result)
    }
    choices = dict.fromkeys(fitted_on for fitted_on, _ in found)
    order = sorted(choices, key=lambda one: -len(one))
    return [
        AlarmRow(joined(list(one)), [_cell(found.get((one, setup))) for setup in result.setups])
        for one in order
    ]


def _cell(alarms: FalseAlarms | None) -> AlarmCell | None:
    if alarms is None:
        return None
    worst = ""
    if alarms.worst is not None:
        who, rate = alarms.worst
        worst = f"{who}: {counted(rate, alarms.gestures_by_user[who])}"
    return AlarmCell(
        alarms.tested_on in alarms.fitted_on,
        percent(alarms.bot_at_1),
        percent(alarms.bot_at_01, 2),
        percent(alarms.unfamiliar_at_1),
        percent(max(alarms.sessions.values())) if alarms.sessions else "–",
        worst,
    )
