"""`humouse detect train`: fit every detector, learn what scores mean on other people, and save it all."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from humouse.data.devices import DeviceRules
from humouse.data.prepared import load_split, origin_of
from humouse.detection.detector import write_detector
from humouse.detection.registry import select_detectors
from humouse.detection.samples.one_clock import OneClock
from humouse.detection.samples.own_bots import OwnBots
from humouse.detection.samples.people import named_apart, split_by_user
from humouse.detection.samples.shown import Showing
from humouse.detection.samples.sources import NegativeSources, negative_sources
from humouse.detection.training import DEFAULT_MIXTURE, FittedDetector, Recipe, fit_detector
from humouse.errors import InputError
from humouse.extras import require
from humouse.files import alone_in, versions
from humouse.progress import progress_bar
from humouse.settings import DetectTrainSettings
from humouse.settings.checks import check_seed
from humouse.settings.compose import command_of
from humouse.training.device import resolve_device
from humouse.trajectories import Trajectories

_CONFIG = "detect/train"
_VERB = "humouse detect train"
_FEWEST = 100


def run(settings: DetectTrainSettings) -> None:
    """Train a detector and write it."""
    s = settings
    check_seed(s.seed)
    _check(s)
    require("saving a detector", "onnx")
    own = OwnBots.read(s.bots.files or {}, s.bots.held_out, s.seed)
    sources = negative_sources(
        models={"gan": s.gan_ckpt, "diffusion": s.diffusion_ckpt},
        device=str(resolve_device(s.device)),
    )
    mixture = own.mixed_into(s.mixture or DEFAULT_MIXTURE)
    showing = Showing(OneClock(**vars(s.clock)), DeviceRules(), s.looks)
    recipe = Recipe(select_detectors(s.detectors), showing, mixture, s.n, s.seed)
    fit_on, calibrate_on = _people(s)
    with alone_in(s.out_dir):
        _train(s, own, recipe, {**sources, **own.sources}, fit_on, calibrate_on)


def _train(
    s: DetectTrainSettings,
    own: OwnBots,
    recipe: Recipe,
    sources: NegativeSources,
    fit_on: dict[str, Trajectories],
    calibrate_on: dict[str, Trajectories],
) -> None:
    with progress_bar("training", 2 + len(recipe.specs) + len(fit_on)) as advance:
        detector = fit_detector(fit_on, calibrate_on, sources, recipe, advance)
    provenance = _provenance(s, fit_on, calibrate_on)
    write_detector(
        Path(s.out_dir),
        detector.onnx_files(),
        list(detector.fitted),
        detector.setups,
        recipe.showing.clock,
        provenance,
    )
    _report(detector)
    _report_own(detector, own, calibrate_on, recipe.showing, s.seed)
    print(f"detector: {s.out_dir}/ (detector.json, and an ONNX file of each member)")


def _check(s: DetectTrainSettings) -> None:
    if s.n < _FEWEST:
        raise InputError(f"n={s.n}: must be at least {_FEWEST}")
    if s.looks < 1:
        raise InputError(f"looks={s.looks}: must be at least 1")


def _people(s: DetectTrainSettings) -> tuple[dict[str, Trajectories], dict[str, Trajectories]]:
    """Return each set-up's people to fit on, and those to calibrate on."""
    fit_on, calibrate_on = {}, {}
    for folder in (s.dir, *s.more_dirs):
        people = load_split(Path(folder) / "train")
        name = people.origin
        if name in fit_on:
            raise InputError(f"more_dirs: {folder} holds people of {name}, which is there already")
        people = named_apart(people, name)
        fit_on[name], calibrate_on[name] = split_by_user(people, s.calibration_share, s.seed)
    return fit_on, calibrate_on


def _report(detector: FittedDetector) -> None:
    """Print what thresholds rest on."""
    for one in detector.setups:
        print(
            f"{one.name}: calibrated on {one.gestures:,} gestures of {one.people} people that no "
            "detector was fitted on"
        )


def _report_own(
    detector: FittedDetector,
    own: OwnBots,
    people: Mapping[str, Trajectories],
    showing: Showing,
    seed: int,
) -> None:
    """Print how one's own bots are told from people; neither was fitted on."""
    if not own.kept:
        return
    human = np.concatenate([detector.score(one, showing) for one in people.values()])
    for name, movements in own.kept.items():
        score = detector.score(movements, showing)
        labels = np.arange(len(human) + len(score)) >= len(human)
        area = roc_auc_score(labels, np.concatenate([human, score]))
        caught = float((score > np.quantile(human, 0.99)).mean())
        word = "held out" if name in own.held_out else "other movements of it were trained on"
        print(
            f"{name} ({word}): {len(score):,} movements, ROC-AUC {area:.3f}, {caught:.0%} caught where 1% "
            "of people's gestures are flagged"
        )


def _provenance(
    s: DetectTrainSettings,
    fit_on: Mapping[str, Trajectories],
    calibrate_on: Mapping[str, Trajectories],
) -> dict[str, Any]:
    folders = (s.dir, *s.more_dirs)
    return {
        "command": command_of(_VERB, _CONFIG, s),
        "settings": asdict(s),
        "people": [origin_of(Path(folder) / "train") for folder in folders],
        "fitted_on": {name: len(one) for name, one in fit_on.items()},
        "calibrated_on": {name: len(one) for name, one in calibrate_on.items()},
        "versions": versions(),
    }
