"""Which of a benchmark's numbers stand for the whole: one detector, one mix, goals and thresholds."""

from humouse.detection.benchmark.result import BenchmarkResult, FalseAlarms
from humouse.detection.names import BLEND, MEAN
from humouse.eval.statistics.resampling import excess_over
from humouse.eval.statistics.score import Score
from humouse.settings.choices import MIXES

GOAL = 0.99
"""ROC-AUC aimed at with a family held out, where `GOALS` has no other; there is none for diffusion."""

GOALS = {"gan": 0.97}
"""ROC-AUC aimed at with a model's family held out."""

ENOUGH = 0.95
"""TPR at 1% FPR from which a session is long enough."""

TARGET_FPR = 0.01
"""Share of people's gestures that the threshold fixed beforehand was to flag."""


def headline_detector(result: BenchmarkResult) -> str:
    """Return the detector that the findings are about."""
    names = [cell.detector for cell in result.cells]
    return BLEND if BLEND in names or not names else names[0]


def fullest(result: BenchmarkResult) -> str:
    """Return the last of `MIXES` that was measured."""
    measured = {cell.mix for cell in result.cells}
    return max(measured, key=MIXES.index, default=MIXES[-1])


def goal_of(family: str) -> float | None:
    """Return the ROC-AUC aimed at with a family held out, or None where it is only stated."""
    return None if family == "diffusion" else GOALS.get(family, GOAL)


def gain(
    result: BenchmarkResult, detector: str, family: str, without: str, with_it: str
) -> tuple[Score, Score, Score] | None:
    """Return the TPR at 1% FPR with two mixes, and by how much the second is higher.

    None where either was not measured.
    """
    cells = [result.cell(detector, family, mix) for mix in (without, with_it)]
    before, after = (cell.scores.get("tpr_at_1") if cell else None for cell in cells)
    if before is None or after is None:
        return None
    return before, after, excess_over(after, before)


def false_alarms_of(result: BenchmarkResult, detector: str) -> FalseAlarms | None:
    """Return a detector's false alarms in the fullest mix that they were counted in."""
    own = [one for one in result.false_alarms if one.detector == detector]
    return max(own, key=lambda one: MIXES.index(one.mix), default=None)


def overall_rate(alarms: FalseAlarms) -> float:
    """Return the share of all people's gestures that are flagged."""
    flagged = sum(rate * alarms.gestures_by_user[who] for who, rate in alarms.rate_by_user.items())
    return flagged / max(1, sum(alarms.gestures_by_user.values()))


def gestures_needed(result: BenchmarkResult) -> dict[str, int | None]:
    """Return, by family, how many gestures of a session reach a TPR of `ENOUGH` at 1% FPR.

    None where the longest sessions do not. Only of `headline_detector(result)` in the fullest mix.
    """
    about, mix = headline_detector(result), fullest(result)
    needed: dict[str, int | None] = {}
    for session in sorted(result.sessions, key=lambda one: one.gestures):
        score = session.scores.get("tpr_at_1")
        of_headline = (session.detector, session.mix) == (about, mix)
        if not of_headline or session.family == MEAN or score is None:
            continue
        if needed.get(session.family) is None:
            needed[session.family] = session.gestures if score.value >= ENOUGH else None
    return needed
