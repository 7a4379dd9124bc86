"""Movements in the page: bots caught and missed, and people's that were flagged, with the reasons."""

from collections.abc import Sequence
from dataclasses import dataclass

from humouse.detection.benchmark.drawn import Example, ExampleGroup
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.explain import Reason
from humouse.detection.names import HUMAN
from humouse.report.detection.tables import percent
from humouse.report.drawing import Drawing, drawing, path_px
from humouse.report.wording import brief, number
from humouse.trajectories import Trajectories

REASONS = 2
"""Reasons written below a drawing."""


@dataclass(frozen=True)
class ReasonEntry:
    """A feature that moves the decision.

    Args:
        feature: Its name.
        values: What the movement has, and what people have.
        for_bot: Whether it speaks for a bot.
    """

    feature: str
    values: str
    for_bot: bool


@dataclass(frozen=True)
class ExampleEntry:
    """A drawn movement.

    Args:
        drawing: Its path.
        who: What made it.
        probability: Of a bot, in words.
        reasons: The strongest, first.
    """

    drawing: Drawing
    who: str
    probability: str
    reasons: list[ReasonEntry]


@dataclass(frozen=True)
class Shown:
    """Movements of one kind that were flagged, or were not.

    Args:
        count: How many of how many there are.
        some: Whether there are any.
        examples: Those that are drawn.
    """

    count: str
    some: bool
    examples: list[ExampleEntry]


@dataclass(frozen=True)
class FamilyShown:
    """What was caught of a family and what was missed."""

    family: str
    caught: Shown
    missed: Shown


def families_shown(result: BenchmarkResult, families: Sequence[str]) -> list[FamilyShown]:
    """Return what was caught and missed, those of which most was missed first."""
    groups = {(one.family, one.flagged): one for one in result.groups}
    found = [
        (groups[family, False].count / groups[family, False].total, family)
        for family in families
        if {(family, True), (family, False)} <= groups.keys()
    ]
    return [
        FamilyShown(family, *(_shown(result, groups[family, flagged]) for flagged in (True, False)))
        for _, family in sorted(found, key=lambda one: -one[0])
    ]


def false_alarms_shown(result: BenchmarkResult) -> Shown | None:
    """Return people's movements that were flagged; None where they were not kept."""
    mine = [one for one in result.groups if one.family == HUMAN and one.flagged]
    return _shown(result, mine[0]) if mine else None


def _shown(result: BenchmarkResult, group: ExampleGroup) -> Shown:
    movements = result.movements
    examples = [] if movements is None else [_entry(one, movements) for one in group.examples]
    return Shown(f"{group.count:,} of {group.total:,}", group.count > 0, examples)


def _entry(example: Example, movements: Trajectories) -> ExampleEntry:
    who = example.user if example.variant == HUMAN else example.variant
    return ExampleEntry(
        drawing(path_px(movements, example.row)),
        who,
        percent(example.probability, 0),
        [_reason(one) for one in example.reasons[:REASONS]],
    )


def _reason(reason: Reason) -> ReasonEntry:
    unit = "" if reason.unit in ("1", "count") else f" {reason.unit}"
    value, low, high = map(_short, (reason.value, reason.human_low, reason.human_high))
    values = f"{value}{unit}; people {low} to {high}"
    return ReasonEntry(reason.feature, values, reason.contribution > 0)


def _short(value: float) -> str:
    """Return a number of any size in two significant digits, without an exponent where it has few."""
    rounded = float(f"{value:.2g}")
    if abs(rounded) >= 1e6:
        return f"{brief(rounded / 1e6)} million"
    return brief(rounded) if not rounded or abs(rounded) >= 0.01 else number(rounded, 2)
