"""Several evaluations in one table and page."""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humouse.artefact import sha256
from humouse.errors import InputError
from humouse.eval.run import EvaluationRun
from humouse.eval.score import Measure, Score
from humouse.report.dots import WIDTH, Mark, Scale, ends, mark
from humouse.report.page import write_page
from humouse.report.scores import common_source, groups_of
from humouse.report.wording import (
    difference,
    digits_of,
    interval,
    measure_of,
    number,
    overlap,
    score_names,
)

_WORST = 5


@dataclass(frozen=True)
class Entry:
    """One score of one run.

    Args:
        text: Its value, or "–" where the run lacks it.
        interval: Its interval, or nothing.
        excess: How it stands to the run's own floor, in words, or nothing.
        best: "best" where no other run is better, "best?" where that may be chance, else nothing.
    """

    text: str
    interval: str = ""
    excess: str = ""
    best: str = ""


@dataclass(frozen=True)
class Line:
    """One score of all runs.

    Args:
        measure: What it measures.
        entries: One for each run.
        scale: Where the marks stand.
        marks: For each run the floor's mark, if any, and its own.
        ideal: Where the ideal stands, or None where it is not known.
        words: The marks, said.
    """

    measure: Measure
    entries: list[Entry]
    scale: Scale
    marks: list[list[Mark]]
    ideal: float | None
    words: str


def write_comparison(runs: Sequence[EvaluationRun], path: Path) -> Path:
    """Write a page that holds several runs beside each other; return where.

    The best run of a score is the one with the least excess over its own floor, where all of them
    have one, and otherwise the one nearest to the ideal.

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
    tags = [_tag(k) for k in range(len(runs))]
    context = {
        "runs": list(zip(tags, _names(folders), runs, strict=True)),
        "warnings": _people_warnings(tags, runs),
        "groups": _groups(tags, runs),
        "bands": _bands(runs),
        "worst": [(run.generated, run.generated.worst_features(_WORST)) for run in runs],
        "lane": _LANE,
        "width": WIDTH,
    }
    return write_page(Path(path), "compare.html.j2", context)


_LANE = 22


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


def _people_warnings(tags: Sequence[str], runs: Sequence[EvaluationRun]) -> list[str]:
    """Return what keeps the runs' numbers from being compared."""
    warnings = []
    people = [run.movements("people") for run in runs]
    users = [None if one.user is None else frozenset(one.user.tolist()) for one in people]
    marks = [sha256(run.folder / "data" / "people.parquet") for run in runs]
    for k in range(1, len(runs)):
        both = f"{tags[0]} and {tags[k]}"
        if runs[0].generated.real != runs[k].generated.real or users[0] != users[k]:
            warnings.append(
                f"{both} were compared with different people: their scores differ for that alone. "
                "Read the excess over each run's own floor, not the values."
            )
        elif marks[0] != marks[k]:
            warnings.append(f"{both} were compared with other gestures of the same people.")
    sizes = {run.generated.gestures for run in runs}
    if len(sizes) > 1:
        counts = ", ".join(
            f"{tag} {run.generated.gestures:,}" for tag, run in zip(tags, runs, strict=True)
        )
        warnings.append(
            f"The runs differ in gestures a side ({counts}): a probe finds more with more."
        )
    return warnings


def _groups(tags: Sequence[str], runs: Sequence[EvaluationRun]) -> list[dict[str, Any]]:
    every: dict[str, Score] = {}
    for run in runs:
        every.update(run.generated.scores)
    groups = []
    for title, note, shared, names in groups_of(score_names(every)):
        scale = _scale(names, runs) if shared else None
        lines = [_line(name, scale or _scale([name], runs), tags, runs) for name in names]
        source = common_source(names)
        groups.append({"title": title, "note": note, "source": source, "lines": lines})
    return groups


def _both(
    name: str, runs: Sequence[EvaluationRun]
) -> tuple[list[Score | None], list[Score | None]]:
    """Return a score of every run, and of its floor; None where it is lacking."""
    floors = [run.floor.scores.get(name) if run.floor else None for run in runs]
    return [run.generated.scores.get(name) for run in runs], floors


def _scale(names: Sequence[str], runs: Sequence[EvaluationRun]) -> Scale:
    scores = [score for name in names for side in _both(name, runs) for score in side if score]
    ideals = [measure_of(name).ideal for name in names]
    return Scale.over([*ends(scores), *(ideal for ideal in ideals if ideal == ideal)])


def _line(name: str, scale: Scale, tags: Sequence[str], runs: Sequence[EvaluationRun]) -> Line:
    measure, digits = measure_of(name), digits_of(name)
    scores, floors = _both(name, runs)
    known = measure.ideal == measure.ideal
    best = _best(measure, scores, floors)
    entries, marks = [], []
    for k, (score, floor) in enumerate(zip(scores, floors, strict=True)):
        entries.append(_entry(name, score, floor, _praise(k, best, scores)))
        lane = [] if floor is None else [mark("other_people", floor, scale, digits)]
        if score is not None:
            lane.append(mark("generated", score, scale, digits, called=tags[k]))
        marks.append(lane)
    words = "; ".join(one.text for lane in marks for one in reversed(lane))
    return Line(measure, entries, scale, marks, scale.at(measure.ideal) if known else None, words)


def _entry(name: str, score: Score | None, floor: Score | None, best: str) -> Entry:
    if score is None:
        return Entry("–")
    digits = digits_of(name)
    excess = "" if floor is None else difference(name, score.value, floor.value)
    return Entry(number(score.value, digits), interval(score, digits), excess, best)


def _best(
    measure: Measure, scores: Sequence[Score | None], floors: Sequence[Score | None]
) -> set[int]:
    """Return the runs that no other one beats; none where the ideal is not known."""
    if measure.ideal != measure.ideal or sum(score is not None for score in scores) < 2:
        return set()
    has_floors = all(
        floor is not None for floor, score in zip(floors, scores, strict=True) if score
    )
    faults = {
        k: measure.worse(score.value, floor.value if has_floors and floor else measure.ideal)
        for k, (score, floor) in enumerate(zip(scores, floors, strict=True))
        if score is not None
    }
    least = min(faults.values())
    return {k for k, fault in faults.items() if fault == least}


def _praise(run: int, best: set[int], scores: Sequence[Score | None]) -> str:
    """Return what to write beside a run's score: whether it is the best, and whether clearly so."""
    score = scores[run]
    if run not in best or score is None:
        return ""
    others = [other for k, other in enumerate(scores) if k != run and other is not None]
    return "best?" if any(overlap(score, other) for other in others) else "best"


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
