"""What a benchmark says, in sentences, each by a stated rule."""

from collections.abc import Callable, Iterator

from humouse.detection.benchmark.result import BenchmarkResult, Cell, FalseAlarms, Transfer
from humouse.detection.benchmark.wording import (
    MIX_WORDS,
    called,
    digits_beside,
    percent,
    points,
    titled,
    with_interval,
)
from humouse.detection.names import BLEND, GENERATED, MEAN, MIXES
from humouse.eval.statistics.resampling import excess_over
from humouse.eval.statistics.score import Score

GOALS = {"gan": 0.97}
"""ROC-AUC aimed at by family held out, where it is not `GOAL`; there is none for diffusion."""
GOAL = 0.99

ADDED = {
    "diffusion": (("bots", "bots+diffusion"), ("bots+gan", "all")),
    "gan": (("bots", "bots+gan"), ("bots+diffusion", "all")),
}
"""Kind of negatives → pairs of mixes without and with it, otherwise alike."""

ENOUGH = 0.95
"""Share of a family caught at 1% false alarms from which a session is long enough."""

ALARM = 0.01
"""Share of people's gestures that the threshold fixed beforehand was to flag."""


def findings(result: BenchmarkResult) -> tuple[str, ...]:
    """Return what the numbers say, the weightiest first.

    All is said of `judge(result)`. Differences between mixes are paired over the bootstrap replicates
    where the scores still have theirs, and bare otherwise; a change is called one only where its
    interval excludes 0.
    """
    rules: tuple[Callable[[BenchmarkResult], Iterator[str]], ...] = (
        _scripted,
        _learned,
        _bought,
        _worst_person,
        _sessions,
        _transfers,
    )
    return tuple(sentence for rule in rules for sentence in rule(result))


def judge(result: BenchmarkResult) -> str:
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
    """Return the share caught at 1% false alarms in two mixes, and by how much the second is higher.

    None where either was not measured.
    """
    cells = [result.cell(detector, family, mix) for mix in (without, with_it)]
    before, after = (cell.scores.get("tpr_at_1") if cell else None for cell in cells)
    if before is None or after is None:
        return None
    return before, after, excess_over(after, before)


def _held_out(result: BenchmarkResult) -> list[Cell]:
    """Return the judge's cells in the fullest mix, hardest first, without means."""
    about, mix = judge(result), fullest(result)
    cells = [
        one
        for one in result.cells
        if (one.detector, one.mix) == (about, mix)
        and one.family != MEAN
        and "roc_auc" in one.scores
    ]
    return sorted(cells, key=lambda one: one.scores["roc_auc"].value)


def _scripted(result: BenchmarkResult) -> Iterator[str]:
    cells = [one for one in _held_out(result) if one.family not in GENERATED]
    if not cells:
        return
    about = called(judge(result))
    short = [one for one in cells if one.scores["roc_auc"].value < GOAL]
    if not short:
        lowest = cells[0]
        yield (
            f"The {about} reaches ROC-AUC {GOAL} on each of {len(cells)} scripted families that it "
            f"never saw; lowest: {called(lowest.family)} {with_interval(lowest.scores['roc_auc'])}."
        )
        return
    named = ", ".join(f"{called(one.family)} {_auc(one)}" for one in short)
    verb = "falls" if len(short) == 1 else "fall"
    yield (
        f"{len(short)} of {len(cells)} scripted families {verb} short of ROC-AUC {GOAL} with the "
        f"{about}, which never saw them: {named}."
    )


def _auc(cell: Cell) -> str:
    score = cell.scores["roc_auc"]
    unsure = score.high is not None and score.high >= GOAL
    return with_interval(score, digits_beside(score.value, GOAL)) + (
        " (perhaps by chance)" if unsure else ""
    )


def _learned(result: BenchmarkResult) -> Iterator[str]:
    for family in GENERATED:
        cell = next((one for one in _held_out(result) if one.family == family), None)
        if cell is None:
            continue
        score, goal = cell.scores["roc_auc"], goal_of(family)
        aimed = ""
        if goal is not None:
            aimed = f", {'at or above' if score.value >= goal else 'below'} the {goal} aimed at"
        caught = cell.scores.get("tpr_at_1")
        share = "" if caught is None else f"; caught at 1% false alarms: {percent(caught)}"
        yield (f"{titled(family)} held out: ROC-AUC {with_interval(score)}{aimed}{share}.")


def _bought(result: BenchmarkResult) -> Iterator[str]:
    """Say whether negatives of a kind help against scripted families that were not seen."""
    about = judge(result)
    for kind, pairs in ADDED.items():
        for without, with_it in pairs:
            found = gain(result, about, MEAN, without, with_it)
            if found is None:
                continue
            before, after, more = found
            best = _most_changed(result, about, without, with_it)
            yield (
                f"{titled(kind)} negatives {_effect(more)}: added to {MIX_WORDS[without]}, they "
                "take the mean share of scripted bots of unseen families that is caught at 1% false "
                f"alarms from {before.value:.1%} to {after.value:.1%} ({points(more)}){best}."
            )


def _effect(more: Score) -> str:
    if more.low is None or more.high is None:
        verb = "raise" if more.value > 0 else "do not raise"
        return f"{verb} what is caught (how surely, this run does not say)"
    if more.low > 0:
        return "raise what is caught"
    if more.high < 0:
        return "lower what is caught"
    return "make no sure difference"


def _most_changed(result: BenchmarkResult, about: str, without: str, with_it: str) -> str:
    families = {one.family for one in result.cells} - {MEAN, *GENERATED}
    changes = {}
    for family in sorted(families):
        found = gain(result, about, family, without, with_it)
        if found is not None:
            changes[family] = found[2].value
    if not changes:
        return ""
    top = max(changes, key=lambda family: abs(changes[family]))
    if not changes[top]:
        return ""
    return f"; the largest change is that of {called(top)}: {100 * changes[top]:+.1f}"


def _worst_person(result: BenchmarkResult) -> Iterator[str]:
    alarms = false_alarms_of(result, judge(result))
    if alarms is None or not alarms.rate_by_user:
        return
    rates, counts = alarms.rate_by_user, alarms.gestures_by_user
    worst = max(rates, key=lambda user: (rates[user], counts[user]))
    above = sum(rate > ALARM for rate in rates.values())
    yield (
        f"False alarms: {overall_rate(alarms):.1%} of people's gestures, where {ALARM:.0%} was "
        f"aimed at; {above} of {len(rates)} people lie above {ALARM:.0%}. The worst is {worst}, "
        f"taken for a bot in {rates[worst]:.1%} of n = {counts[worst]:,} gestures."
    )


def false_alarms_of(result: BenchmarkResult, detector: str) -> FalseAlarms | None:
    """Return a detector's false alarms in the fullest mix that they were counted in."""
    own = [one for one in result.false_alarms if one.detector == detector]
    return max(own, key=lambda one: MIXES.index(one.mix), default=None)


def overall_rate(alarms: FalseAlarms) -> float:
    """Return the share of all people's gestures that set off an alarm."""
    flagged = sum(rate * alarms.gestures_by_user[who] for who, rate in alarms.rate_by_user.items())
    return flagged / max(1, sum(alarms.gestures_by_user.values()))


def gestures_needed(result: BenchmarkResult) -> dict[str, int | None]:
    """Return, by family, how many gestures catch `ENOUGH` of its bots at 1% false alarms.

    None where the longest sessions do not. Only of `judge(result)` in the fullest mix.
    """
    about, mix = judge(result), fullest(result)
    needed: dict[str, int | None] = {}
    for one in sorted(result.sessions, key=lambda session: session.gestures):
        score = one.scores.get("tpr_at_1")
        if (one.detector, one.mix) != (about, mix) or one.family == MEAN or score is None:
            continue
        if needed.get(one.family) is None:
            needed[one.family] = one.gestures if score.value >= ENOUGH else None
    return needed


def _sessions(result: BenchmarkResult) -> Iterator[str]:
    needed = gestures_needed(result)
    if not needed:
        return
    parts = []
    for gestures in sorted({number for number in needed.values() if number is not None}):
        names = [called(family) for family in needed if needed[family] == gestures]
        parts.append(f"{gestures} for {', '.join(names)}")
    never = [called(family) for family, number in needed.items() if number is None]
    if never:
        parts.append(f"more than were tried for {', '.join(never)}")
    yield (
        f"Gestures of a session that it takes to catch {ENOUGH:.0%} of the bots at 1% false alarms: "
        f"{'; '.join(parts)}."
    )


def _transfers(result: BenchmarkResult) -> Iterator[str]:
    about = judge(result)
    for transfer in result.transfers:
        yield _transfer(transfer, about)


def _transfer(transfer: Transfer, about: str) -> str:
    areas = {
        one.family: one.scores["roc_auc"]
        for one in transfer.cells
        if one.detector == about and one.family != MEAN and "roc_auc" in one.scores
    }
    told = ""
    if areas:
        lowest = min(areas, key=lambda family: areas[family].value)
        told = (
            f" lowest ROC-AUC over {len(areas)} families: {called(lowest)} "
            f"{with_interval(areas[lowest])};"
        )
    rate = transfer.false_alarm_rate.get(about)
    flagged = "" if rate is None else f" the threshold for {ALARM:.0%} flags {rate:.1%} of people;"
    return (
        f"Fitted on {transfer.fitted_on}, evaluated on {transfer.evaluated_on}:{told}{flagged} read "
        "with care, since people of two recording set-ups tell apart at AUC 0.80–0.95 by the set-up "
        "alone."
    )
