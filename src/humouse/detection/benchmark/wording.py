"""Puts a benchmark's findings into sentences, with names and numbers."""

from functools import singledispatch

from humouse.detection.benchmark.findings import (
    HeldOut,
    ModelFamily,
    OtherMix,
    People,
    SessionLength,
    Strangers,
    findings,
)
from humouse.detection.benchmark.headline import ENOUGH, GOAL, TARGET_FPR
from humouse.detection.benchmark.result import MANY, BenchmarkResult
from humouse.detection.names import FILES_MEAN, MEAN
from humouse.eval.statistics.score import Score

_PARTS = {
    "composed": "composed bots",
    "bots": "scripted bots",
    "gan": "the GAN's samples",
    "diffusion": "the diffusion model's samples",
}
_KINDS = {"scripted": "scripted bots", "files": "bots from files"}
_CALLED = {"gan": "GAN", MEAN: "mean of the scripted", FILES_MEAN: "mean of the files"}


def mix_in_words(mix: str) -> str:
    """Return what a mix of negatives is, for people."""
    return joined([_PARTS[part] for part in mix.split("+")])


def joined(words: list[str]) -> str:
    """Return words as a phrase: "a, b and c"."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


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
def _held_out(finding: HeldOut) -> str:
    short = finding.short
    of = f"{len(finding.areas)} kinds of {_KINDS[finding.kind]} left out of training"
    if not short:
        lowest = next(iter(finding.areas))
        return (
            f"The detector reaches ROC-AUC {GOAL} on all of {of}; lowest: {called(lowest)} "
            f"{with_interval(finding.areas[lowest])}."
        )
    named = ", ".join(f"{called(family)} {_area(area)}" for family, area in short.items())
    return f"The detector is below ROC-AUC {GOAL} on {len(short)} of {of}: {named}."


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


_EFFECTS = {
    1: "catches more bots",
    -1: "catches fewer bots",
    0: "makes no significant difference",
    None: "changes what is caught (significance not known)",
}


@sentence.register
def _other_mix(finding: OtherMix) -> str:
    text = (
        f"Training on {mix_in_words(finding.mix)} instead of {mix_in_words(finding.instead_of)} "
        f"{_EFFECTS[finding.effect]}: the mean share of scripted bots caught at a 1% false-alarm rate "
        f"goes from {finding.before.value:.1%} to {finding.after.value:.1%} ({points(finding.change)})"
    )
    if finding.most_changed is not None:
        family, change = finding.most_changed
        text += f"; the largest change is that of {called(family)}: {100 * change:+.1f}"
    return f"{text}."


@sentence.register
def _people(finding: People) -> str:
    alarms = finding.alarms
    text = (
        f"People of {alarms.tested_on} who took no part in training: {alarms.bot_at_1:.1%} of their "
        f"movements are called a bot's where {TARGET_FPR:.0%} may be, {alarms.bot_at_01:.2%} where 0.1% "
        f"may be, and {alarms.unfamiliar_at_1:.1%} unfamiliar; {finding.above} of "
        f"{len(alarms.rate_by_user)} people lie above {TARGET_FPR:.0%}."
    )
    if alarms.worst is not None:
        who, rate = alarms.worst
        text += (
            f" The worst with {MANY} movements or more is {who}: "
            f"{counted(rate, alarms.gestures_by_user[who])}."
        )
    if finding.sessions:
        most = max(finding.sessions, key=lambda count: (finding.sessions[count], count))
        text += (
            f" Of their sessions at most {finding.sessions[most]:.1%} are called a bot's "
            f"({_movements(most)} each)."
        )
    return text


@sentence.register
def _strangers(finding: Strangers) -> str:
    alarms = finding.alarms
    return (
        f"Fitted without {alarms.tested_on}, on {joined(list(alarms.fitted_on))}: "
        f"{alarms.bot_at_1:.1%} of the movements of people of {alarms.tested_on} are called a bot's where "
        f"{TARGET_FPR:.0%} may be, and {alarms.unfamiliar_at_1:.1%} unfamiliar."
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
        f"Movements that a session needs for {ENOUGH:.0%} of bots' sessions to be caught where 1% of "
        f"people's are flagged: {'; '.join(parts)}."
    )


def _movements(count: int) -> str:
    return "1 movement" if count == 1 else f"{count} movements"


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
    return _CALLED.get(name, name.replace("_", " "))


def titled(name: str) -> str:
    """Return the same as the first words of a sentence."""
    text = called(name)
    return text[:1].upper() + text[1:]
