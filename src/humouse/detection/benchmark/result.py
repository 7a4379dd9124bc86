"""`BenchmarkResult`: how detectors do on families of bots held out, as numbers on disk."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from humouse.detection.benchmark.drawn import ExampleGroup, ReliabilityBin, RocCurve
from humouse.errors import InputError
from humouse.eval.statistics.score import Score, without_replicates
from humouse.files import digest, read_json, write_json
from humouse.trajectories import Trajectories

FORMAT = 1
RESULT = "benchmark.json"
EXAMPLES = "examples.parquet"
"""The movements that are drawn; some of them are recordings of people."""


@dataclass(frozen=True)
class FamilyScores:
    """One detector on one family of bots that was held out.

    Args:
        detector: Its name.
        family: The family held out, or `MEAN`.
        mix: What it was fitted on, one of `MIXES`, less that family.
        scores: By name, see `metrics.SCORES`; the mean over the seeds, with its interval over the
            people evaluated on.
        by_seed: Name → the value of each seed.
        people: How many people it was evaluated on.
        human_gestures: How many gestures of theirs, in each seed.
        bot_gestures: How many of the family's.
    """

    detector: str
    family: str
    mix: str
    scores: Mapping[str, Score]
    by_seed: Mapping[str, tuple[float, ...]]
    people: int
    human_gestures: int
    bot_gestures: int


@dataclass(frozen=True)
class FalseAlarms:
    """How often people are flagged, at the threshold fixed beforehand for a false positive rate of 1%.

    Args:
        detector: Its name.
        mix: What it was fitted on, nothing held out.
        rate_by_user: Person → share of their gestures that are flagged, over the seeds.
        gestures_by_user: Person → how many gestures of theirs were scored, over the seeds.
    """

    detector: str
    mix: str
    rate_by_user: Mapping[str, float]
    gestures_by_user: Mapping[str, int]


@dataclass(frozen=True)
class Session:
    """Scores of a detector over sessions of several gestures.

    Args:
        detector: Its name.
        family: The family held out.
        mix: What it was fitted on.
        gestures: Over how many gestures the log-odds are summed.
        scores: "roc_auc" and "tpr_at_1" over sessions.
    """

    detector: str
    family: str
    mix: str
    gestures: int
    scores: Mapping[str, Score]


@dataclass(frozen=True)
class Transfer:
    """A detector fitted on one dataset and evaluated on another's people and bots.

    Args:
        fitted_on: Origin of the people it was fitted on.
        evaluated_on: Origin of the people it was evaluated on.
        cells: One for each detector and family; nothing was held out.
        false_alarm_rate: Detector → share of the other dataset's people above the 1% threshold.
    """

    fitted_on: str
    evaluated_on: str
    cells: tuple[FamilyScores, ...]
    false_alarm_rate: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class BenchmarkResult:
    """Everything that a benchmark measured.

    Args:
        folder: Where it lies.
        cells: Detector × held-out family × mix, the means over scripted families included.
        false_alarms: By detector and mix.
        sessions: Over 1, 3, 5, 10 gestures.
        transfers: Across datasets, if asked for.
        findings: Sentences, the weightiest first; see `wording`.
        provenance: Settings, command, data, checkpoints and versions that made it.
        curves: ROC curves of the headline detector by family held out, in the fullest mix.
        reliability: How well its probabilities hold on families held out.
        groups: What it caught and missed there, and its false alarms.
        movements: Those that the examples of `groups` name; None without them.

    Benchmarks made before curves, reliability and examples were kept have none.
    """

    folder: Path
    cells: tuple[FamilyScores, ...]
    false_alarms: tuple[FalseAlarms, ...] = ()
    sessions: tuple[Session, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    findings: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    curves: tuple[RocCurve, ...] = ()
    reliability: tuple[ReliabilityBin, ...] = ()
    groups: tuple[ExampleGroup, ...] = ()
    movements: Trajectories | None = None

    def cell(self, detector: str, family: str, mix: str) -> FamilyScores | None:
        """Return that cell, or None where it was not measured."""
        for one in self.cells:
            if (one.detector, one.family, one.mix) == (detector, family, mix):
                return one
        return None

    def save(self) -> None:
        """Write benchmark.json and the movements to draw, each whole or not at all.

        Raises:
            InputError: It cannot be written.
        """
        if self.movements is not None:
            self.movements.save(self.folder / EXAMPLES)
        write_json(self.folder / RESULT, self._content())

    @property
    def digest(self) -> str:
        """What tells it from any other benchmark, wherever it lies."""
        return digest(self._content())

    def _content(self) -> dict[str, Any]:
        content = asdict(replace(self, movements=None), dict_factory=without_replicates)
        del content["folder"], content["movements"]
        return {"format": FORMAT, **content}

    @classmethod
    def load(cls, folder: str | Path) -> "BenchmarkResult":
        """Return the result in a folder.

        Raises:
            InputError: There is none, or it is damaged or of another version.
        """
        path = Path(folder) / RESULT
        if not path.is_file():
            raise InputError(
                f"{folder}: no benchmark (no {RESULT}); humouse detect benchmark writes one"
            )
        content = read_json(path)
        if content.get("format") != FORMAT:
            raise InputError(
                f"{path}: written by another version of humouse (format {content.get('format')}, not "
                f"{FORMAT}); run the benchmark again"
            )
        try:
            return cls(
                Path(folder),
                tuple(_cell(one) for one in content["cells"]),
                tuple(FalseAlarms(**one) for one in content["false_alarms"]),
                tuple(
                    Session(**{**one, "scores": _scores(one["scores"])})
                    for one in content["sessions"]
                ),
                tuple(_transfer(one) for one in content["transfers"]),
                tuple(content["findings"]),
                content["provenance"],
                tuple(RocCurve.from_json(one) for one in content.get("curves", ())),
                tuple(ReliabilityBin(**one) for one in content.get("reliability", ())),
                tuple(ExampleGroup.from_json(one) for one in content.get("groups", ())),
                Trajectories.load(path.with_name(EXAMPLES)) if content.get("groups") else None,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{path}: damaged or changed by hand; run the benchmark again"
            ) from error


def _scores(content: Mapping[str, Any]) -> dict[str, Score]:
    return {name: Score(**one) for name, one in content.items()}


def _cell(content: Mapping[str, Any]) -> FamilyScores:
    by_seed = {name: tuple(values) for name, values in content["by_seed"].items()}
    return FamilyScores(**{**content, "scores": _scores(content["scores"]), "by_seed": by_seed})


def _transfer(content: Mapping[str, Any]) -> Transfer:
    return Transfer(**{**content, "cells": tuple(_cell(one) for one in content["cells"])})
