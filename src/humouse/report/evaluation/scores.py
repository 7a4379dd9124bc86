"""The scores of a run in groups that share a scale, each row with its baseline and its marks."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import NamedTuple

from humouse.eval.run import SIDES, EvaluationRun
from humouse.eval.statistics.score import PROBES, Measure, Score
from humouse.report.dots import Mark, Scale, ends, in_words, marks
from humouse.report.wording import (
    difference,
    digits_of,
    interval,
    measure_of,
    number,
    score_names,
)

# A bot is so far off that a scale which holds it shows nothing of the others.
_ON_SCALE = ("generated", "other_people", "same_people", "replay")


@dataclass(frozen=True)
class Row:
    """One score of the judged, and the same score of the references.

    Args:
        name: Its key in `MEASURES`.
        measure: What it measures.
        value: The judged one's value.
        interval: Its interval, or nothing.
        p_value: Its p-value in words, or nothing.
        baseline: Value of the human–human baseline, or nothing.
        baseline_interval: Its interval.
        excess: How much worse or better than the baseline, in words.
        over: What the excess is taken over, where that is not the baseline's value.
        excess_interval: The interval of that.
        scale: Where the marks stand.
        marks: One for each side.
        ideal: Where the ideal stands, or None where it is off the scale.
        words: The marks, said.
    """

    name: str
    measure: Measure
    value: str
    interval: str
    p_value: str
    baseline: str
    baseline_interval: str
    excess: str
    over: str
    excess_interval: str
    scale: Scale
    marks: list[Mark]
    ideal: float | None
    words: str


@dataclass(frozen=True)
class Group:
    """Scores that are read alike.

    Args:
        title: What they answer.
        note: How to read them.
        source: Where all of its scores come from, or nothing where they differ.
        scale: The one that all rows share, or None where each has its own.
        rows: The scores.
        folded: Whether it is shown on demand.
    """

    title: str
    note: str
    source: str
    scale: Scale | None
    rows: list[Row]
    folded: bool


class Kind(NamedTuple):
    """A group of scores, before any run's values.

    Args:
        title: What they answer.
        note: How to read them.
        shared: Whether all rows share a scale.
        names: Their keys in `MEASURES`.
        folded: Whether they say over again what the group before says.
    """

    title: str
    note: str
    shared: bool
    names: list[str]
    folded: bool = False


def groups_of(names: Sequence[str]) -> list[Kind]:
    """Return the groups that have scores."""
    auc = [name for name in names if name.startswith("c2st") and name.endswith("auc")]
    accuracy = [name for name in names if name.startswith("c2st") and name not in auc]
    ideal = {name: measure_of(name).ideal for name in names}
    distances = [name for name in names if ideal[name] == 0.0]
    shares = [name for name in names if ideal[name] == 1.0]
    known = {*auc, *accuracy, *distances, *shares}
    others = [name for name in names if name not in known]
    groups = [
        Kind("Can a classifier separate them?", "AUC: 0.5 is guessing, 1 always right.", True, auc),
        Kind("The same as accuracy", "0.5 is guessing, 1 always right.", True, accuracy, True),
        Kind(
            "How far apart are they?",
            "0: not at all. Each row has its own scale.",
            False,
            distances,
        ),
        Kind(
            "Realism and variety",
            "1: as people. Precision and density: does what is generated look real? "
            "Recall and coverage: is all that people do there?",
            True,
            shares,
        ),
        Kind("Copying and other scores", "Each row has its own scale.", False, others),
    ]
    return [group for group in groups if group.names]


def score_groups(run: EvaluationRun) -> list[Group]:
    """Return the scores of the judged movements and of the references."""
    sides = {side: run.evaluations[side].scores for side in SIDES if side in run.evaluations}
    groups = []
    for title, note, shared, names, folded in groups_of(score_names(run.generated.scores)):
        of = {
            name: {side: scores[name] for side, scores in sides.items() if name in scores}
            for name in names
        }
        scale = scale_over(names, [of[name] for name in names]) if shared else None
        rows = [
            _row(name, of[name], excess_of(run, name), scale or scale_over([name], [of[name]]))
            for name in names
        ]
        groups.append(Group(title, note, common_source(names), scale, rows, folded))
    return groups


def excess_of(run: EvaluationRun, name: str) -> Score | None:
    """Return by how much a score exceeds the baseline's, or None where the run lacks either."""
    score = run.generated.scores.get(name)
    baseline = run.baseline.scores.get(name) if run.baseline else None
    if score is None or baseline is None:
        return None
    return run.excess.get(name, Score(score.value - baseline.value))


def taken_over(name: str, baseline: Score) -> str:
    """Return "over" the ideal where a baseline is better than that by chance, else nothing."""
    measure = measure_of(name)
    return f"over {measure.ideal:g}" if measure.worse(baseline.value, measure.ideal) < 0 else ""


def common_source(names: Sequence[str]) -> str:
    """Return where all of these scores come from, or nothing where they differ or are few."""
    sources = {measure_of(name).source for name in names}
    return sources.pop() if len(sources) == 1 and len(names) > 1 else ""


def scale_over(names: Sequence[str], scores: Sequence[dict[str, Score]]) -> Scale:
    """Return the scale for scores by side; the bots may lie beyond it."""
    shown = [one[side] for one in scores for side in _ON_SCALE if side in one]
    ideals = [measure_of(name).ideal for name in names]
    known = [ideal for ideal in ideals if ideal == ideal]  # NaN where the score is not known
    values = ends(shown) + known
    if any(name.startswith("c2st") for name in names):
        values.append(1.0)
    if 1.0 in known:
        values.append(0.0)
    if "copying" in names:
        values += [0.0, 1.0]
    return Scale.over(values)


def _row(name: str, scores: dict[str, Score], excess: Score | None, scale: Scale) -> Row:
    digits, measure = digits_of(name), measure_of(name)
    judged, baseline = scores["generated"], scores.get("other_people")
    row = marks(scores, scale, digits)
    return Row(
        name=name,
        measure=measure,
        value=number(judged.value, digits),
        interval=interval(judged, digits),
        p_value="" if judged.p_value is None else f"p = {judged.p_value:.3g}",
        baseline="" if baseline is None else number(baseline.value, digits),
        baseline_interval="" if baseline is None else interval(baseline, digits),
        excess="" if excess is None else difference(name, excess),
        over="" if baseline is None else taken_over(name, baseline),
        excess_interval="" if excess is None else interval(excess, digits),
        scale=scale,
        marks=row,
        ideal=scale.at(measure.ideal) if measure.ideal == measure.ideal else None,
        words=in_words(row),
    )


def all_sides(run: EvaluationRun) -> tuple[list[str], list[tuple[Measure, list[tuple[str, str]]]]]:
    """Return the sides' names, and for every score its value and interval on each of them."""
    sides = [side for side in SIDES if side in run.evaluations]
    of = {side: run.evaluations[side].scores for side in sides}
    names = score_names({name: score for one in of.values() for name, score in one.items()})
    rows = []
    for name in names:
        digits = digits_of(name)
        scores = [of[side].get(name) for side in sides]
        cells = [(number(s.value, digits), interval(s, digits)) if s else ("–", "") for s in scores]
        rows.append((measure_of(name), cells))
    return [SIDES[side] for side in sides], rows


def headline_score(run: EvaluationRun) -> str | None:
    """Return the AUC that the headline rests on, that whose excess is surest; None without a test.

    As `eval.verdict` chooses it, but from the numbers of the file, which holds no replicates.
    """

    def lowest(name: str) -> float:
        found = excess_of(run, name) or run.generated.scores[name]
        return found.value if found.low is None else found.low

    names = [name for probe in PROBES if (name := f"c2st_{probe}_auc") in run.generated.scores]
    return max(names, key=lowest, default=None)


def gauge(run: EvaluationRun, groups: Sequence[Group]) -> Row | None:
    """Return the row of the score that the headline rests on; None where there is no such score."""
    name = headline_score(run)
    return next((row for group in groups for row in group.rows if row.name == name), None)


def as_csv(runs: Mapping[str, EvaluationRun]) -> str:
    """Return every score of every side as CSV: run, score, side, value, low, high, p_value.

    Args:
        runs: By what the page calls them.
    """
    table = StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("run", "score", "side", "value", "low", "high", "p_value"))
    for called, run in runs.items():
        for side, evaluation in run.evaluations.items():
            for name, score in evaluation.scores.items():
                numbers = (score.value, score.low, score.high, score.p_value)
                known = ("" if one is None else one for one in numbers)
                writer.writerow((called, name, side, *known))
    return table.getvalue()
