"""One evaluation of one batch of movements against another: every score by name."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from humouse.errors import InputError
from humouse.eval.classifier import c2st_scores
from humouse.eval.kernel import mmd_rbf
from humouse.eval.matrix import common_scale
from humouse.eval.metrics import wasserstein_per_feature
from humouse.eval.neighbours import density_coverage, knn_precision_recall
from humouse.eval.precision_recall import prd_scores
from humouse.features import FeatureTable, feature_table
from humouse.features.spectra import BANDS_HZ, velocity_spectrum
from humouse.trajectories import Trajectories

METRICS = ("c2st", "mmd", "prd", "kinematics", "spectra")
"""c2st: the probes. mmd. prd: also precision, recall, density and coverage by nearest neighbours.
kinematics: each feature's mean, deviation and distance. spectra: the power in each band."""

_QUICK_GESTURES = 512
FEWEST = 10


@dataclass(frozen=True)
class Evaluation:
    """What came of comparing `fake` with `real`.

    Args:
        real: Origin of the movements taken as the standard.
        fake: Origin of those that are judged.
        gestures: How many of each were compared.
        seed: What the choice of gestures, the folds and the probes came from.
        scores: Score by name: c2st_acc, c2st_auc, c2st_boosting_acc, c2st_boosting_auc, mmd,
            prd_precision, prd_recall, knn_precision, knn_recall, density, coverage; only those of
            the metrics asked for.
        features: By feature: unit, real_mean, real_std, fake_mean, fake_std, and wasserstein, the
            1-Wasserstein distance over the real standard deviation (over 1 where that is 0).
        spectra: By band, "0-4 Hz" …: real and fake mean power (px²/s) and their ratio, fake over
            real (None where the real power is 0).
    """

    real: str
    fake: str
    gestures: int
    seed: int
    scores: dict[str, float]
    features: dict[str, dict[str, Any]] = field(default_factory=dict)
    spectra: dict[str, dict[str, float | None]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return asdict(self)

    def worst_features(self, n: int = 10) -> list[str]:
        """Return the names of the n features that lie furthest apart, the furthest first."""
        order = sorted(self.features, key=lambda name: -self.features[name]["wasserstein"])
        return order[:n]


def evaluate(
    real: Trajectories,
    fake: Trajectories,
    *,
    metrics: Sequence[str] = METRICS,
    seed: int = 0,
    max_gestures: int | None = None,
    quick: bool = False,
) -> Evaluation:
    """Compare movements with others, as many of each, chosen at random where there are too many.

    The floor, what people score against other people, is the same call on two sets of people.

    Args:
        real: The standard, people's as a rule.
        fake: Those to judge.
        metrics: Which of `METRICS`.
        seed: For everything random; 0 to 2³² − 1.
        max_gestures: At most so many of each.
        quick: For a look during training: at most 512 of each, the logistic probe alone, 2 runs
            of PRD, no nearest neighbours.

    Raises:
        InputError: There is no such metric, the seed is out of range, or either side has fewer than
            10 movements.
    """
    check_metrics(metrics)
    check_seed(seed)
    limit = comparable(real, fake, max_gestures or len(real))
    if quick:
        limit = min(limit, _QUICK_GESTURES)
    rng = np.random.default_rng(seed)
    real, fake = (_chosen(side, limit, rng) for side in (real, fake))
    tables = feature_table(real), feature_table(fake)
    scores: dict[str, float] = {}
    for name in metrics:
        if name in _SCORES:
            scores.update(_SCORES[name](*tables, seed, quick))
    return Evaluation(
        real=real.origin,
        fake=fake.origin,
        gestures=limit,
        seed=seed,
        scores=scores,
        features=_feature_summary(*tables) if "kinematics" in metrics else {},
        spectra=_band_powers(real, fake) if "spectra" in metrics else {},
    )


def comparable(real: Trajectories, fake: Trajectories, most: int) -> int:
    """Return how many of each side can be compared, at most `most`.

    Raises:
        InputError: They are fewer than 10.
    """
    n = min(len(real), len(fake), most)
    if n < FEWEST:
        raise InputError(
            f"{real.origin} against {fake.origin}: {len(real)} and {len(fake)} movements, of which "
            f"{n} of each can be compared; at least {FEWEST} of each are needed"
        )
    return n


def check_seed(seed: int) -> None:
    """Raise InputError if the folds and the probes cannot be seeded with it."""
    if not 0 <= seed < 2**32:
        raise InputError(f"seed={seed}: must lie in 0…{2**32 - 1}")


def check_metrics(metrics: Sequence[str]) -> None:
    """Raise InputError if no metric is named, or one that there is not."""
    if not metrics:
        raise InputError(f"metrics: none named; choose any of {', '.join(METRICS)}")
    for name in metrics:
        if name not in METRICS:
            near = difflib.get_close_matches(name, METRICS, 1, cutoff=0)[0]
            raise InputError(
                f"metrics: there is no metric {name!r}; did you mean {near!r}? "
                f"Known are {', '.join(METRICS)}"
            )


def _chosen(movements: Trajectories, n: int, rng: np.random.Generator) -> Trajectories:
    if len(movements) == n:
        return movements
    return movements[np.sort(rng.choice(len(movements), n, replace=False))]


def _c2st(real: FeatureTable, fake: FeatureTable, seed: int, quick: bool) -> dict[str, float]:
    scores = {}
    for probe, name in (("logistic", "c2st"), ("boosting", "c2st_boosting")):
        if quick and probe != "logistic":
            continue
        score = c2st_scores(
            real.values,
            fake.values,
            probe=probe,
            real_groups=real.user,
            fake_groups=fake.user,
            seed=seed,
        )
        scores[f"{name}_acc"], scores[f"{name}_auc"] = score
    return scores


def _mmd(real: FeatureTable, fake: FeatureTable, seed: int, quick: bool) -> dict[str, float]:
    return {"mmd": mmd_rbf(*common_scale(real.values, fake.values))}


def _prd(real: FeatureTable, fake: FeatureTable, seed: int, quick: bool) -> dict[str, float]:
    pair = common_scale(real.values, fake.values)
    precision, recall = prd_scores(*pair, runs=2 if quick else 10, seed=seed)
    scores = {"prd_precision": precision, "prd_recall": recall}
    if quick:
        return scores
    ball, dense = knn_precision_recall(*pair), density_coverage(*pair)
    return {
        **scores,
        "knn_precision": ball.precision,
        "knn_recall": ball.recall,
        "density": dense.density,
        "coverage": dense.coverage,
    }


_Score = Callable[[FeatureTable, FeatureTable, int, bool], dict[str, float]]
_SCORES: dict[str, _Score] = {"c2st": _c2st, "mmd": _mmd, "prd": _prd}


def _feature_summary(real: FeatureTable, fake: FeatureTable) -> dict[str, dict[str, Any]]:
    distance = wasserstein_per_feature(real.values, fake.values)
    a, b = real.values.double(), fake.values.double()
    spread = a.std(0, correction=0).cpu()
    relative = distance / torch.where(spread > 0, spread, 1.0)
    columns = (a.mean(0), spread, b.mean(0), b.std(0, correction=0), relative)
    keys = ("real_mean", "real_std", "fake_mean", "fake_std", "wasserstein")
    return {
        name: {"unit": unit, **dict(zip(keys, numbers, strict=True))}
        for name, unit, *numbers in zip(
            real.names, real.units, *(column.tolist() for column in columns), strict=True
        )
    }


def _band_powers(real: Trajectories, fake: Trajectories) -> dict[str, dict[str, float | None]]:
    frequency, power_real = velocity_spectrum(real)
    power_fake = velocity_spectrum(fake)[1]
    bands: dict[str, dict[str, float | None]] = {}
    for low, high in BANDS_HZ:
        inside = (frequency >= low) & (frequency < high)
        a, b = (float(power[:, inside].double().mean()) for power in (power_real, power_fake))
        bands[f"{low}-{high} Hz"] = {"real": a, "fake": b, "ratio": b / a if a > 0 else None}
    return bands
