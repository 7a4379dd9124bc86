"""`humouse detect train`: fit every member, calibrate their blend on other people, and save it all."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.metrics import roc_auc_score

from humouse.data.prepared import load_split, origin_of
from humouse.detection.calibration.calibrated import CalibratedDetector
from humouse.detection.calibration.calibration import RATES, fewest_for
from humouse.detection.estimators.blend import BlendDetector
from humouse.detection.names import BLEND, HUMAN
from humouse.detection.registry import checkpoints_seen, members
from humouse.detection.samples.labelled import Evidence, evidence_of, joined
from humouse.detection.samples.negatives import SCRIPTED, Makers, make_negatives, makers
from humouse.detection.samples.people import (
    CALIBRATE,
    FIT,
    ROLES,
    divided,
    people_of,
    seen_as,
    some,
)
from humouse.detection.samples.views import Views
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


def run(settings: DetectTrainSettings) -> None:
    """Train a detector and write it."""
    s = settings
    check_seed(s.seed)
    if s.n < _FEWEST:
        raise InputError(f"n={s.n}: must be at least {_FEWEST}")
    device = str(resolve_device(s.device))
    checkpoints = checkpoints_seen(s.detectors, s.diffusion_ckpt, s.gan_ckpt)
    views = Views.load(checkpoints["diffusion"], checkpoints["gan"], s.feature_mode, device)
    made_by = makers(
        models={"gan": s.gan_ckpt, "diffusion": s.diffusion_ckpt}, files=s.files, device=device
    )
    chosen = members(s.detectors, views.names)
    fit_people, other_people = divided(
        seen_as(load_split(Path(s.dir) / "train")), s.calibration_share, s.seed
    )
    with progress_bar("training", len(chosen) + 2) as advance:
        fit = _evidence(fit_people, s.n, s, made_by, views, FIT)
        advance("movements to fit on")
        known = _evidence(other_people, s.n // 2, s, made_by, views, CALIBRATE)
        advance("movements to calibrate on")
        fitted, scores = {}, {}
        for one in chosen:
            fitted[one.name] = one.fit(fit, s.seed)
            scores[one.name] = one.score(fitted[one.name], known)
            advance(one.name)
    raw = np.stack(list(scores.values()), 1)
    blend = BlendDetector(weights=tuple(one.weight for one in chosen))
    calibrated = CalibratedDetector.prefit(
        blend.fit(raw, known.is_bot.astype(int)), raw, known.is_bot
    )
    save_detector(Path(s.out_dir), fitted, calibrated, checkpoints, s.feature_mode, _provenance(s))
    _report(scores, blend.decision_function(raw), known, other_people, calibrated)
    print(f"detector: {s.out_dir}/ (an ONNX file of each member and of the blend, detector.json)")


def _evidence(
    people: Trajectories, n: int, s: DetectTrainSettings, made_by: Makers, views: Views, role: str
) -> Evidence:
    """Return n gestures of people and as many negatives on their errands, with every view."""
    chosen = some(people, n, s.seed)
    seed = derive_seed(s.seed, role)
    part = ROLES.index(role)
    negatives = make_negatives(_mixture(s), made_by, people, len(chosen), seed=seed, part=part)
    return views.look(joined([evidence_of(chosen, HUMAN, HUMAN), negatives]))


def _mixture(s: DetectTrainSettings) -> dict[str, float]:
    if s.mixture is not None:
        return s.mixture
    named = {"gan": s.gan_ckpt, "diffusion": s.diffusion_ckpt}
    return {SCRIPTED: 2.0, **{family: 1.0 for family, paths in named.items() if paths}}


def _report(
    scores: Mapping[str, Float[np.ndarray, "n"]],
    blended: Float[np.ndarray, "n"],
    known: Evidence,
    people: Trajectories,
    blend: CalibratedDetector,
) -> None:
    """Say how each does on the people that calibration took, and where the thresholds are."""
    print(f"on {len(people_of(people))} people who took no part in the fit, families known:")
    for name, score in {**scores, BLEND: blended}.items():
        print(f"  {name:<14} ROC-AUC {roc_auc_score(known.is_bot, score):.3f}")
    for rate in RATES:
        if rate in blend.thresholds_:
            limit = blend.calibration_.probability(np.array([blend.thresholds_[rate]]))[0]
            print(f"  flagged from probability {limit:.4f} on for {rate:.1%} false alarms")
        else:
            print(
                f"  no threshold for {rate:.1%}: it takes {fewest_for(rate):,} people's gestures to "
                "calibrate"
            )


def _provenance(s: DetectTrainSettings) -> dict[str, Any]:
    return {
        "command": command_of(_VERB, _CONFIG, s),
        "settings": asdict(s),
        "people": origin_of(Path(s.dir) / "train"),
        "versions": versions(),
    }
