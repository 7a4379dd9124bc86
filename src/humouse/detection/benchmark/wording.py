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
    fullest,
    headline_detector,
)
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.names import GENERATED, MEAN
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


def headline(result: BenchmarkResult) -> str:
    """Return in a sentence how well the headline detector separates families held out."""
    about, mix = headline_detector(result), fullest(result)
    areas = {
        cell.family: cell.scores["roc_auc"].value
        for cell in result.cells
        if (cell.detector, cell.mix) == (about, mix) and "roc_auc" in cell.scores
    }
    scripted = [area for family, area in areas.items() if family not in (MEAN, *GENERATED)]
    parts = []
    if scripted:
        reached = sum(area >= GOAL for area in scripted)
        parts.append(
            f"the {called(about)} separates {'all' if reached == len(scripted) else reached} of "
            f"{len(scripted)} scripted families from people at ROC-AUC {GOAL} or more, each held out"
        )
    for family, words in (("gan", "a GAN's"), ("diffusion", "a diffusion model's")):
        if family in areas:
            parts.append(f"{words} samples at {areas[family]:.3f}")
    text = "; ".join(parts) or "nothing was measured"
    return f"{text[0].upper()}{text[1:]}."


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
    of = f"{len(finding.areas)} scripted families, each held out"
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
    text = f"{titled(finding.family)} held out: ROC-AUC {with_interval(finding.area)}"
    if finding.reached is not None:
        text += f", {'at or above' if finding.reached else 'below'} the goal of {finding.goal}"
    if finding.tpr is not None:
        text += f"; TPR at 1% FPR: {percent(finding.tpr)}"
    return f"{text}."


_EFFECTS = {
    1: "raise the TPR",
    -1: "lower the TPR",
    0: "make no significant difference",
    None: "change the TPR (without an interval)",
}


@sentence.register
def _added(finding: AddedNegatives) -> str:
    text = (
        f"{titled(finding.kind)} negatives {_EFFECTS[finding.effect]}: added to "
        f"{MIX_WORDS[finding.without]}, they take the mean TPR at 1% FPR over scripted families held "
        f"out from {finding.before.value:.1%} to {finding.after.value:.1%} ({points(finding.change)})"
    )
    if finding.most_changed is not None:
        family, change = finding.most_changed
        text += f"; the largest change is that of {called(family)}: {100 * change:+.1f}"
    return f"{text}."


@sentence.register
def _worst_person(finding: WorstPerson) -> str:
    return (
        f"False positives: {finding.overall:.1%} of people's gestures are flagged at the threshold "
        f"for {TARGET_FPR:.0%}; {finding.above} of {finding.people} people lie above {TARGET_FPR:.0%}. "
        f"The worst is {finding.worst}: {finding.rate:.1%} of n = {finding.gestures:,} gestures."
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
    return f"Gestures of a session for a TPR of {ENOUGH:.0%} at 1% FPR: {'; '.join(parts)}."


@sentence.register
def _transfer(finding: TransferResult) -> str:
    text = f"Fitted on {finding.fitted_on}, evaluated on {finding.evaluated_on}:"
    if finding.areas:
        lowest = min(finding.areas, key=lambda family: finding.areas[family].value)
        text += (
            f" lowest ROC-AUC over {len(finding.areas)} families: {called(lowest)} "
            f"{with_interval(finding.areas[lowest])};"
        )
    if finding.fpr is not None:
        text += f" the threshold for {TARGET_FPR:.0%} flags {finding.fpr:.1%} of people;"
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
