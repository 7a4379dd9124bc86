"""A detector on disk: an ONNX file for each member and for their blend, and what made them; no pickle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float

from humouse.detection.calibration.calibrated import CalibratedDetector
from humouse.detection.explain import explain
from humouse.detection.names import BLEND, HUMAN
from humouse.detection.onnx.runtime import OnnxDetector
from humouse.detection.onnx.sequence import to_onnx as steps_to_onnx
from humouse.detection.onnx.tables import save_onnx
from humouse.detection.onnx.tables import to_onnx as table_to_onnx
from humouse.detection.registry import MEMBERS, STEPS
from humouse.detection.samples.labelled import Evidence, evidence_of
from humouse.detection.samples.views import Views
from humouse.errors import InputError
from humouse.files import back_up, read_json, sha256, write_json
from humouse.trajectories import Trajectories

FORMAT = 1
MANIFEST = "detector.json"


def save_detector(
    folder: Path,
    fitted: Mapping[str, Any],
    blend: CalibratedDetector,
    checkpoints: Mapping[str, str | None],
    feature_mode: str,
    provenance: Mapping[str, Any],
) -> None:
    """Write a detector into a folder; one that is there already is backed up.

    Args:
        folder: Where to.
        fitted: Member's name → fitted estimator, in the order of the blend's columns.
        blend: Calibrated, of the members' raw scores.
        checkpoints: "diffusion" and "gan" → the checkpoint whose view a member looks at, or None.
        feature_mode: Which features members look at.
        provenance: Settings, command, people, versions.

    Raises:
        InputError: A file cannot be written.
    """
    if kept := back_up(folder):
        print(f"{folder} exists: kept as {kept}")
    for name, estimator in fitted.items():
        writer = steps_to_onnx if MEMBERS[name].view == STEPS else table_to_onnx
        save_onnx(writer(estimator), folder / f"{name}.onnx")
    save_onnx(table_to_onnx(blend), folder / f"{BLEND}.onnx")
    files = {name: sha256(folder / f"{name}.onnx") for name in (*fitted, BLEND)}
    write_json(
        folder / MANIFEST,
        {
            "format": FORMAT,
            "members": list(fitted),
            "feature_mode": feature_mode,
            "checkpoints": {
                name: None if path is None else {"path": str(path), "sha256": sha256(path)}
                for name, path in checkpoints.items()
            },
            "files": files,
            **provenance,
        },
    )


@dataclass(frozen=True, eq=False)
class SavedDetector:
    """A detector read from its folder.

    Args:
        folder: Where it lies.
        members: Name → what ONNX Runtime runs.
        blend: Of the members' scores, calibrated.
        views: What the members look at.
    """

    folder: Path
    members: Mapping[str, OnnxDetector]
    blend: OnnxDetector
    views: Views

    @classmethod
    def load(cls, folder: str | Path) -> "SavedDetector":
        """Return the detector in a folder.

        Raises:
            InputError: There is none, a file is missing or changed, or a checkpoint is not the one
                whose view a member was fitted on.
        """
        folder = Path(folder)
        path = folder / MANIFEST
        if not path.is_file():
            raise InputError(
                f"{folder}: no detector (no {MANIFEST}); humouse detect train writes one"
            )
        content = read_json(path)
        if content.get("format") != FORMAT:
            raise InputError(
                f"{path}: written by another version of humouse (format {content.get('format')}, not "
                f"{FORMAT}); train the detector again"
            )
        try:
            names, files, mode = (content[key] for key in ("members", "files", "feature_mode"))
            checkpoints = {key: content["checkpoints"][key] for key in ("diffusion", "gan")}
            for name in (*names, BLEND):
                _check_hash(folder / f"{name}.onnx", files[name], "train the detector again")
            for one in checkpoints.values():
                if one is not None:
                    _check_hash(Path(one["path"]), one["sha256"], "put the checkpoint back")
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path}: damaged or changed by hand; train the detector again"
            ) from error
        diffusion, gan = (None if one is None else one["path"] for one in checkpoints.values())
        return cls(
            folder,
            {name: OnnxDetector.load(folder / f"{name}.onnx") for name in names},
            OnnxDetector.load(folder / f"{BLEND}.onnx"),
            Views.load(diffusion, gan, mode),
        )

    def decide(
        self, movements: Trajectories, *, false_positive_rate: float, reasons: int
    ) -> pl.DataFrame:
        """Return a row a movement: user, probability and log-odds of a bot, flagged, members, reasons.

        Args:
            movements: As `material.seen_as` gives them.
            false_positive_rate: Share of people's gestures that may be flagged.
            reasons: How many features explain each decision; 0 for none.

        Raises:
            InputError: No threshold was fixed for that rate, or a movement has no steps.
        """
        evidence = self.views.look(evidence_of(movements, HUMAN, HUMAN))
        scores = self.member_scores(evidence)
        user = [None] * len(movements) if movements.user is None else movements.user.astype(str)
        columns: dict[str, Any] = {
            "user": pl.Series(user, dtype=pl.String),
            "probability": self.blend.predict_proba(scores)[:, 1],
            "log_odds": self.blend.decision_function(scores),
            "flagged": self.blend.predict(scores, false_positive_rate).astype(bool),
            **dict(zip((f"{name}_score" for name in self.members), scores.T, strict=True)),
        }
        if reasons:
            columns["reasons"] = pl.Series(self._reasons(evidence, reasons), dtype=pl.String)
        return pl.DataFrame(columns)

    def member_scores(self, evidence: Evidence) -> Float[np.ndarray, "n M"]:
        """Return [n, M] the raw score of each member."""
        return np.stack(
            [
                session.decision_function(MEMBERS[name].seen(evidence))
                for name, session in self.members.items()
            ],
            1,
        )

    def _reasons(self, evidence: Evidence, most: int) -> Sequence[str]:
        """Return a line for each decision: the features that speak the loudest."""
        explained = [name for name in self.members if MEMBERS[name].view == "features"]
        if not explained:
            return [""] * len(evidence)
        name = explained[0]
        found = explain(self.members[name], MEMBERS[name].seen(evidence), most)
        return ["; ".join(map(str, several)) for several in found]


def _check_hash(path: Path, expected: str, remedy: str) -> None:
    if not path.is_file():
        raise InputError(f"{path}: missing; {remedy}")
    if sha256(path) != expected:
        raise InputError(f"{path}: not the file that the detector was saved with; {remedy}")
