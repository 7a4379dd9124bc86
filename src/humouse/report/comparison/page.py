"""Several evaluations in one table and page."""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humouse.errors import InputError
from humouse.eval.run import EvaluationRun
from humouse.eval.statistics.score import Measure, Score
from humouse.files import digest
from humouse.report.comparison.best import mark_best
from humouse.report.comparison.comparable import comparable, warnings_of
from humouse.report.comparison.nearest import nearest
from humouse.report.dots import WIDTH, Mark, Scale, ends, mark
from humouse.report.evaluation.gestures import drawings, is_nominal, replay
from humouse.report.evaluation.scores import (
    as_csv,
    common_source,
    excess_of,
    groups_of,
    headline_score,
    taken_over,
)
from humouse.report.page import render, write_page
from humouse.report.wording import (
    difference,
    digits_of,
    interval,
    measure_of,
    number,
    score_names,
)

_WORST = 5
_LANE = 22
_DRAWINGS = 12
_REPLAYED = 30


@dataclass(frozen=True)
class ScoreCell:
    """One score of one run.

    Args:
        text: Its value, or "–" where the run lacks it.
        interval: Its interval, or nothing.
        excess: How it stands to the run's own baseline, in words, or nothing.
        over: What the excess is taken over, where that is not the baseline's value.
        excess_interval: The interval of that, or nothing.
        best: "best" where no other run is better, "best?" where that may be chance, else nothing.
    """

    text: str
    interval: str = ""
    excess: str = ""
    over: str = ""
    excess_interval: str = ""
    best: str = ""


@dataclass(frozen=True)
class TableLine:
    """One score of all runs.

    Args:
        measure: What it measures.
        entries: One for each run.
        scale: Where the marks stand.
        marks: For each run the baseline's mark, if any, and its own.
        ideal: Where the ideal stands, or None where it is not known.
        words: The marks, said.
    """

    measure: Measure
    entries: list[ScoreCell]
    scale: Scale
    marks: list[list[Mark]]
    ideal: float | None
    words: str


def write_comparison(runs: Sequence[EvaluationRun], path: Path) -> Path:
    """Write a page that compares several runs; return where.

    The best run of a score is the one with the least excess over its own baseline, where all of them
    have one, and otherwise the one nearest to the ideal. Among runs against different people, or
    evaluated on other features or folds, none is called the best.

    Args:
        runs: At least two, of different folders.
        path: Where the page goes.

    Raises:
        InputError: There are fewer than two runs, one stands twice, a run's people cannot be read,
            or the page cannot be written.
    """
    runs = list(runs)
    if len(runs) < 2:
        raise InputError("comparing takes at least two runs: humouse compare DIR DIR …")
    folders = [run.folder.resolve() for run in runs]
    twice = next((one for k, one in enumerate(folders) if one in folders[:k]), None)
    if twice is not None:
        raise InputError(f"{twice}: given twice; a run is compared with others")
    tags, names = [_tag(k) for k in range(len(runs))], _names(folders)
    ranked = comparable(runs)
    context = {
        "title": nearest(names, runs, ranked),
        "runs": list(zip(tags, names, runs, strict=True)),
        "warnings": warnings_of(tags, runs),
        "comparable": ranked,
        "gauge": _gauge(tags, runs),
        "groups": _groups(tags, runs, ranked),
        "bands": _bands(runs),
        "worst": [(run.generated, run.generated.worst_features(_WORST)) for run in runs],
        "lane": _LANE,
        "width": WIDTH,
        "csv": as_csv(
            {f"{tag} {name}": run for tag, name, run in zip(tags, names, runs, strict=True)}
        ),
        **_movements(tags, runs),
    }
    shown = digest([run.digest for run in runs])
    return write_page(Path(path), render("compare.html.j2", shown, context), shown)


def _movements(tags: Sequence[str], runs: Sequence[EvaluationRun]) -> dict[str, Any]:
    """Return the drawings of people and of every run, and the same for the replay."""
    people = runs[0].movements("people")
    generated = {tag: run.movements("generated") for tag, run in zip(tags, runs, strict=True)}
    return {
        "people_drawings": drawings(people, _DRAWINGS),
        "drawings": [drawings(one, _DRAWINGS) for one in generated.values()],
        "nominal": all(is_nominal(one) for one in (people, *generated.values())),
        "replay": replay({"people": people, **generated}, _REPLAYED),
    }


def _gauge(tags: Sequence[str], runs: Sequence[EvaluationRun]) -> dict[str, Any] | None:
    """Return every run's headline score beside its baseline, all on one scale."""
    names = [headline_score(run) for run in runs]
    pairs = [
        [
            (side, evaluation.scores[name])
            for side, evaluation in (("other_people", run.baseline), ("generated", run.generated))
            if name and evaluation and name in evaluation.scores
        ]
        for name, run in zip(names, runs, strict=True)
    ]
    scores = [score for pair in pairs for _, score in pair]
    if not scores:
        return None
    scale = Scale.over([*ends(scores), 0.5, 1.0])
    lanes = [
        [
            mark(side, score, scale, 3, called=tag if side == "generated" else None)
            for side, score in pair
        ]
        for tag, pair in zip(tags, pairs, strict=True)
    ]
    probes = [f"{tag} {name.split('_')[1]}" for tag, name in zip(tags, names, strict=True) if name]
    return {
        "scale": scale,
        "marks": lanes,
        "ideal": scale.at(0.5),
        "words": _said(lanes),
        "probes": ", ".join(probes),
    }


def _said(lanes: Sequence[Sequence[Mark]]) -> str:
    return "; ".join(one.text for lane in lanes for one in reversed(lane))


def _tag(place: int) -> str:
    letters = string.ascii_uppercase
    return letters[place] if place < 26 else _tag(place // 26 - 1) + letters[place % 26]


def _names(folders: Sequence[Path]) -> list[str]:
    """Return what to call each folder: its name, or more of its path where two share it."""
    names = [folder.name for folder in folders]
    return [
        name if names.count(name) == 1 else str(folder)
        for name, folder in zip(names, folders, strict=True)
    ]


def _groups(
    tags: Sequence[str], runs: Sequence[EvaluationRun], ranked: bool
) -> list[dict[str, Any]]:
    every: dict[str, Score] = {}
    for run in runs:
        every.update(run.generated.scores)
    groups = []
    for title, note, shared, names, folded in groups_of(score_names(every)):
        scale = _scale(names, runs) if shared else None
        lines = [_line(name, scale or _scale([name], runs), tags, runs, ranked) for name in names]
        source = common_source(names)
        groups.append(
            {
                "title": title,
                "note": note,
                "source": source,
                "scale": scale,
                "lines": lines,
                "folded": folded,
            }
        )
    return groups


def _both(
    name: str, runs: Sequence[EvaluationRun]
) -> tuple[list[Score | None], list[Score | None]]:
    """Return a score of every run, and of its baseline; None where it is lacking."""
    baselines = [run.baseline.scores.get(name) if run.baseline else None for run in runs]
    return [run.generated.scores.get(name) for run in runs], baselines


def _scale(names: Sequence[str], runs: Sequence[EvaluationRun]) -> Scale:
    scores = [score for name in names for side in _both(name, runs) for score in side if score]
    ideals = [measure_of(name).ideal for name in names]
    return Scale.over([*ends(scores), *(ideal for ideal in ideals if ideal == ideal)])


def _line(
    name: str, scale: Scale, tags: Sequence[str], runs: Sequence[EvaluationRun], ranked: bool
) -> TableLine:
    measure, digits = measure_of(name), digits_of(name)
    scores, baselines = _both(name, runs)
    known = measure.ideal == measure.ideal
    excesses = [excess_of(run, name) for run in runs]
    marks_of_best = mark_best(measure, scores, excesses) if ranked else [""] * len(runs)
    entries, marks = [], []
    for k, (score, baseline) in enumerate(zip(scores, baselines, strict=True)):
        entries.append(_entry(name, score, baseline, excesses[k], marks_of_best[k]))
        lane = [] if baseline is None else [mark("other_people", baseline, scale, digits)]
        if score is not None:
            lane.append(mark("generated", score, scale, digits, called=tags[k]))
        marks.append(lane)
    ideal = scale.at(measure.ideal) if known else None
    return TableLine(measure, entries, scale, marks, ideal, _said(marks))


def _entry(
    name: str, score: Score | None, baseline: Score | None, excess: Score | None, best: str
) -> ScoreCell:
    if score is None:
        return ScoreCell("–")
    digits = digits_of(name)
    value, ends = number(score.value, digits), interval(score, digits)
    if excess is None or baseline is None:
        return ScoreCell(value, ends, best=best)
    over, between = taken_over(name, baseline), interval(excess, digits)
    return ScoreCell(value, ends, difference(name, excess), over, between, best)


def _bands(runs: Sequence[EvaluationRun]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return, for each band of any run, every run's power over people's, and its interval."""
    names = list(dict.fromkeys(band for run in runs for band in run.generated.spectra))
    rows = []
    for band in names:
        cells = []
        for run in runs:
            one = run.generated.spectra.get(band)
            ratio = one.ratio if one else None
            cells.append((number(ratio.value, 2), interval(ratio, 2)) if ratio else ("–", ""))
        rows.append((band, cells))
    return rows
