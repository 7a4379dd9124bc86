"""A detector on disk: an ONNX file for each member of the blend and for the blend; no pickle."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float

from humouse.data.preprocess import preprocess
from humouse.detection.calibration.calibrated import CalibratedDetector
from humouse.detection.explain import explain
from humouse.detection.names import BLEND, STEPS
from humouse.detection.onnx.runtime import OnnxDetector
from humouse.detection.registry import REGISTRY, Inputs
from humouse.detection.samples.views import FeatureViews
from humouse.errors import InputError
from humouse.extras import require
from humouse.files import read_json, set_aside_in, sha256, write_json
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
    """Write a detector into a folder; one that is there already is set aside.

    Args:
        folder: Where to.
        fitted: Detector's name → fitted estimator, in the order of the blend's columns.
        blend: Calibrated, of the detectors' raw scores.
        checkpoints: "diffusion" and "gan" → the checkpoint whose view a detector looks at, or None.
        feature_mode: Which features detectors look at.
        provenance: Settings, command, people, versions.

    Raises:
        InputError: A file cannot be written, or the extra `onnx` is not installed.
    """
    require("saving a detector", "onnx")
    from humouse.detection.onnx.export import save_onnx, to_onnx

    set_aside_in(folder, [MANIFEST, *(f"{name}.onnx" for name in (*REGISTRY, BLEND))])
    for name, estimator in fitted.items():
        save_onnx(to_onnx(estimator), folder / f"{name}.onnx")
    save_onnx(to_onnx(blend), folder / f"{BLEND}.onnx")
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


def _cleaned(movements: Trajectories) -> Trajectories:
    """Return the movements preprocessed; each keeps its row."""
    cleaned = preprocess(movements)
    if len(cleaned) < len(movements):
        raise InputError(
            f"{movements.origin}: {len(movements) - len(cleaned)} movements go nowhere; leave them out"
        )
    return cleaned


@dataclass(frozen=True, eq=False)
class SavedDetector:
    """A detector read from its folder.

    Args:
        folder: Where it lies.
        detectors: Name → what ONNX Runtime runs.
        blend: Of the detectors' scores, calibrated.
        views: What the detectors look at.
    """

    folder: Path
    detectors: Mapping[str, OnnxDetector]
    blend: OnnxDetector
    views: FeatureViews

    @classmethod
    def load(cls, folder: str | Path) -> "SavedDetector":
        """Return the detector in a folder.

        Raises:
            InputError: There is none, a file is missing or changed, or a checkpoint is not the one
                whose view a detector was fitted on.
        """
        folder = Path(folder)
        manifest = _read_manifest(folder / MANIFEST)
        try:
            names, files, mode = (manifest[key] for key in ("members", "files", "feature_mode"))
            checkpoints = {key: manifest["checkpoints"][key] for key in ("diffusion", "gan")}
            for name in (*names, BLEND):
                _check_hash(folder / f"{name}.onnx", files[name], "train the detector again")
            for one in checkpoints.values():
                if one is not None:
                    _check_hash(Path(one["path"]), one["sha256"], "put the checkpoint back")
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{folder / MANIFEST}: damaged or changed by hand; train the detector again"
            ) from error
        diffusion, gan = (None if one is None else one["path"] for one in checkpoints.values())
        return cls(
            folder,
            {name: OnnxDetector.load(folder / f"{name}.onnx") for name in names},
            OnnxDetector.load(folder / f"{BLEND}.onnx"),
            FeatureViews.load(diffusion, gan, mode),
        )

    def check_rate(self, false_positive_rate: float) -> None:
        """Raise InputError if no threshold was fixed for that share of people's gestures."""
        self.blend.check_rate(false_positive_rate)

    def score(
        self, movements: Trajectories, *, false_positive_rate: float = 0.01, reasons: int = 0
    ) -> pl.DataFrame:
        """Return the decision on each movement.

        Args:
            movements: B movements; steps that go nowhere are merged with the next.
            false_positive_rate: Share of people's gestures that may be flagged.
            reasons: How many features explain each decision; 0 for none.

        Returns:
            B rows: user, probability and log_odds of a bot, flagged, the score of each detector, and
            the reasons if any are asked for.

        Raises:
            InputError: No threshold was fixed for that rate, or a movement goes nowhere.
        """
        movements = _cleaned(movements)
        inputs: Inputs = {STEPS: movements, **self.views.featurize(movements)}
        scores = self.detector_scores(inputs)
        user = [None] * len(movements) if movements.user is None else movements.user.astype(str)
        columns: dict[str, Any] = {
            "user": pl.Series(user, dtype=pl.String),
            "probability": self.blend.predict_proba(scores)[:, 1],
            "log_odds": self.blend.decision_function(scores),
            "flagged": self.blend.predict(scores, false_positive_rate).astype(bool),
            **dict(zip((f"{name}_score" for name in self.detectors), scores.T, strict=True)),
        }
        if reasons:
            columns["reasons"] = pl.Series(self._reasons(inputs, reasons), dtype=pl.String)
        return pl.DataFrame(columns)

    def detector_scores(self, inputs: Inputs) -> Float[np.ndarray, "B detectors"]:
        """Return [B, detectors] the raw score of each detector of the blend."""
        return np.stack(
            [REGISTRY[name].score(session, inputs) for name, session in self.detectors.items()], 1
        )

    def _reasons(self, inputs: Inputs, most: int) -> list[str]:
        """Return a line for each decision: the features that move its log-odds most."""
        for name, session in self.detectors.items():
            if REGISTRY[name].view == "features":
                explained = explain(session, REGISTRY[name].select(inputs), most)
                return ["; ".join(map(str, reasons)) for reasons in explained]
        return [""] * len(inputs[STEPS])


def _read_manifest(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(
            f"{path.parent}: no detector (no {MANIFEST}); humouse detect train writes one"
        )
    manifest = read_json(path)
    if manifest.get("format") != FORMAT:
        raise InputError(
            f"{path}: written by another version of humouse (format {manifest.get('format')}, not "
            f"{FORMAT}); train the detector again"
        )
    return manifest


def _check_hash(path: Path, expected: str, remedy: str) -> None:
    if not path.is_file():
        raise InputError(f"{path}: missing; {remedy}")
    if sha256(path) != expected:
        raise InputError(f"{path}: not the file that the detector was saved with; {remedy}")
