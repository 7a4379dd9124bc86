"""`BenchmarkResult`: how detectors do on families of bots held out, as numbers on disk."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from humouse.detection.benchmark.drawn import ExampleGroup, ReliabilityBin, RocCurve
from humouse.errors import InputError
from humouse.eval.statistics.score import Score, without_replicates
from humouse.files import digest, read_json, write_json
from humouse.settings.choices import MIXES
from humouse.trajectories import Trajectories

FORMAT = 2
RESULT = "benchmark.json"
MANY = 100
"""Movements of a person from which how often they are called a bot means something by itself."""

EXAMPLES = "examples.parquet"
"""The movements that are drawn; some of them are recordings of people."""


@dataclass(frozen=True)
class FamilyScores:
    """One detector on one family of bots that was held out.

    Args:
        detector: `BLEND`, or a member of it.
        family: The family held out, `MEAN` or `FILES_MEAN`.
        mix: What it was fitted on, one of `MIXES`, less that family; with people of every set-up.
        tested_on: The set-up of the people that the bots are told from.
        delivery: How the bots' movements came: `OWN` or `BROWSER`.
        scores: By name, see `metrics.SCORES`; the mean over the seeds, with its interval over the
            people evaluated on.
        by_seed: Name → the value of each seed.
        people: How many people it was evaluated on.
        human_gestures: How many gestures of theirs, in each seed.
        bot_gestures: How many of the family's.
        variant: The one variant of the family that this is about; "" for all of it.
    """

    detector: str
    family: str
    mix: str
    tested_on: str
    delivery: str
    scores: Mapping[str, Score]
    by_seed: Mapping[str, tuple[float, ...]]
    people: int
    human_gestures: int
    bot_gestures: int
    variant: str = ""

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """What it is about, but the family."""
        return self.detector, self.mix, self.tested_on, self.delivery, self.variant


@dataclass(frozen=True)
class FalseAlarms:
    """What is said of people who took no part in the fit, by the detector's own thresholds.

    Shares are means over the seeds.

    Args:
        fitted_on: The set-ups whose people it was fitted on.
        tested_on: The set-up of these people.
        mix: The negatives that it was fitted on.
        bot_at_1: Share of their movements called a bot's where 1% may be.
        bot_at_01: The same where 0.1% may be.
        unfamiliar_at_1: Share called unfamiliar.
        sessions: Movements of a session, as text → share of sessions called a bot's by the session rule
            after any of them.
        rate_by_user: Person → share of their movements called a bot's where 1% may be.
        gestures_by_user: Person → how many movements of theirs were scored.
    """

    fitted_on: tuple[str, ...]
    tested_on: str
    mix: str
    bot_at_1: float
    bot_at_01: float
    unfamiliar_at_1: float
    sessions: Mapping[str, float]
    rate_by_user: Mapping[str, float]
    gestures_by_user: Mapping[str, int]

    @property
    def worst(self) -> tuple[str, float] | None:
        """Of people with `MANY` movements or more, the one called a bot most often, and how often."""
        many = [who for who, count in self.gestures_by_user.items() if count >= MANY]
        rates = {who: self.rate_by_user[who] for who in many}
        return max(rates.items(), key=lambda one: (one[1], one[0]), default=None)


@dataclass(frozen=True)
class Session:
    """Scores of the blend over sessions of several movements of one source.

    Args:
        family: The family held out, `MEAN` or `FILES_MEAN`.
        mix: What it was fitted on.
        tested_on: The set-up of the people that the bots are told from.
        delivery: How the bots' movements came.
        gestures: Movements of a session.
        scores: "roc_auc" and "tpr_at_1" over sessions, and "called_at_1": the share of bots' sessions
            that the session rule calls a bot's after any of their movements.
    """

    family: str
    mix: str
    tested_on: str
    delivery: str
    gestures: int
    scores: Mapping[str, Score]


@dataclass(frozen=True, eq=False)
class BenchmarkResult:
    """Everything that a benchmark measured.

    Args:
        folder: Where it lies.
        setups: Names of the set-ups, the one that stands for the whole first.
        cells: Detector × held-out family × mix × set-up tested on × delivery, means and variants included.
        false_alarms: By what the detector was fitted on, and whose people it was tested on.
        sessions: Over 1, 3, 5, 10 movements.
        findings: Sentences, the weightiest first; see `wording`.
        provenance: Settings, command, data, checkpoints and versions that made it.
        curves: ROC curves by family held out, delivered as by a browser, in the first mix and set-up.
        reliability: How well probabilities hold on families held out.
        groups: What was caught and missed there, and false alarms.
        movements: Those that the examples of `groups` name; None without them.
    """

    folder: Path
    setups: tuple[str, ...] = ()
    cells: tuple[FamilyScores, ...] = ()
    false_alarms: tuple[FalseAlarms, ...] = ()
    sessions: tuple[Session, ...] = ()
    findings: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    curves: tuple[RocCurve, ...] = ()
    reliability: tuple[ReliabilityBin, ...] = ()
    groups: tuple[ExampleGroup, ...] = ()
    movements: Trajectories | None = None

    @property
    def mixes(self) -> list[str]:
        """The mixes measured, in the order of the tables; the first stands for the whole."""
        measured = {cell.mix for cell in self.cells}
        return [mix for mix in MIXES if mix in measured]

    def cell(
        self, detector: str, family: str, mix: str, tested_on: str, delivery: str
    ) -> FamilyScores | None:
        """Return the cell of a whole family, or None where it was not measured."""
        return self._by_place.get((family, (detector, mix, tested_on, delivery, "")))

    @cached_property
    def _by_place(self) -> dict[tuple[str, tuple[str, ...]], FamilyScores]:
        return {(one.family, one.place): one for one in self.cells}

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
                tuple(content["setups"]),
                tuple(_cell(one) for one in content["cells"]),
                tuple(
                    FalseAlarms(**{**one, "fitted_on": tuple(one["fitted_on"])})
                    for one in content["false_alarms"]
                ),
                tuple(
                    Session(**{**one, "scores": _scores(one["scores"])})
                    for one in content["sessions"]
                ),
                tuple(content["findings"]),
                content["provenance"],
                tuple(RocCurve.from_json(one) for one in content["curves"]),
                tuple(ReliabilityBin(**one) for one in content["reliability"]),
                tuple(ExampleGroup.from_json(one) for one in content["groups"]),
                Trajectories.load(path.with_name(EXAMPLES)) if content["groups"] else None,
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
