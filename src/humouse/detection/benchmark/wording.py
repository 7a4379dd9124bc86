"""Puts a benchmark's findings into sentences, with names and numbers."""

from functools import singledispatch

from humouse.detection.benchmark.findings import (
    AddedNegatives,
    ModelFamily,
    ScriptedFamilies,
    SessionLength,
    TransferResult,
    WorstPerson,
    findings,
)
from humouse.detection.benchmark.headline import (
    ENOUGH,
    GOAL,
    TARGET_FPR,
)
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.eval.statistics.score import Score

MIX_WORDS = {
    "bots": "scripted bots alone",
    "bots+gan": "scripted bots and the GAN's",
    "bots+diffusion": "scripted bots and the diffusion model's",
    "all": "scripted bots, the GAN's and the diffusion model's",
}
"""What each mix of negatives is, for people."""


def sentences(result: BenchmarkResult) -> tuple[str, ...]:
    """Return a sentence for each finding, the weightiest first."""
    return tuple(sentence(finding) for finding in findings(result))


@singledispatch
def sentence(finding: object) -> str:
    """Return a finding in words.

    Raises:
        TypeError: It is of none of the kinds in `findings`.
    """
    raise TypeError(f"no words for {type(finding).__name__}")


@sentence.register
def _scripted(finding: ScriptedFamilies) -> str:
    about, short = called(finding.detector), finding.short
    of = f"{len(finding.areas)} kinds of scripted bots, each left out of training"
    if not short:
        lowest = next(iter(finding.areas))
        return (
            f"The {about} reaches ROC-AUC {GOAL} on all of {of}; lowest: {called(lowest)} "
            f"{with_interval(finding.areas[lowest])}."
        )
    named = ", ".join(f"{called(family)} {_area(area)}" for family, area in short.items())
    return f"The {about} is below ROC-AUC {GOAL} on {len(short)} of {of}: {named}."


def _area(area: Score) -> str:
    within = area.high is not None and area.high >= GOAL
    text = with_interval(area, digits_beside(area.value, GOAL))
    return f"{text} (the interval holds {GOAL})" if within else text


@sentence.register
def _model(finding: ModelFamily) -> str:
    text = f"{titled(finding.family)} left out of training: ROC-AUC {with_interval(finding.area)}"
    if finding.reached is not None:
        text += f", {'at or above' if finding.reached else 'below'} the goal of {finding.goal}"
    if finding.tpr is not None:
        text += f"; caught at a 1% false-alarm rate: {percent(finding.tpr)}"
    return f"{text}."


_MADE_BY = {"gan": "the GAN's", "diffusion": "the diffusion model's"}
_EFFECTS = {
    1: "catches more bots",
    -1: "catches fewer bots",
    0: "makes no significant difference",
    None: "changes what is caught (significance not known)",
}


@sentence.register
def _added(finding: AddedNegatives) -> str:
    text = (
        f"Training on {_MADE_BY[finding.kind]} movements too {_EFFECTS[finding.effect]}: added to "
        f"{MIX_WORDS[finding.without]}, they change the mean share of scripted bots caught at a 1% "
        f"false-alarm rate from {finding.before.value:.1%} to {finding.after.value:.1%} "
        f"({points(finding.change)})"
    )
    if finding.most_changed is not None:
        family, change = finding.most_changed
        text += f"; the largest change is that of {called(family)}: {100 * change:+.1f}"
    return f"{text}."


@sentence.register
def _worst_person(finding: WorstPerson) -> str:
    return (
        f"False alarms: {finding.overall:.1%} of people's movements are flagged at the threshold set "
        f"for {TARGET_FPR:.0%}; {finding.above} of {finding.people} people lie above {TARGET_FPR:.0%}. "
        f"The worst is {finding.worst}: {counted(finding.rate, finding.gestures)}."
    )


@sentence.register
def _session_length(finding: SessionLength) -> str:
    needed = finding.needed
    parts = []
    for gestures in sorted({number for number in needed.values() if number is not None}):
        names = [called(family) for family in needed if needed[family] == gestures]
        parts.append(f"{gestures} for {', '.join(names)}")
    never = [called(family) for family, number in needed.items() if number is None]
    if never:
        parts.append(f"more than were tried for {', '.join(never)}")
    return (
        f"Movements that a session needs for {ENOUGH:.0%} of sessions to be caught at a 1% false-alarm "
        f"rate: {'; '.join(parts)}."
    )


@sentence.register
def _transfer(finding: TransferResult) -> str:
    text = f"Fitted on {finding.fitted_on}, evaluated on {finding.evaluated_on}:"
    if finding.areas:
        lowest = min(finding.areas, key=lambda family: finding.areas[family].value)
        text += (
            f" lowest ROC-AUC over {len(finding.areas)} kinds of bots: {called(lowest)} "
            f"{with_interval(finding.areas[lowest])};"
        )
    if finding.fpr is not None:
        text += (
            f" the threshold for {TARGET_FPR:.0%} flags {finding.fpr:.1%} of people's movements;"
        )
    return (
        f"{text} read with care: a classifier separates people of two recording set-ups at ROC-AUC "
        "0.80–0.95 by the set-up alone."
    )


def with_interval(score: Score, digits: int = 3) -> str:
    """Return a score in words: its value, and its interval if it has one."""
    if score.low is None or score.high is None:
        return f"{score.value:.{digits}f}"
    return f"{score.value:.{digits}f} [{score.low:.{digits}f}, {score.high:.{digits}f}]"


def digits_beside(value: float, goal: float | None) -> int:
    """Return how many digits to write so that a value does not look like the goal: 3 to 6."""
    others = (digits for digits in range(3, 6) if f"{value:.{digits}f}" != f"{goal:.{digits}f}")
    return 3 if goal is None or value >= goal else next(others, 6)


def percent(share: Score) -> str:
    """Return a share as a percentage, with its interval if it has one."""
    if share.low is None or share.high is None:
        return f"{share.value:.1%}"
    return f"{share.value:.1%} [{100 * share.low:.1f}, {100 * share.high:.1f}]"


FEW = 100
"""Movements below which a share is given as a count alone."""


def counted(share: float, total: int) -> str:
    """Return a share of so many movements in words: of few the count alone."""
    count = f"{round(share * total):,} of {total:,} movements"
    return count if total < FEW else f"{share:.1%} ({count})"


def points(change: Score) -> str:
    """Return a change of a share in percentage points, with its interval if it has one."""
    value = f"{100 * change.value:+.1f} percentage points"
    if change.low is None or change.high is None:
        return value
    return f"{value} [{100 * change.low:+.1f}, {100 * change.high:+.1f}]"


def called(name: str) -> str:
    """Return what to call a family or a detector."""
    return "GAN" if name == "gan" else name.replace("_", " ")


def titled(name: str) -> str:
    """Return the same as the first words of a sentence."""
    text = called(name)
    return text[:1].upper() + text[1:]
