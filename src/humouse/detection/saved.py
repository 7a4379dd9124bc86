"""A detector on disk: an ONNX file for each member of the blend and for the blend; no pickle."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float

from humouse.codec import merge_zero_moves
from humouse.data.preprocess import preprocess
from humouse.detection.calibration.calibrated import CalibratedDetector
from humouse.detection.explain import explain
from humouse.detection.names import BLEND, HUMAN, STEPS
from humouse.detection.onnx.runtime import OnnxDetector
from humouse.detection.registry import REGISTRY, Inputs
from humouse.detection.samples.views import FeatureViews
from humouse.errors import InputError
from humouse.extras import require
from humouse.files import read_json, set_aside_in, sha256, write_json
from humouse.training.checkpoint import Checkpoint
from humouse.trajectories import Trajectories

FORMAT = 2
_OLDER = 1
"""The format that names checkpoints where they lay, instead of holding a copy."""
MANIFEST = "detector.json"
BOT, NOT_SCORED = "bot", "not scored"
"""Verdicts, beside `HUMAN`."""
_VIEWS = ("diffusion", "gan")


def save_detector(
    folder: Path,
    fitted: Mapping[str, Any],
    blend: CalibratedDetector,
    checkpoints: Mapping[str, str | None],
    feature_mode: str,
    provenance: Mapping[str, Any],
) -> None:
    """Write a detector into a folder that needs nothing else; one that is there already is set aside.

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

    models = [_model_file(name) for name in _VIEWS]
    set_aside_in(folder, [MANIFEST, *models, *(f"{name}.onnx" for name in (*REGISTRY, BLEND))])
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
                name: None if path is None else _copy_model(path, folder / _model_file(name))
                for name, path in checkpoints.items()
            },
            "files": files,
            **provenance,
        },
    )


def _model_file(name: str) -> str:
    """Return the name of a model's file in the folder of a detector that looks at its view."""
    return f"{name}.pt"


def _without_prior(codec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a codec's state without the train split's own numbers, which only sampling draws from."""
    return {
        key: None
        if key in ("prior", "prior_kind")
        else _without_prior(value)
        if isinstance(value, Mapping)
        else value
        for key, value in codec.items()
    }


def _copy_model(path: str, copy: Path) -> dict[str, Any]:
    """Write the weights that serve into the detector's folder; return the manifest's part about them."""
    saved = Checkpoint.load(path).for_sampling()
    replace(saved, codec=_without_prior(saved.codec)).save(copy)
    return {
        "file": copy.name,
        "sha256": sha256(copy),
        "copied_from": {"path": str(path), "sha256": sha256(path)},
    }


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
            InputError: There is none, or a file is missing or changed; an older detector lacks the
                checkpoint whose view a detector was fitted on.
        """
        folder = Path(folder)
        manifest = _read_manifest(folder / MANIFEST)
        try:
            names, files, mode = (manifest[key] for key in ("members", "files", "feature_mode"))
            for name in (*names, BLEND):
                _check_hash(folder / f"{name}.onnx", files[name], _AGAIN)
            diffusion, gan = (
                _checked_model(manifest["checkpoints"][key], folder) for key in _VIEWS
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{folder / MANIFEST}: damaged or changed by hand; {_AGAIN}"
            ) from error
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
            B rows. Where the movement stands: movement (what it is called in the table that it was read
            from, else its number), user, start (time of its first point, as the table has it) and row
            (of its first point, from 0). The decision: probability and log_odds of a bot, flagged,
            verdict ("bot" where flagged, "human", or "not scored"), the score of each detector, and
            reasons. A movement that goes nowhere is not scored; its reasons say so.

        Raises:
            InputError: No threshold was fixed for that rate.
        """
        self.check_rate(false_positive_rate)
        goes = (merge_zero_moves(movements).lengths >= 1).numpy()
        decisions = _places(movements).with_columns(
            verdict=pl.lit(NOT_SCORED), reasons=pl.lit("it goes nowhere")
        )
        if not goes.any():
            return decisions
        made = self._decisions(preprocess(movements), false_positive_rate, reasons)
        made = made.with_columns(number=pl.Series(np.flatnonzero(goes), dtype=pl.Int64))
        placed = decisions.with_columns(number=pl.int_range(len(decisions), dtype=pl.Int64))
        joined = placed.join(made, on="number", how="left", maintain_order="left", suffix="_made")
        own = [pl.coalesce(f"{name}_made", name).alias(name) for name in ("verdict", "reasons")]
        scores = [f"{name}_score" for name in self.detectors]
        order = ("probability", "verdict", "flagged", "log_odds", *scores, "reasons")
        return joined.with_columns(own).select(*_PLACE, *order)

    def _decisions(
        self, movements: Trajectories, false_positive_rate: float, reasons: int
    ) -> pl.DataFrame:
        """Return the decision on each of B preprocessed movements."""
        inputs: Inputs = {STEPS: movements, **self.views.featurize(movements)}
        scores = self.detector_scores(inputs)
        flagged = self.blend.predict(scores, false_positive_rate).astype(bool)
        why = self._reasons(inputs, reasons) if reasons else [""] * len(movements)
        columns: dict[str, Any] = {
            "probability": self.blend.predict_proba(scores)[:, 1],
            "verdict": np.where(flagged, BOT, HUMAN),
            "flagged": flagged,
            "log_odds": self.blend.decision_function(scores),
            **dict(zip((f"{name}_score" for name in self.detectors), scores.T, strict=True)),
            "reasons": pl.Series(why, dtype=pl.String),
        }
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


_PLACE = ("movement", "user", "start", "row")


def _places(movements: Trajectories) -> pl.DataFrame:
    """Return where each of B movements stands: in the table that it was read from, or in the batch."""
    B, places = len(movements), movements.places
    user = [None] * B if movements.user is None else movements.user.astype(str)
    named = np.arange(B).astype(str) if places is None else places.movement.astype(str)
    return pl.DataFrame(
        {
            "movement": pl.Series(named, dtype=pl.String),
            "user": pl.Series(user, dtype=pl.String),
            "start": pl.Series([None] * B if places is None else places.t, dtype=pl.Float64),
            "row": pl.Series(np.arange(B) if places is None else places.row, dtype=pl.Int64),
        }
    ).with_columns(pl.col("start").fill_nan(None))


_AGAIN = "train the detector again"


def _checked_model(one: Mapping[str, Any] | None, folder: Path) -> Path | None:
    """Return where the model of a view lies, unchanged; None where no detector looks at the view."""
    if one is None:
        return None
    if "file" in one:
        path, remedy = folder / one["file"], _AGAIN
    else:
        path, remedy = Path(one["path"]), f"put the checkpoint back, or {_AGAIN}"
    _check_hash(path, one["sha256"], remedy)
    return path


def _read_manifest(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(
            f"{path.parent}: no detector (no {MANIFEST}); humouse detect train writes one"
        )
    manifest = read_json(path)
    if manifest.get("format") not in (FORMAT, _OLDER):
        raise InputError(
            f"{path}: written by another version of humouse (format {manifest.get('format')}, not "
            f"{FORMAT}); {_AGAIN}"
        )
    return manifest


def _check_hash(path: Path, expected: str, remedy: str) -> None:
    if not path.is_file():
        raise InputError(f"{path}: missing; {remedy}")
    if sha256(path) != expected:
        raise InputError(f"{path}: not the file that the detector was saved with; {remedy}")
