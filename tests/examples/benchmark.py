"""A detection benchmark of made-up numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from humouse.detection.benchmark.curves import RATES
from humouse.detection.benchmark.drawn import Example, ExampleGroup, ReliabilityBin, RocCurve
from humouse.detection.benchmark.metrics import mean_over_families
from humouse.detection.benchmark.result import (
    BenchmarkResult,
    FalseAlarms,
    FamilyScores,
    Session,
    Transfer,
)
from humouse.detection.benchmark.wording import sentences
from humouse.detection.explain import Reason
from humouse.detection.names import HUMAN, MEAN
from humouse.eval.statistics.score import Replicates, Score
from humouse.settings.choices import MIXES
from humouse.trajectories import Trajectories

_HARD = {
    "line": 0.0,
    "function": 0.02,
    "bezier": 0.03,
    "spline": 0.05,
    "minimum_jerk": 0.02,
    "pid": 0.06,
    "wind": 0.12,
    "sigma_lognormal": 0.25,
    "noise": 0.04,
    "perturbed_replay": 0.42,
    "gan": 0.3,
    "diffusion": 0.62,
}
_SKILL = {
    "boosting": 1.0,
    "sequence": 1.15,
    "discriminator": 1.7,
    "isolation": 4.5,
    "denoising": 3.2,
    "blend": 0.8,
}
_KNOWN = {"bots": 1.25, "bots+gan": 1.1, "bots+diffusion": 0.9, "all": 0.8}

_WITHOUT = {
    "gan": {**{mix: mix for mix in MIXES}, "bots+gan": "bots", "all": "bots+diffusion"},
    "diffusion": {**{mix: mix for mix in MIXES}, "bots+diffusion": "bots", "all": "bots+gan"},
}


def _detection_scores(hard: float, rng: np.random.Generator) -> dict[str, Score]:
    """Return every score of a detector against bots so hard to tell, with intervals."""
    area = 1 - min(0.55, 0.22 * hard**1.5)
    caught = max(0.004, 1 - 1.6 * hard)
    values = {
        "roc_auc": (area, 0.25 * (1 - area) + 0.0005),
        "pr_auc": (area - 0.01 * (1 - area), 0.25 * (1 - area) + 0.0005),
        "f1": (2 * caught / (1.01 + caught), 0.03 * (1 - caught)),
        "tpr_at_1": (caught, 0.16 * min(caught, 1 - caught) + 0.002),
        "tpr_at_01": (caught**2, 0.3 * min(caught, 1 - caught) + 0.002),
        "calibration_error": (0.01 + 0.05 * hard, 0.01),
        "brier": (0.005 + 0.1 * min(hard, 2), 0.01),
    }
    scores = {}
    for name, (value, half) in values.items():
        drawn = value + half / 2 * rng.normal(size=40)
        low, high = max(0.0, value - half), min(1.0, value + half)
        scores[name] = Score(value, low, high, replicates=Replicates(tuple(drawn.tolist()), 20))
    return scores


def _cells(rng: np.random.Generator, mixes: tuple[str, ...] = MIXES) -> list[FamilyScores]:
    cells = []
    for mix in mixes:
        for detector, skill in _SKILL.items():
            if detector == "discriminator" and "gan" not in mix and mix != "all":
                continue
            own = []
            for family, hard in _HARD.items():
                if (detector, family) in (("discriminator", "gan"), ("denoising", "diffusion")):
                    continue
                one_class = detector in ("isolation", "denoising")
                seen = mix if family not in ("gan", "diffusion") else _WITHOUT[family][mix]
                known = 1.0 if one_class else _KNOWN[seen]
                scores = _detection_scores(hard * skill * known + 0.1 * (skill - 0.8), rng)
                by_seed = {
                    name: tuple(np.clip(one.value + 0.004 * rng.normal(size=3), 0, 1).tolist())
                    for name, one in scores.items()
                }
                own.append(FamilyScores(detector, family, mix, scores, by_seed, 20, 2400, 600))
            scripted = [one for one in own if one.family not in ("gan", "diffusion")]
            cells += [*own, mean_over_families(scripted)]
    return cells


def _curve(family: str, hard: float) -> RocCurve:
    shares = [max(rate, rate ** min(1.0, 0.24 * hard)) for rate in RATES]
    caught = tuple(Score(one, 0.9 * one, min(1.0, 1.1 * one)) for one in shares)
    return RocCurve("blend", family, "all", RATES, caught, 2400, 600)


def _bins() -> tuple[ReliabilityBin, ...]:
    counts = [(2300, 40), (60, 20), (20, 20), (10, 25), (10, 495)]
    return tuple(
        ReliabilityBin(k / 5, (k + 1) / 5, (k + 0.5) / 5, min(1.0, (k + 0.6) / 5), *count)
        for k, count in enumerate(counts)
    )


def _groups(rng: np.random.Generator) -> tuple[tuple[ExampleGroup, ...], Trajectories]:
    """Return groups of random walks: two caught and two missed of each kind, three false alarms."""
    reasons = (
        Reason("dt_dip_correlation", "1", 0.02, -0.83, -0.4, 0.13, 2.4),
        Reason("speed_mean_px_s", "px/s", 410.0, 380.0, 900.0, 3200.0, -0.3),
    )
    groups, rows = [], 0
    for family, flagged, count, total, drawn in (
        (HUMAN, True, 24, 2400, 3),
        *((family, True, round(600 / (1 + hard)), 600, 2) for family, hard in _HARD.items()),
        *(
            (family, False, 600 - round(600 / (1 + hard)), 600, 2 if hard else 0)
            for family, hard in _HARD.items()
        ),
    ):
        who = HUMAN if family == HUMAN else f"{family}_usual"
        examples = tuple(
            Example(rows + k, who, f"person {k:02d}", 0.9 if flagged else 0.1, reasons)
            for k in range(drawn)
        )
        groups.append(ExampleGroup(family, flagged, count, total, examples))
        rows += drawn
    steps = np.concatenate(
        [rng.integers(-9, 30, (rows, 20, 2)), np.full((rows, 20, 1), 8)], 2, dtype=np.float32
    )
    movements = Trajectories.from_steps(
        steps.reshape(-1, 3), np.full(rows, 20), np.zeros((rows, 2), np.float32), None, "example"
    )
    return tuple(groups), movements


def example_benchmark(folder: Path) -> BenchmarkResult:
    """Return a benchmark of made-up numbers, such as one of this kind could have."""
    rng = np.random.default_rng(0)
    rates = {f"person {k:02d}": float(r) for k, r in enumerate(rng.gamma(0.7, 0.014, 20))}
    rates["person 13"], rates["person 04"] = 0.093, 0.0
    counts = {user: int(n) for user, n in zip(rates, rng.integers(90, 600, 20), strict=True)}
    sessions = [
        Session(
            "blend",
            family,
            "all",
            gestures,
            {
                name: score
                for name, score in _detection_scores(0.64 * hard / gestures**0.6, rng).items()
                if name in ("roc_auc", "tpr_at_1")
            },
        )
        for family, hard in _HARD.items()
        for gestures in (1, 3, 5, 10)
    ]
    across = [one for one in _cells(rng, ("all",)) if one.family != MEAN]
    groups, movements = _groups(rng)
    result = BenchmarkResult(
        folder,
        tuple(_cells(rng)),
        (
            FalseAlarms("blend", "all", rates, counts),
            FalseAlarms("boosting", "all", {who: rate / 2 for who, rate in rates.items()}, counts),
        ),
        tuple(sessions),
        (
            Transfer(
                "example mice",
                "example remote desktops",
                tuple(across),
                {name: 0.05 * skill for name, skill in _SKILL.items()},
            ),
        ),
        (),
        {
            "command": "humouse detect benchmark dir=data/example out_dir=runs/example",
            "settings": {"dir": "data/example", "split": "val", "seeds": 3, "draws": 200},
            "people": ["example mice", "example mice"],
            "files": {"checkpoints/example.pt": "ab" * 32},
            "versions": {"python": "3.11", "torch": "2.13.0", "humouse": "0.1.0"},
        },
        tuple(_curve(family, hard) for family, hard in _HARD.items()),
        _bins(),
        groups,
        movements,
    )
    return replace(result, findings=sentences(result))
