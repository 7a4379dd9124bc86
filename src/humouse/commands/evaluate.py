"""`humouse eval`: score a model's samples against people that it never saw."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from joblib import cpu_count
from rich import box
from rich.console import Console
from rich.table import Table

from humouse.commands.compared import People, in_codec_frame, provenance, samples
from humouse.data.movement_file import read_movements
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.errors import InputError
from humouse.eval.conclusion import conclude, save_with_data
from humouse.eval.format_gate import format_gate
from humouse.eval.pair import Pair
from humouse.eval.plausibility import FEWEST
from humouse.eval.rule import EvaluationRule
from humouse.eval.run import SCORES, EvaluationRun
from humouse.eval.statistics.score import MEASURES, Score
from humouse.eval.with_references import evaluate_with_references
from humouse.extras import without
from humouse.features.modes import FEATURE_MODES
from humouse.files import alone_in, sha256, working_folder
from humouse.generator import load_generator
from humouse.settings import EvalSettings
from humouse.settings.checks import check_workers
from humouse.settings.compose import command_of
from humouse.trained_model import TrainedModel, announce
from humouse.training.device import resolve_device
from humouse.trajectories import Trajectories

_CONFIG = "diffusion/eval"
_FEWEST_FOR_PROCESSES = 200
_SHORT = {"other_people": "baseline", "same_people": "halves"}


def run(settings: EvalSettings) -> None:
    """Score as the settings say; write scores, pictures and report to `out_dir`, print a table.

    Raises:
        InputError: A setting or a file cannot be used, another run writes there, or a process was killed.
    """
    rule = _checked(settings)
    inputs = _load(settings)
    with alone_in(settings.out_dir):
        _evaluate(settings, rule, inputs)


def _evaluate(settings: EvalSettings, rule: EvaluationRule, inputs: "_Inputs") -> None:
    with working_folder(settings.out_dir) as folder:
        result = evaluate_with_references(
            inputs.people.held_out,
            inputs.people.train,
            inputs.made,
            n=settings.n,
            references=settings.references,
            rule=rule,
            folder=folder,
            workers=_workers(settings),
        )
    done = conclude(Path(settings.out_dir), result, _provenance(settings, inputs))
    save_with_data(done, result.pair, inputs.people.train)
    _print(done)
    if not without("report", "no pictures and no page"):
        _draw(done, result.pair)
        if settings.report:
            _write_page(done, open=settings.open)
    print(f"scores: {done.folder / SCORES}; everything else beside it")


def _workers(settings: EvalSettings) -> int:
    """Return how many processes measure: for a small evaluation, starting others takes longer."""
    if settings.workers is not None:
        return settings.workers
    return cpu_count() if settings.n >= _FEWEST_FOR_PROCESSES else 1


@dataclass(frozen=True, eq=False)
class _Inputs:
    """What an evaluation compares, and where it came from.

    Args:
        model: The trained model, if there is one.
        gate: The format gate's AUC by probe.
        people: As the model's codec sees them.
        made: The movements to judge, likewise.
    """

    model: TrainedModel | None
    gate: dict[str, float]
    people: People
    made: Trajectories


def _load(settings: EvalSettings) -> _Inputs:
    """Return the people, and the movements to judge: read from a file, or sampled."""
    model = None
    if settings.samples is None or settings.ckpt is not None:
        model = _model(settings)
    people = _people(settings, model)
    gate: dict[str, float] = {}
    if model is not None:
        announce(model)
        groups = FEATURE_MODES["kinematic"]
        gate = format_gate(people.held_out, model.codec, groups=groups, seed=settings.seed)
    made = _made(settings, model, people.held_out)
    people = people.in_codec_frame(model)
    if not settings.group_by_user:
        people = replace(people, held_out=replace(people.held_out, user=None))
    return _Inputs(model, gate, people, made)


def _people(settings: EvalSettings, model: TrainedModel | None) -> People:
    people = People.load(
        settings.val_split,
        settings.train_split,
        model,
        train_needed=bool({"other_people", "replay"} & set(settings.references)),
        unseen=settings.unseen,
    )
    if settings.setup is not None:
        people = people.of_setup(settings.setup)
    if not len(people.train) and "copying" in settings.metrics:
        print("note: copying is left out: there is no train split", file=sys.stderr)
    return people


def _model(settings: EvalSettings) -> TrainedModel:
    rule = SamplingRule(steps=settings.steps, sampler=settings.sampler)
    model = load_generator(settings.ckpt, resolve_device(settings.device), rule=rule)
    return model if settings.setup is None else model.in_setup(settings.setup)


def _checked(settings: EvalSettings) -> EvaluationRule:
    if settings.n < FEWEST:
        raise InputError(f"n={settings.n}: must be at least {FEWEST}")
    check_workers(settings.workers)
    if settings.samples is not None and settings.conditions == "val":
        raise InputError(
            "conditions=val: the movements of samples=… are drawn already; leave it out"
        )
    if settings.open and not settings.report:
        raise InputError("open=true: there is no page with report=false; leave one of them out")
    rule = EvaluationRule(
        metrics=tuple(settings.metrics),
        feature_mode=settings.feature_mode,
        probes=tuple(settings.probes),
        replicates=settings.replicates,
        permutations=settings.permutations,
        seed=settings.seed,
    )
    rule.check()
    return rule


def _made(settings: EvalSettings, model: TrainedModel | None, people: Trajectories) -> Trajectories:
    if settings.samples is not None:
        given = read_movements(
            settings.samples, **vars(settings.columns), time_unit=settings.time_unit, empty=True
        )
        return in_codec_frame(given, model)
    assert model is not None
    return samples(
        model,
        min(settings.n, len(people)),
        like=people if settings.conditions == "val" else None,
        seed=settings.seed,
    )


def _provenance(settings: EvalSettings, inputs: _Inputs) -> dict[str, Any]:
    content: dict[str, Any] = {
        "command": command_of("humouse eval", _CONFIG, settings),
        **provenance(settings, inputs.model, inputs.people),
        "format_gate": {f"{probe} AUC": area for probe, area in inputs.gate.items()},
    }
    if settings.samples is not None:
        content["samples"] = {"path": settings.samples, "sha256": sha256(settings.samples)}
    return content


def _write_page(done: EvaluationRun, *, open: bool) -> None:
    from humouse.report import write_report  # of an extra
    from humouse.report.browser import show

    page = write_report(done)
    print(f"report: {page}")
    if open:
        show(page)


def _draw(done: EvaluationRun, pair: Pair) -> None:
    from humouse.figures import (  # of an extra
        gesture_gallery,
        kinematic_overlays,
        save_figure,
        velocity_spectra,
    )

    folder, judged = done.folder, done.generated
    save_figure(gesture_gallery(pair.real, pair.fake), folder / "gestures.png")
    if judged.features:
        tables = pair.real_features, pair.fake_features
        overlays = kinematic_overlays(*tables, names=judged.worst_features(12))
        save_figure(overlays, folder / "kinematics.png")
    if judged.spectra:
        save_figure(velocity_spectra(pair.real, pair.fake), folder / "spectra.png")


def _print(done: EvaluationRun) -> None:
    """Print the warnings, a table of all scores, the headline and the findings."""
    judged, rest = done.generated, list(done.evaluations)[1:]
    for line in judged.warnings:
        print(f"warning: {line}", file=sys.stderr)
    title = f"{judged.fake} against {judged.real}, {judged.gestures:,} movements per set"
    table = Table(title=title, caption="95%: the interval from resampling people", box=box.SIMPLE)
    table.add_column("score", no_wrap=True)
    for column in ("generated", "95%", "p", *(_SHORT.get(key, key) for key in rest)):
        table.add_column(column, justify="right", no_wrap=True)
    for name, score in judged.scores.items():
        others = [done.evaluations[key].scores.get(name) for key in rest]
        cells = [f"{other.value:.3f}" if other else "–" for other in others]
        table.add_row(MEASURES[name].label, *_cells(score), *cells)
    for band, power in judged.spectra.items():
        ratios = [done.evaluations[key].spectra[band].ratio for key in rest]
        cells = [f"{ratio.value:.2f}" if ratio else "–" for ratio in ratios]
        table.add_row(f"power {band}, ÷ people's", *_cells(power.ratio), *cells)
    console = Console()
    # A table that is cut says nothing: rather a line too long for the window.
    console.width = max(console.width, 200)
    console.print(table)
    print(done.headline)
    for finding in done.findings:
        print(f"  {finding.text}")


def _cells(score: Score | None) -> tuple[str, str, str]:
    """Return value, interval and p-value as words."""
    if score is None:
        return "–", "", ""
    ends = "" if score.low is None or score.high is None else f"{score.low:.3f} … {score.high:.3f}"
    return f"{score.value:.3f}", ends, "" if score.p_value is None else f"{score.p_value:.3g}"
