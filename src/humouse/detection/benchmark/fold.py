"""Folds: a detector fitted on one training set, and its scores of people and bots, kept on disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import polars as pl
from jaxtyping import Float

from humouse.bots.families import FAMILIES
from humouse.detection.benchmark.dataset import BenchmarkData
from humouse.detection.benchmark.design import Design, TrainingSet
from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.names import FEATURES, HUMAN
from humouse.detection.onnx.export import save_onnx, to_onnx
from humouse.detection.onnx.runtime import OnnxDetector
from humouse.detection.registry import DetectorSpec
from humouse.detection.samples.people import split_by_user
from humouse.detection.samples.shown import Showing
from humouse.detection.samples.views import Views
from humouse.detection.setups.setup import SetUp
from humouse.detection.training import FittedDetector, Recipe, fit_detector
from humouse.errors import InputError
from humouse.files import atomic_write, read_json, write_json


@dataclass(frozen=True)
class Fold:
    """One fit of a detector.

    Args:
        seed: Which repetition.
        training: What it is fitted on.
        held_out: The families held out of that.
    """

    seed: int
    training: TrainingSet
    held_out: tuple[str, ...] = ()

    @property
    def file(self) -> Path:
        """Its file, below the folder of scores."""
        return Path(f"seed {self.seed}") / f"{quote(self.training.name, safe=' ,+')}.parquet"


@dataclass(frozen=True)
class Fitting:
    """How every detector of a benchmark is fitted.

    Args:
        specs: The members of the blend.
        showing: How movements are shown.
        n: Gestures of each set-up's people to fit on.
        calibration_share: Share of the train people kept for calibration.
        model_share: Weight of each model's samples in a mix.
    """

    specs: Sequence[DetectorSpec]
    showing: Showing
    n: int
    calibration_share: float
    model_share: float


ScoredPart = tuple[str, str, str]
"""Set-up, family and delivery of movements that were scored."""


@dataclass(frozen=True, eq=False)
class FoldScores:
    """What comes of a fold.

    Args:
        setups: The set-ups that its detector knows.
        logits: Part → [n, M] the logits of its members, in the order of the data.
        explaining: The member that explains examples, where the fold has one; it is kept in a file of its
            own, see `explaining_member`.
    """

    setups: tuple[SetUp, ...]
    logits: Mapping[ScoredPart, Float[np.ndarray, "n M"]]
    explaining: BoostingDetector | None = None


def all_folds(design: Design) -> list[Fold]:
    """Return every fit that the tables need, each once."""
    sets = design.training_sets().items()
    return [Fold(seed, training, out) for seed in range(design.seeds) for training, out in sets]


def seen_by(fold: Fold, data: BenchmarkData) -> dict[ScoredPart, Views]:
    """Return everything that a fold scores, as detectors see it."""
    return {
        (setup, family, delivery): data.load(setup, family, delivery).looked_at
        for setup in data.people
        for family in (HUMAN, *fold.held_out)
        for delivery in data.deliveries(family)
    }


def fit_and_score(
    fold: Fold, seen: Mapping[ScoredPart, Views], data: BenchmarkData, fitting: Fitting
) -> FoldScores:
    """Fit a detector and score with it; no file is read.

    Args:
        fold: What it is fitted on.
        seen: What it scores; see `seen_by`.
        data: Has the people and the bots to fit on.
        fitting: How it is fitted.
    """
    detector = _fit(fold, data, fitting)
    logits = {
        part: np.column_stack(
            [spec.score(detector.fitted[spec.name], views) for spec in fitting.specs]
        )
        for part, views in seen.items()
    }
    return FoldScores(tuple(detector.setups), logits, _explaining(detector, fold))


def keep_scores(fold: Fold, scores: FoldScores, folder: Path, members: Sequence[str]) -> None:
    """Write the scores of a fold, whole or not at all.

    Args:
        fold: Whose they are.
        scores: What `fit_and_score` returned.
        folder: Of the scores of all folds.
        members: Names of the members of the blend.
    """
    names = ("setup", "family", "delivery")
    tables = [
        pl.DataFrame(logits, schema=list(members)).with_columns(
            **{name: pl.lit(of) for name, of in zip(names, part, strict=True)}
        )
        for part, logits in scores.logits.items()
    ]
    path = folder / fold.file
    if scores.explaining is not None:
        save_onnx(to_onnx(scores.explaining), _explaining_of(path))
    write_json(_setups_of(path), {"setups": [one.to_json() for one in scores.setups]})
    with atomic_write(path) as temporary:  # last: it stands for the whole
        pl.concat(tables).write_parquet(temporary)


def _fit(fold: Fold, data: BenchmarkData, fitting: Fitting) -> FittedDetector:
    fit_on, calibrate_on = {}, {}
    for name in fold.training.setups:
        fit_on[name], calibrate_on[name] = split_by_user(
            data.people[name].train, fitting.calibration_share, fold.seed
        )
    scripted = [family for family in data.sources if family in FAMILIES]
    mixture = fold.training.mixture(scripted, fitting.model_share)
    recipe = Recipe(fitting.specs, fitting.showing, mixture, fitting.n, fold.seed)
    return fit_detector(fit_on, calibrate_on, data.sources, recipe, lambda done: None)


def read_scores(fold: Fold, folder: Path, members: Sequence[str]) -> FoldScores:
    """Return the scores of a fold.

    Raises:
        InputError: They are missing or damaged.
    """
    path = folder / fold.file
    try:
        table = pl.read_parquet(path, glob=False)
        setups = tuple(map(SetUp.from_json, read_json(_setups_of(path))["setups"]))
    except (OSError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{path}: not readable; delete it and go on with resume=true") from error
    parts = table.group_by(["setup", "family", "delivery"], maintain_order=True)
    return FoldScores(
        setups,
        {
            (str(setup), str(family), str(delivery)): part.select(members).to_numpy()
            for (setup, family, delivery), part in parts
        },
    )


def explaining_member(fold: Fold, folder: Path) -> OnnxDetector | None:
    """Return the member that looks at features; None where none was kept.

    Raises:
        InputError: It is damaged, or another kind of detector.
    """
    path = _explaining_of(folder / fold.file)
    if not path.is_file():
        return None
    member = OnnxDetector.load(path)
    if not member.columns_:
        raise InputError(f"{path}: looks at no features; run the benchmark again")
    return member


def _explaining(detector: FittedDetector, fold: Fold) -> BoostingDetector | None:
    """Return the member that looks at features, of the first seed: examples are explained by it."""
    member = next((one.name for one in detector.specs if one.view == FEATURES), None)
    return None if fold.seed or member is None else detector.fitted[member]


def _explaining_of(path: Path) -> Path:
    return path.with_suffix(".onnx")


def _setups_of(path: Path) -> Path:
    return path.with_suffix(".json")
