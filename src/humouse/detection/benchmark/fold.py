"""Folds: a detector fitted on one training set, and its scores of people and bots, kept on disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import joblib
import numpy as np
import polars as pl
from jaxtyping import Float

from humouse.bots.families import FAMILIES
from humouse.detection.benchmark.dataset import BenchmarkData
from humouse.detection.benchmark.design import Design, TrainingSet
from humouse.detection.names import FEATURES, HUMAN
from humouse.detection.registry import DetectorSpec
from humouse.detection.samples.people import split_by_user
from humouse.detection.samples.shown import Showing
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
    """What a fold left on disk.

    Args:
        setups: The set-ups that its detector knows.
        logits: Part → [n, M] the logits of its members, in the order of the data.
    """

    setups: tuple[SetUp, ...]
    logits: Mapping[ScoredPart, Float[np.ndarray, "n M"]]


def all_folds(design: Design) -> list[Fold]:
    """Return every fit that the tables need, each once."""
    sets = design.training_sets().items()
    return [Fold(seed, training, out) for seed in range(design.seeds) for training, out in sets]


def fit_and_score(fold: Fold, data: BenchmarkData, fitting: Fitting, folder: Path) -> None:
    """Fit a detector, score with it, and write the scores, whole or not at all."""
    detector = _fit(fold, data, fitting)
    tables = []
    for part in _scored(fold, data):
        views = data.load(*part).looked_at
        logits = {
            spec.name: spec.score(detector.fitted[spec.name], views) for spec in fitting.specs
        }
        names = dict(zip(("setup", "family", "delivery"), part, strict=True))
        tables.append(pl.DataFrame(logits).with_columns(**{k: pl.lit(v) for k, v in names.items()}))
    _keep_explaining(detector, fold, folder)
    write_json(
        _setups_of(folder / fold.file), {"setups": [one.to_json() for one in detector.setups]}
    )
    with atomic_write(folder / fold.file) as temporary:  # last: it stands for the whole
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


def _scored(fold: Fold, data: BenchmarkData) -> list[ScoredPart]:
    """Return everything that a fold scores."""
    return [
        (setup, family, delivery)
        for setup in data.people
        for family in (HUMAN, *fold.held_out)
        for delivery in data.deliveries(family)
    ]


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


def explaining_member(fold: Fold, folder: Path) -> Any | None:
    """Return the member that looks at features, as it was fitted; None where none was kept.

    Raises:
        InputError: It is damaged.
    """
    path = _explaining_of(folder / fold.file)
    if not path.is_file():
        return None
    try:
        return joblib.load(path)
    except Exception as error:  # whatever a damaged pickle comes to
        raise InputError(f"{path}: damaged; run the benchmark again") from error


def _keep_explaining(detector: FittedDetector, fold: Fold, folder: Path) -> None:
    """Write the member that looks at features, of the first seed: examples are explained by it."""
    member = next((one.name for one in detector.specs if one.view == FEATURES), None)
    if fold.seed or member is None:
        return
    with atomic_write(_explaining_of(folder / fold.file)) as temporary:
        joblib.dump(detector.fitted[member], temporary)


def _explaining_of(path: Path) -> Path:
    return path.with_suffix(".joblib")


def _setups_of(path: Path) -> Path:
    return path.with_suffix(".json")
