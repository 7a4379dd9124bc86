"""The findings of a benchmark as values, each by a stated rule; `wording` puts them into sentences."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from humouse.detection.benchmark.headline import (
    GOAL,
    TARGET_FPR,
    false_alarms_of,
    fullest,
    gain,
    gestures_needed,
    goal_of,
    headline_detector,
    overall_rate,
)
from humouse.detection.benchmark.result import BenchmarkResult, FamilyScores, Transfer
from humouse.detection.names import GENERATED, MEAN
from humouse.eval.statistics.score import Score

ADDED = {
    "diffusion": (("bots", "bots+diffusion"), ("bots+gan", "all")),
    "gan": (("bots", "bots+gan"), ("bots+diffusion", "all")),
}
"""Kind of negatives → pairs of mixes without and with it, otherwise alike."""


@dataclass(frozen=True)
class ScriptedFamilies:
    """How a detector separates scripted families that were held out.

    Args:
        detector: Its name.
        areas: Family → ROC-AUC, the hardest first.
    """

    detector: str
    areas: dict[str, Score]

    @property
    def short(self) -> dict[str, Score]:
        """Those below `GOAL`."""
        return {family: area for family, area in self.areas.items() if area.value < GOAL}


@dataclass(frozen=True)
class ModelFamily:
    """How the headline detector separates a model's samples when that family is held out.

    Args:
        family: "gan" or "diffusion".
        area: ROC-AUC.
        goal: ROC-AUC aimed at, or None.
        tpr: TPR at 1% FPR, or None where people are too few for it.
    """

    family: str
    area: Score
    goal: float | None
    tpr: Score | None

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        return None if self.goal is None else self.area.value >= self.goal


@dataclass(frozen=True)
class AddedNegatives:
    """What a kind of negatives changes against scripted families that were held out.

    Args:
        kind: "gan" or "diffusion".
        without: The mix that it is added to.
        before: Mean TPR at 1% FPR without it.
        after: Mean TPR at 1% FPR with it.
        change: `after` − `before`, paired over the replicates of people where the scores have them.
        most_changed: The family whose TPR changes most, and by how much; None where none does.
    """

    kind: str
    without: str
    before: Score
    after: Score
    change: Score
    most_changed: tuple[str, float] | None

    @property
    def effect(self) -> int | None:
        """1 for a gain, −1 for a loss, 0 where the interval holds 0; None without an interval."""
        if self.change.low is None or self.change.high is None:
            return None
        return int(self.change.low > 0) - int(self.change.high < 0)


@dataclass(frozen=True)
class WorstPerson:
    """How often people are flagged at the threshold fixed for `TARGET_FPR`.

    Args:
        overall: Share of all people's gestures.
        people: How many people.
        above: How many of them lie above `TARGET_FPR`.
        worst: The person flagged most often.
        rate: How often.
        gestures: Of how many gestures.
    """

    overall: float
    people: int
    above: int
    worst: str
    rate: float
    gestures: int


@dataclass(frozen=True)
class SessionLength:
    """How many gestures of a session are enough, by family; None where more are needed than were tried."""

    needed: dict[str, int | None]


@dataclass(frozen=True)
class TransferResult:
    """How the headline detector does on another dataset.

    Args:
        fitted_on: Origin of the people it was fitted on.
        evaluated_on: Origin of the people it was evaluated on.
        areas: Family → ROC-AUC.
        fpr: Share of the other dataset's people flagged at the threshold for `TARGET_FPR`, or None.
    """

    fitted_on: str
    evaluated_on: str
    areas: dict[str, Score]
    fpr: float | None


Finding = (
    ScriptedFamilies | ModelFamily | AddedNegatives | WorstPerson | SessionLength | TransferResult
)


def findings(result: BenchmarkResult) -> tuple[Finding, ...]:
    """Return what the numbers show, the weightiest first.

    All is about `headline_detector(result)`, in the fullest mix where nothing else is said.
    """
    rules: tuple[Callable[[BenchmarkResult], Iterator[Finding]], ...] = (
        _scripted,
        _models,
        _added,
        _worst_person,
        _sessions,
        _transfers,
    )
    return tuple(finding for rule in rules for finding in rule(result))


def _held_out(result: BenchmarkResult) -> list[FamilyScores]:
    """Return the headline detector's cells in the fullest mix, hardest first, without means."""
    about, mix = headline_detector(result), fullest(result)
    cells = [
        cell
        for cell in result.cells
        if (cell.detector, cell.mix) == (about, mix)
        and cell.family != MEAN
        and "roc_auc" in cell.scores
    ]
    return sorted(cells, key=lambda cell: cell.scores["roc_auc"].value)


def _scripted(result: BenchmarkResult) -> Iterator[ScriptedFamilies]:
    areas = {
        cell.family: cell.scores["roc_auc"]
        for cell in _held_out(result)
        if cell.family not in GENERATED
    }
    if areas:
        yield ScriptedFamilies(headline_detector(result), areas)


def _models(result: BenchmarkResult) -> Iterator[ModelFamily]:
    cells = {cell.family: cell for cell in _held_out(result)}
    for family in GENERATED:
        if family in cells:
            scores = cells[family].scores
            yield ModelFamily(family, scores["roc_auc"], goal_of(family), scores.get("tpr_at_1"))


def _added(result: BenchmarkResult) -> Iterator[AddedNegatives]:
    for kind, pairs in ADDED.items():
        for without, with_it in pairs:
            found = gain(result, headline_detector(result), MEAN, without, with_it)
            if found is not None:
                yield AddedNegatives(kind, without, *found, _most_changed(result, without, with_it))


def _most_changed(result: BenchmarkResult, without: str, with_it: str) -> tuple[str, float] | None:
    """Return the scripted family whose TPR changes most, and by how much."""
    changes = {}
    for family in sorted({cell.family for cell in result.cells} - {MEAN, *GENERATED}):
        found = gain(result, headline_detector(result), family, without, with_it)
        if found is not None:
            changes[family] = found[2].value
    most = max(changes.items(), key=lambda one: abs(one[1]), default=None)
    return most if most and most[1] else None


def _worst_person(result: BenchmarkResult) -> Iterator[WorstPerson]:
    alarms = false_alarms_of(result, headline_detector(result))
    if alarms is None or not alarms.rate_by_user:
        return
    rates, counts = alarms.rate_by_user, alarms.gestures_by_user
    worst = max(rates, key=lambda user: (rates[user], counts[user]))
    above = sum(rate > TARGET_FPR for rate in rates.values())
    yield WorstPerson(overall_rate(alarms), len(rates), above, worst, rates[worst], counts[worst])


def _sessions(result: BenchmarkResult) -> Iterator[SessionLength]:
    needed = gestures_needed(result)
    if needed:
        yield SessionLength(needed)


def _transfers(result: BenchmarkResult) -> Iterator[TransferResult]:
    about = headline_detector(result)
    for transfer in result.transfers:
        yield TransferResult(
            transfer.fitted_on,
            transfer.evaluated_on,
            _transferred(transfer, about),
            transfer.false_alarm_rate.get(about),
        )


def _transferred(transfer: Transfer, about: str) -> dict[str, Score]:
    return {
        cell.family: cell.scores["roc_auc"]
        for cell in transfer.cells
        if cell.detector == about and cell.family != MEAN and "roc_auc" in cell.scores
    }
