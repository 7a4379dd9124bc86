"""A realistic run of synthetic gestures, its pages, and one browser for all tests that look."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from humouse.detection.benchmark.metrics import mean_over_families
from humouse.detection.benchmark.result import BenchmarkResult, Cell, FalseAlarms, Session, Transfer
from humouse.detection.benchmark.wording import sentences
from humouse.detection.names import MEAN, MIXES
from humouse.eval.api import wasserstein_per_feature
from humouse.eval.metrics.copying import Neighbour
from humouse.eval.metrics.spectral import BandPower
from humouse.eval.result import Evaluation, FeatureComparison
from humouse.eval.run import SIDES, EvaluationRun, Finding
from humouse.eval.statistics.score import MEASURES, PROBES, Replicates, Score
from humouse.eval.verdict import excesses
from humouse.features import GROUPS, FeatureTable, feature_table, velocity_spectrum
from humouse.features.spectra import BANDS_HZ
from humouse.report import write_report
from humouse.trajectories import Trajectories

_DEFINITIONS = {one.name: one.definition for group in GROUPS.values() for one in group}
# How far from people each side is, from 0 to 1: what its scores are made of.
_APART = {
    "generated": 0.62,
    "other_people": 0.28,
    "same_people": 0.03,
    "replay": 0.25,
    "line": 0.99,
    "bezier": 0.95,
}


def gestures(n, seed, origin, users=0, pace=1.0):
    """Return n bell-shaped reaches, slightly curved, at 60 Hz."""
    rng = np.random.default_rng(seed)
    T = 40
    lengths = rng.integers(12, T + 1, n)
    phase = np.minimum((np.arange(T) + 0.5) / lengths[:, None], 1)
    speed = 12 * np.sin(np.pi * phase) ** 2 * rng.lognormal(0, 0.4, (n, 1)) * pace
    angle = rng.uniform(0, 2 * np.pi, (n, 1)) + rng.normal(0, 0.5, (n, 1)) * phase
    angle = angle + rng.normal(0, 0.1, (n, T))
    steps = np.stack([speed * np.cos(angle), speed * np.sin(angle), np.full((n, T), 16.0)], 2)
    user = np.array([f"user {k}" for k in rng.integers(0, users, n)]) if users else None
    return Trajectories(
        torch.from_numpy(steps.round().astype(np.float32)),
        torch.from_numpy(lengths),
        torch.zeros(n, 2),
        user,
        origin,
    )


def scores_of(apart: float) -> dict[str, Score]:
    """Return every score of a side so far from people, each with an interval."""

    def score(name: str) -> Score:
        plain = interval_of(name)
        ends = plain.low, plain.value, plain.high
        return replace(plain, replicates=Replicates(tuple(float(end) for end in ends), 20))

    def interval_of(name: str) -> Score:
        ideal = MEASURES[name].ideal
        if name.startswith("c2st"):
            offset = list(PROBES).index(name.split("_")[1]) * 0.02
            value = min(0.5 + (apart * 0.5 if name.endswith("auc") else apart * 0.4) + offset, 1.0)
            p_value = 0.005 if name.endswith("auc") else None
            return Score(value, value - 0.02, min(1.0, value + 0.02), p_value)
        if name == "mmd":
            return Score(0.04 * apart**2, 0.04 * apart**2 - 0.002, 0.04 * apart**2 + 0.002, 0.01)
        if name == "copying":
            return Score(0.5 + 0.05 * apart, 0.47 + 0.05 * apart, 0.53 + 0.05 * apart)
        if ideal == 1.0:
            return Score(1 - 0.4 * apart, 0.97 - 0.4 * apart, 1.02 - 0.4 * apart)
        scale = 4.0 if name.endswith("_db") else 0.5
        return Score(scale * apart, scale * apart * 0.9, scale * apart * 1.1)

    return {name: score(name) for name in MEASURES}


def curves_of(apart: float) -> dict[str, list[tuple[float, float]]]:
    """Return a PRD curve and a ROC curve for each probe."""
    turn = np.linspace(0, 1, 101)
    reach, power = 1 - 0.4 * apart, 1 - apart * 0.9
    prd = [(float(reach * np.sin(a) ** 0.2), float(reach * np.cos(a) ** 0.2)) for a in turn * 1.57]
    rocs = {
        f"roc_{probe}": [(float(x), float(x ** (power * (1 - 0.1 * k)))) for x in turn]
        for k, probe in enumerate(PROBES)
    }
    return {"prd": prd, **rocs}


def compared(real: FeatureTable, fake: FeatureTable) -> dict[str, FeatureComparison]:
    """Return every feature on both sides, the farthest the most important."""
    spread = real.values.double().std(0, correction=0)
    distance = wasserstein_per_feature(real.values, fake.values) / torch.where(
        spread > 0, spread, 1.0
    )
    means, stds = (
        [getattr(side.values.double(), how)(0).tolist() for side in (real, fake)]
        for how in ("mean", "std")
    )
    return {
        name: FeatureComparison(
            real.units[k],
            _DEFINITIONS[name],
            means[0][k],
            stds[0][k],
            means[1][k],
            stds[1][k],
            Score(float(distance[k]), float(distance[k]) * 0.8, float(distance[k]) * 1.2),
            float(distance[k]) / 20,
        )
        for k, name in enumerate(real.names)
    }


def bands(real: Trajectories, fake: Trajectories) -> dict[str, BandPower]:
    """Return the mean power by band."""
    (at, a), (_, b) = velocity_spectrum(real), velocity_spectrum(fake)
    result = {}
    for low, high in BANDS_HZ:
        inside = (at >= low) & (at < high)
        one, other = float(a[:, inside].mean()), float(b[:, inside].mean())
        result[f"{low}-{high} Hz"] = BandPower(
            one, other, Score(other / one, other / one * 0.9, other / one * 1.1)
        )
    return result


def example_run(
    folder: Path, *, n: int = 300, origin: str = "diffusion_events", pace: float = 1.25, seed=0
) -> EvaluationRun:
    """Write an evaluation of n generated against n people's gestures, with all its floors."""
    people = gestures(n, seed, "sapimouse", users=20)
    generated, nearest = gestures(n, seed + 1, origin, pace=pace), gestures(24, seed + 1, "train")
    tables = feature_table(people), feature_table(generated)
    for name, side in (("people", people), ("generated", generated), ("nearest", nearest)):
        side.save(folder / "data" / f"{name}.parquet")
    for name, table in zip(("people", "generated"), tables, strict=True):
        table.save(folder / "data" / f"{name}_features.parquet")
    evaluations = {
        side: Evaluation(
            "sapimouse",
            origin if side == "generated" else called,
            n,
            20,
            seed,
            scores_of(_APART[side] * (pace / 1.25 if side == "generated" else 1)),
            compared(*tables) if side == "generated" else {},
            bands(people, generated if side == "generated" else nearest),
            curves_of(_APART[side]),
            tuple(Neighbour(k, 7 * k, 0.2 + 0.03 * k, 0.004 * k) for k in range(24))
            if side == "generated"
            else (),
            warnings=("Only 300 a side: an AUC is known to ± 0.04.",)
            if side == "generated"
            else (),
        )
        for side, called in SIDES.items()
    }
    run = EvaluationRun(
        folder,
        evaluations,
        f"The gestures of {origin} are told from people's: the best probe reads AUC 0.87, and 0.64 "
        "on other people.",
        excesses(evaluations["generated"], evaluations["other_people"]),
        (
            Finding("told_apart", "Boosting tells them apart, AUC 0.87 [0.85, 0.89]; floor 0.70."),
            Finding("gives_away", "Speed gives them away first: speed_mean_px_s is 25% too high."),
            Finding("spectra", "From 4 to 8 Hz they have 1.5 times people's power."),
        ),
        {
            "command": f"humouse eval ckpt=checkpoints/{origin}.pt out_dir={folder.name}",
            "settings": {"n": n, "steps": 20, "sampler": "ddim", "metrics": ["c2st", "mmd", "prd"]},
            "checkpoint": {"path": f"checkpoints/{origin}.pt", "sha256": "ab" * 32, "step": 6480},
            "data": {"source": "sapimouse", "users": {"train": 58, "val": 20}, "gestures": 13775},
            "versions": {"python": "3.11", "torch": "2.13.0", "humouse": "0.1.0"},
        },
    )
    run.save()
    return EvaluationRun.load(folder)


@pytest.fixture(scope="session")
def make_run() -> Callable[..., EvaluationRun]:
    """Return `example_run`."""
    return example_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> EvaluationRun:
    """Return a run with all its parts; nobody writes to it but reports."""
    return example_run(tmp_path_factory.mktemp("runs") / "events")


@pytest.fixture(scope="session")
def report(run: EvaluationRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of that run."""
    return write_report(run, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder that keeps the pictures of pages: HUMOUSE_SCREENSHOTS, or a temporary one."""
    folder = Path(os.environ.get("HUMOUSE_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[SimpleNamespace]:
    """One Chromium for all tests; they are skipped where there is none."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: pip install playwright"
    )
    chromium = os.environ.get("HUMOUSE_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium: install Debian's package, or name a Chromium in HUMOUSE_CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        opened = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield opened
        opened.close()


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


def _cells(rng: np.random.Generator, mixes: tuple[str, ...] = MIXES) -> list[Cell]:
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
                own.append(Cell(detector, family, mix, scores, by_seed, 20, 2400, 600))
            scripted = [one for one in own if one.family not in ("gan", "diffusion")]
            cells += [*own, mean_over_families(scripted)]
    return cells


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
    )
    return replace(result, findings=sentences(result))


@pytest.fixture(scope="session")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> BenchmarkResult:
    """Return a benchmark of made-up numbers."""
    return example_benchmark(tmp_path_factory.mktemp("benchmark"))
