"""The findings of a benchmark as values, each by a stated rule; `wording` puts them into sentences."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from humouse.bots.families import FAMILIES
from humouse.detection.benchmark.headline import (
    GOAL,
    TARGET_FPR,
    false_alarms_of,
    families_measured,
    gain,
    gestures_needed,
    goal_of,
    headline_cell,
    main_mix,
)
from humouse.detection.benchmark.result import BenchmarkResult, FalseAlarms
from humouse.detection.names import GENERATED, MEAN
from humouse.eval.statistics.score import Score


@dataclass(frozen=True)
class HeldOut:
    """How families of one kind are separated that were held out, delivered as by a browser.

    Args:
        kind: "scripted" or "files".
        areas: Family → ROC-AUC, the hardest first.
    """

    kind: str
    areas: dict[str, Score]

    @property
    def short(self) -> dict[str, Score]:
        """Those below `GOAL`."""
        return {family: area for family, area in self.areas.items() if area.value < GOAL}


@dataclass(frozen=True)
class ModelFamily:
    """How a model's samples are separated when that family is held out.

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
class OtherMix:
    """What fitting on another mix changes against scripted families that were held out.

    Args:
        mix: The other one.
        instead_of: The main one.
        before: Mean TPR at 1% FPR with the main one.
        after: The same with the other.
        change: `after` − `before`, paired over the replicates of people where the scores have them.
        most_changed: The family whose TPR changes most, and by how much; None where none does.
    """

    mix: str
    instead_of: str
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
class People:
    """What is said of people of one set-up who took no part in the fit.

    Args:
        alarms: By the detector fitted on every set-up.
        above: How many of them lie above `TARGET_FPR`.
        sessions: Movements of a session → share of their sessions called a bot's.
    """

    alarms: FalseAlarms
    above: int
    sessions: dict[int, float]


@dataclass(frozen=True)
class Strangers:
    """What is said of people of a set-up that a detector was not fitted on.

    Args:
        alarms: By the detector fitted on every other set-up.
    """

    alarms: FalseAlarms


@dataclass(frozen=True)
class SessionLength:
    """How many movements of a session are enough, by family; None where more are needed than were tried."""

    needed: dict[str, int | None]


Finding = HeldOut | ModelFamily | OtherMix | People | Strangers | SessionLength


def findings(result: BenchmarkResult) -> tuple[Finding, ...]:
    """Return what the numbers show, the weightiest first.

    All is about the blend, the main mix and the main set-up where nothing else is said.
    """
    rules: tuple[Callable[[BenchmarkResult], Iterator[Finding]], ...] = (
        _held_out,
        _models,
        _people,
        _strangers,
        _sessions,
        _other_mixes,
    )
    return tuple(finding for rule in rules for finding in rule(result))


def _areas(result: BenchmarkResult) -> dict[str, Score]:
    """Return the ROC-AUC of each family, the hardest first."""
    cells = [headline_cell(result, family) for family in families_measured(result)]
    areas = {one.family: one.scores["roc_auc"] for one in cells if one and "roc_auc" in one.scores}
    return dict(sorted(areas.items(), key=lambda one: one[1].value))


def _held_out(result: BenchmarkResult) -> Iterator[HeldOut]:
    areas = _areas(result)
    scripted = {family: area for family, area in areas.items() if family in FAMILIES}
    known = (*FAMILIES, *GENERATED)
    files = {family: area for family, area in areas.items() if family not in known}
    for kind, own in (("files", files), ("scripted", scripted)):
        if own:
            yield HeldOut(kind, own)


def _models(result: BenchmarkResult) -> Iterator[ModelFamily]:
    for family in GENERATED:
        cell = headline_cell(result, family)
        if cell is not None:
            scores = cell.scores
            yield ModelFamily(family, scores["roc_auc"], goal_of(family), scores.get("tpr_at_1"))


def _other_mixes(result: BenchmarkResult) -> Iterator[OtherMix]:
    main = main_mix(result)
    for mix in result.mixes[1:]:
        found = gain(result, MEAN, main, mix)
        if found is not None:
            yield OtherMix(mix, main, *found, _most_changed(result, main, mix))


def _most_changed(result: BenchmarkResult, without: str, with_it: str) -> tuple[str, float] | None:
    """Return the scripted family whose TPR changes most, and by how much."""
    changes = {}
    for family in sorted(set(families_measured(result)) & set(FAMILIES)):
        found = gain(result, family, without, with_it)
        if found is not None:
            changes[family] = found[2].value
    most = max(changes.items(), key=lambda one: abs(one[1]), default=None)
    return most if most and most[1] else None


def _people(result: BenchmarkResult) -> Iterator[People]:
    for setup in result.setups:
        alarms = false_alarms_of(result, setup)
        if alarms is not None and alarms.rate_by_user:
            above = sum(rate > TARGET_FPR for rate in alarms.rate_by_user.values())
            sessions = {int(count): share for count, share in alarms.sessions.items()}
            yield People(alarms, above, sessions)


def _strangers(result: BenchmarkResult) -> Iterator[Strangers]:
    for setup in result.setups:
        others = tuple(one for one in result.setups if one != setup)
        alarms = false_alarms_of(result, setup, others)
        if alarms is not None:
            yield Strangers(alarms)


def _sessions(result: BenchmarkResult) -> Iterator[SessionLength]:
    needed = gestures_needed(result)
    if needed:
        yield SessionLength(needed)
