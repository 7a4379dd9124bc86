"""`humouse eval`: a model's samples against people it never saw, beside what people score."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from humouse.artefact import sha256, versions, write_json
from humouse.data.prepared import load_split
from humouse.diffusion.checkpoint import Model, load_model
from humouse.diffusion.sample import SamplingRule, announce, resolve_device, sample
from humouse.errors import InputError
from humouse.eval.evaluator import (
    FEWEST,
    Evaluation,
    check_metrics,
    check_seed,
    comparable,
    evaluate,
)
from humouse.features import feature_table
from humouse.figures import gesture_gallery, kinematic_overlays, save_figure, velocity_spectra
from humouse.launch import launch
from humouse.progress import progress_bar
from humouse.settings import EvalSettings
from humouse.trajectories import Trajectories

_BATCH = 64


def run(settings: EvalSettings) -> None:
    """Score as the settings say; write scores and pictures to `out_dir` and print a table."""
    if settings.n < FEWEST:
        raise InputError(f"n={settings.n}: must be at least {FEWEST}")
    check_metrics(settings.metrics)
    check_seed(settings.seed)
    model = None
    if settings.samples is None or settings.ckpt is not None:
        model = load_model(settings.ckpt, resolve_device(settings.device))
    val_path = Path(settings.val_split or _own_split(model, "val"))
    people, others = load_split(val_path), _others(settings, val_path)
    if model is not None:
        announce(model)
    if model is not None and people.origin != model.data["origin"]:
        print(
            f"note: {model.path} was trained on {model.data['origin']}, and is compared with "
            f"people of {people.origin}: part of the difference is between the datasets",
            file=sys.stderr,
        )
    made = _made(settings, model, min(settings.n, len(people)))
    people, others, made = (_framed(part, model) for part in (people, others, made))
    if not settings.group_by_user:
        people = replace(people, user=None)
    # A generator has no users: the floor is taken the same way.
    others = replace(others, user=None)
    # Chosen once: the pictures show what is scored.
    n = comparable(people, made, settings.n)
    people, made = (_chosen(part, n, settings.seed) for part in (people, made))
    others = _chosen(others, comparable(people, others, n), settings.seed)
    with progress_bar("scoring", 2) as advance:
        score = _evaluate(people, made, settings)
        advance()
        floor = _evaluate(people, others, settings)
        advance()
    _write(Path(settings.out_dir), settings, model, score, floor, people, made)
    _print(score, floor)
    print(f"scores: {Path(settings.out_dir) / 'scores.json'}; pictures beside it")


def _own_split(model: Model | None, name: str) -> Path:
    if model is None:
        raise InputError("val_split: name the people to compare the samples with, e.g. data/val")
    return Path(model.data["folder"]) / name


def _others(settings: EvalSettings, val_path: Path) -> Trajectories:
    if settings.train_split is not None:
        return load_split(settings.train_split)
    beside = val_path.with_name("train.parquet")
    if not beside.is_file():
        raise InputError(
            f"{beside}: no train split beside val_split; name other people, for the floor, with "
            "train_split=…"
        )
    return load_split(beside)


def _made(settings: EvalSettings, model: Model | None, n: int) -> Trajectories:
    if settings.samples is not None:
        return Trajectories.load(settings.samples)
    assert model is not None
    rule = SamplingRule(steps=settings.steps, sampler=settings.sampler, batch_size=_BATCH)
    calls = -(-n // _BATCH) * settings.steps
    with progress_bar("sampling", calls) as advance:
        return sample(model, n, seed=settings.seed, rule=rule, progress=advance)


def _framed(movements: Trajectories, model: Model | None) -> Trajectories:
    """Return what fits the model's codec, as the codec sees it: one path for all sides."""
    if model is None:
        return movements
    return model.codec.canonicalize(movements[model.codec.fits(movements)])


def _chosen(movements: Trajectories, n: int, seed: int) -> Trajectories:
    return movements[np.random.default_rng(seed).permutation(len(movements))[:n]]


def _evaluate(people: Trajectories, made: Trajectories, settings: EvalSettings) -> Evaluation:
    return evaluate(people, made, metrics=settings.metrics, seed=settings.seed)


def _write(
    out_dir: Path,
    settings: EvalSettings,
    model: Model | None,
    score: Evaluation,
    floor: Evaluation,
    people: Trajectories,
    made: Trajectories,
) -> None:
    content: dict[str, Any] = {
        "generated": score.as_dict(),
        "other_people": floor.as_dict(),
        "settings": vars(settings),
        "versions": versions(),
    }
    if model is not None:
        content["checkpoint"] = {"path": str(model.path), "sha256": sha256(model.path)}
        content["trained_on"] = model.data
    write_json(out_dir / "scores.json", content)
    save_figure(gesture_gallery(people, made), out_dir / "gestures.png")
    if "kinematics" in settings.metrics:
        tables = feature_table(people), feature_table(made)
        save_figure(kinematic_overlays(*tables), out_dir / "kinematics.png")
    if "spectra" in settings.metrics:
        save_figure(velocity_spectra(people, made), out_dir / "spectra.png")


def _print(score: Evaluation, floor: Evaluation) -> None:
    table = Table(title=f"{score.fake} against {score.real}, {score.gestures:,} gestures a side")
    for column in ("score", "generated", f"other people ({floor.gestures:,} a side)"):
        table.add_column(column, justify="left" if column == "score" else "right")
    for name, value in score.scores.items():
        table.add_row(name, f"{value:.4f}", f"{floor.scores[name]:.4f}")
    for band, power in score.spectra.items():
        other = floor.spectra[band]["ratio"]
        ratios = ("–" if ratio is None else f"{ratio:.2f}" for ratio in (power["ratio"], other))
        table.add_row(f"power {band}, ÷ people's", *ratios)
    Console().print(table)
    if score.features:
        print("furthest apart:", ", ".join(score.worst_features(6)))


def main() -> None:
    """Run `humouse eval`."""
    launch(
        "diffusion/eval",
        EvalSettings,
        run,
        "humouse eval — score samples against people, beside what other people score",
    )


if __name__ == "__main__":
    main()
