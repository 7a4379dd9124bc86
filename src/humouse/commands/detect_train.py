"""`humouse detect train`: fit every detector, calibrate their blend on other people, and save it all."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.metrics import roc_auc_score

from humouse.data.prepared import load_split, origin_of
from humouse.data.preprocess import preprocess
from humouse.detection.calibration.calibrated import CalibratedDetector
from humouse.detection.calibration.calibration import FALSE_POSITIVE_RATES, gestures_needed
from humouse.detection.estimators.fisher_ensemble import FisherEnsemble
from humouse.detection.names import BLEND, HUMAN
from humouse.detection.registry import DetectorSpec, select_detectors, view_checkpoints
from humouse.detection.samples.labelled import (
    LabelledMovements,
    concatenate_labelled,
    label_movements,
)
from humouse.detection.samples.negatives import make_negatives, mixture_counts, negative_counts
from humouse.detection.samples.people import CALIBRATE, FIT, people_of, split_by_user, subsample
from humouse.detection.samples.sources import NegativeSources, negative_sources
from humouse.detection.samples.views import FeatureViews
from humouse.detection.saved import save_detector
from humouse.errors import InputError
from humouse.files import versions
from humouse.progress import progress_bar
from humouse.randomness import derive_seed
from humouse.settings import DetectTrainSettings
from humouse.settings.checks import check_seed
from humouse.settings.compose import command_of
from humouse.training.device import resolve_device
from humouse.trajectories import Trajectories

_CONFIG = "detect/train"
_VERB = "humouse detect train"
_FEWEST = 20

Scores = Mapping[str, Float[np.ndarray, "n"]]


def run(settings: DetectTrainSettings) -> None:
    """Train a detector and write it."""
    s = settings
    check_seed(s.seed)
    if s.n < _FEWEST:
        raise InputError(f"n={s.n}: must be at least {_FEWEST}")
    device = str(resolve_device(s.device))
    checkpoints = view_checkpoints(s.detectors, s.diffusion_ckpt, s.gan_ckpt)
    views = FeatureViews.load(checkpoints["diffusion"], checkpoints["gan"], s.feature_mode, device)
    sources = negative_sources(
        models={"gan": s.gan_ckpt, "diffusion": s.diffusion_ckpt}, files=s.files, device=device
    )
    specs = select_detectors(s.detectors, views.names)
    people = preprocess(load_split(Path(s.dir) / "train"))
    fit_people, other_people = split_by_user(people, s.calibration_share, s.seed)
    with progress_bar("training", len(specs) + 2) as advance:
        fit = _labelled(fit_people, s.n, s, sources, views, FIT)
        advance("movements to fit on")
        others = _labelled(other_people, s.n // 2, s, sources, views, CALIBRATE)
        advance("movements to calibrate on")
        fitted, scores = {}, {}
        for spec in specs:
            fitted[spec.name] = spec.fit(fit, s.seed)
            scores[spec.name] = spec.score(fitted[spec.name], others.inputs)
            advance(spec.name)
    blend = _blend(specs, scores, others)
    save_detector(Path(s.out_dir), fitted, blend, checkpoints, s.feature_mode, _provenance(s))
    _report(scores, others, len(people_of(other_people)), blend)
    print(
        f"detector: {s.out_dir}/ (an ONNX file of each detector and of their blend, and detector.json)"
    )


def _labelled(
    people: Trajectories,
    n: int,
    s: DetectTrainSettings,
    sources: NegativeSources,
    views: FeatureViews,
    role: str,
) -> LabelledMovements:
    """Return n gestures of people and negatives with their goals and timing, with every view."""
    chosen = subsample(people, n, s.seed)
    families = list(sources)
    if s.mixture is None:
        counts = negative_counts(families, len(chosen), model_share=s.model_share)
    else:
        counts = mixture_counts(s.mixture, families, len(chosen))
    seed = derive_seed(s.seed, role)
    negatives = make_negatives(counts, sources, people, seed=seed, role=role)
    both = concatenate_labelled([label_movements(chosen, HUMAN, HUMAN), negatives])
    return both.with_views(views.featurize(both.movements))


def _blend(
    specs: Sequence[DetectorSpec], scores: Scores, others: LabelledMovements
) -> CalibratedDetector:
    """Return the blend of the detectors, calibrated on people that none was fitted on."""
    raw = np.stack(list(scores.values()), 1)
    blend = FisherEnsemble(weights=tuple(spec.weight for spec in specs))
    fitted = blend.fit(raw, others.is_bot.astype(int))
    return CalibratedDetector.prefit(fitted, raw, others.is_bot)


def _report(
    scores: Scores, others: LabelledMovements, people: int, blend: CalibratedDetector
) -> None:
    """Print the ROC-AUC of each detector on the people calibrated on, and the thresholds."""
    blended = blend.decision_function(np.stack(list(scores.values()), 1))
    print(f"on {people} people that no detector was fitted on, for kinds of bots seen in training:")
    for name, score in {**scores, BLEND: blended}.items():
        print(f"  {name:<14} ROC-AUC {roc_auc_score(others.is_bot, score):.3f}")
    for rate in FALSE_POSITIVE_RATES:
        if rate in blend.thresholds_:
            limit = blend.calibration_.probability(np.array([blend.thresholds_[rate]]))[0]
            print(f"  threshold for a false-alarm rate of {rate:.1%}: probability {limit:.4f}")
        else:
            print(
                f"  no threshold for a false-alarm rate of {rate:.1%}: it takes {gestures_needed(rate):,} "
                "gestures of people to calibrate on"
            )


def _provenance(s: DetectTrainSettings) -> dict[str, Any]:
    return {
        "command": command_of(_VERB, _CONFIG, s),
        "settings": asdict(s),
        "people": origin_of(Path(s.dir) / "train"),
        "versions": versions(),
    }
