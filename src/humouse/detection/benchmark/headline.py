"""Which of a benchmark's numbers stand for the whole: one mix, one set-up, goals and thresholds."""

from humouse.detection.benchmark.result import BenchmarkResult, FalseAlarms, FamilyScores, Session
from humouse.detection.names import BLEND, BROWSER, FILES_MEAN, MEAN
from humouse.eval.statistics.resampling import excess_over
from humouse.eval.statistics.score import Score

GOAL = 0.99
"""ROC-AUC aimed at with a family held out, where `GOALS` has no other; there is none for diffusion."""

GOALS = {"gan": 0.97}
"""ROC-AUC aimed at with a model's family held out."""

ENOUGH = 0.95
"""TPR at 1% FPR from which a session is long enough."""

TARGET_FPR = 0.01
"""Share of people's gestures that the detector may call bots'."""

MEANS = (MEAN, FILES_MEAN)
"""The "families" that are means over others."""


def main_mix(result: BenchmarkResult) -> str:
    """Return the mix that stands for the whole: the first in the order of the tables; "" without any."""
    return next(iter(result.mixes), "")


def main_setup(result: BenchmarkResult) -> str:
    """Return the set-up whose people stand for the whole; "" without any."""
    return next(iter(result.setups), "")


def headline_cell(
    result: BenchmarkResult, family: str, delivery: str = BROWSER, mix: str | None = None
) -> FamilyScores | None:
    """Return the blend's cell of a family; None where it was not measured."""
    mix = main_mix(result) if mix is None else mix
    return result.cell(BLEND, family, mix, main_setup(result), delivery)


def families_measured(result: BenchmarkResult) -> list[str]:
    """Return the families held out, without means."""
    return list(dict.fromkeys(one.family for one in result.cells if one.family not in MEANS))


def headline_session(
    result: BenchmarkResult, family: str, gestures: int, delivery: str = BROWSER
) -> Session | None:
    """Return the scores of a family's sessions; None where there are none."""
    for one in result.sessions:
        if (one.family, one.gestures, one.delivery, one.tested_on, one.mix) == (
            family,
            gestures,
            delivery,
            main_setup(result),
            main_mix(result),
        ):
            return one
    return None


def goal_of(family: str) -> float | None:
    """Return the ROC-AUC aimed at with a family held out, or None where it is only stated."""
    return None if family == "diffusion" else GOALS.get(family, GOAL)


def gain(
    result: BenchmarkResult, family: str, without: str, with_it: str
) -> tuple[Score, Score, Score] | None:
    """Return the TPR at 1% FPR with two mixes, and by how much the second is higher.

    None where either was not measured.
    """
    cells = [headline_cell(result, family, mix=mix) for mix in (without, with_it)]
    before, after = (cell.scores.get("tpr_at_1") if cell else None for cell in cells)
    if before is None or after is None:
        return None
    return before, after, excess_over(after, before)


def false_alarms_of(
    result: BenchmarkResult, tested_on: str, fitted_on: tuple[str, ...] | None = None
) -> FalseAlarms | None:
    """Return what is said of a set-up's people in the main mix; fitted on every set-up if not named."""
    fitted_on = result.setups if fitted_on is None else fitted_on
    wanted = fitted_on, tested_on, main_mix(result)
    for one in result.false_alarms:
        if (one.fitted_on, one.tested_on, one.mix) == wanted:
            return one
    return None


def gestures_needed(result: BenchmarkResult) -> dict[str, int | None]:
    """Return, by family, how many movements of a session reach a TPR of `ENOUGH` at 1% FPR.

    None where the longest sessions do not. Delivered as by a browser.
    """
    needed: dict[str, int | None] = {}
    for session in sorted(result.sessions, key=lambda one: one.gestures):
        score = session.scores.get("tpr_at_1")
        if score is None or session.family in MEANS:
            continue
        if session is not headline_session(result, session.family, session.gestures):
            continue
        if needed.get(session.family) is None:
            needed[session.family] = session.gestures if score.value >= ENOUGH else None
    return needed
