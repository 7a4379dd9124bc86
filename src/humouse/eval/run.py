"""`EvaluationRun`: a folder that holds one evaluation, its references, and what they were taken on.

scores.json                      every number, the verdict, and what made them
data/people.parquet              the movements compared: people's
data/generated.parquet           … and the judged ones
data/nearest.parquet             for each of `neighbours`, in order, its train movement
data/people_features.parquet     the features of the first two
data/generated_features.parquet
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from humouse.errors import InputError
from humouse.eval.result import Evaluation
from humouse.eval.statistics.score import Score, without_replicates
from humouse.features import FeatureTable
from humouse.files import digest, read_json, write_json
from humouse.trajectories import Trajectories

FORMAT = 1
SCORES = "scores.json"
FILES = (
    SCORES,
    *(f"data/{name}.parquet" for name in ("people", "generated", "nearest")),
    *(f"data/{name}_features.parquet" for name in ("people", "generated")),
    *(f"{name}.png" for name in ("gestures", "kinematics", "spectra")),
    "report.html",
)
"""What an evaluation writes into its folder, its pictures and its page included."""

SIDES = {
    "generated": "generated",
    "other_people": "human–human baseline",
    "same_people": "the same people, halved",
    "replay": "replayed train people",
    "line": "straight line",
    "bezier": "Bézier curve",
}
"""What is compared with people, by its key, and what to call it; all but the first are references."""


@dataclass(frozen=True)
class Finding:
    """One thing that the numbers say.

    Args:
        kind: "told_apart", "undecided" or "not_told_apart"; "copying", "missing_modes", "unreal",
            "gives_away", "clock", "spectra". See `verdict`.
        text: A sentence.
    """

    kind: str
    text: str


@dataclass(frozen=True, eq=False)
class EvaluationRun:
    """One evaluation with its references.

    Args:
        folder: Where it lies.
        evaluations: By key of `SIDES`, each against the same people; "generated" is always there.
        headline: The verdict in a sentence.
        excess: By how much each score of what is judged exceeds the human–human baseline.
        findings: What the numbers show, the weightiest first.
        provenance: Settings, command, checkpoint, data and versions that made it.
    """

    folder: Path
    evaluations: dict[str, Evaluation]
    headline: str
    excess: dict[str, Score] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def generated(self) -> Evaluation:
        """The evaluation of what is judged."""
        return self.evaluations["generated"]

    @property
    def baseline(self) -> Evaluation | None:
        """The human–human baseline, which every score is read against."""
        return self.evaluations.get("other_people")

    def save(self) -> None:
        """Write scores.json, whole or not at all.

        Raises:
            InputError: It cannot be written.
        """
        write_json(self.folder / SCORES, self._content())

    @property
    def digest(self) -> str:
        """What tells it from any other evaluation, wherever it lies."""
        return digest(self._content())

    def _content(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "headline": self.headline,
            "excess": {
                name: asdict(score, dict_factory=without_replicates)
                for name, score in self.excess.items()
            },
            "findings": [asdict(finding) for finding in self.findings],
            "evaluations": {key: one.as_dict() for key, one in self.evaluations.items()},
            "provenance": self.provenance,
        }

    @classmethod
    def load(cls, folder: str | Path) -> "EvaluationRun":
        """Return the run in a folder.

        Raises:
            InputError: There is none, or it is damaged or of another version.
        """
        folder = Path(folder)
        if not (folder / SCORES).is_file():
            raise InputError(f"{folder}: no evaluation (no {SCORES}); humouse eval writes one")
        content = read_json(folder / SCORES)
        if content.get("format") != FORMAT:
            raise InputError(
                f"{folder / SCORES}: written by another version of humouse (format "
                f"{content.get('format')}, not {FORMAT}); evaluate again"
            )
        try:
            evaluations = {
                key: Evaluation.from_dict(one) for key, one in content["evaluations"].items()
            }
            findings = tuple(Finding(**one) for one in content["findings"])
            excess = {name: Score(**score) for name, score in content["excess"].items()}
            run = cls(
                folder,
                evaluations,
                content["headline"],
                excess,
                findings,
                content["provenance"],
            )
            run.generated  # noqa: B018 — must be there
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{folder / SCORES}: damaged or changed by hand; evaluate again"
            ) from error
        return run

    def movements(self, name: str) -> Trajectories:
        """Return the movements "people", "generated" or "nearest".

        Raises:
            InputError: Their file is missing or damaged.
        """
        return Trajectories.load(self.folder / "data" / f"{name}.parquet")

    def features(self, name: str) -> FeatureTable:
        """Return the features of "people" or "generated".

        Raises:
            InputError: Their file is missing or damaged.
        """
        return FeatureTable.load(self.folder / "data" / f"{name}_features.parquet")
