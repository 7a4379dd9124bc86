"""`python -m eval.sigma_eval`: the sigma-lognormal harness, humans against each generator.

A random forest on the strokes that a gesture decomposes into (Acien et al. 2022, arXiv:2005.00890),
scored on people it was not fitted on. `--use_diffusion_eval` draws diffusion samples on the validation
split's own conditions and judges them with the rest.
"""

import sys
from glob import escape
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from humouse.commands.compared import People, in_codec_frame, provenance, samples
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.errors import InputError
from humouse.eval.evaluate import evaluate
from humouse.eval.pair import chosen
from humouse.eval.plausibility import FEWEST
from humouse.eval.references import reference
from humouse.eval.result import Evaluation
from humouse.eval.rule import EvaluationRule
from humouse.eval.run import SIDES
from humouse.eval.statistics.score import Score
from humouse.features import FeatureTable, feature_table
from humouse.features.modes import FEATURE_MODES
from humouse.features.strokes.columns import SNR
from humouse.figures import kinematic_overlays, save_figure, velocity_spectra
from humouse.files import earlier_names, set_aside_in, write_json
from humouse.generator import load_generator
from humouse.progress import progress_bar
from humouse.settings import SigmaEvalSettings
from humouse.settings.choices import REFERENCES
from humouse.trained_model import TrainedModel, announce
from humouse.training.device import resolve_device
from humouse.trajectories import Trajectories

_CONFIG = "diffusion/sigma_eval"
_DIFFUSION = "diffusion"
_PICTURES = ("kinematics.png", "spectra.png")
_REPORTED = {
    "c2st_acc_val": "c2st_forest_acc",
    "c2st_auc_val": "c2st_forest_auc",
    "mmd_val": "mmd",
    "prd_precision_val": "prd_precision",
    "prd_recall_val": "prd_recall",
}
"""Score by the name that the harness gives it."""


def run(settings: SigmaEvalSettings) -> None:
    """Judge each generator; write sigma_eval.json and pictures to `out_dir`, print a table."""
    rule = _checked(settings)
    model = None
    if settings.use_diffusion_eval:
        model = _model(settings)
        announce(model)
    people = People.load(settings.val_split, settings.train_split, model)
    cases = _cases(settings, model, people)
    evaluations = _evaluated(cases, rule)
    file = _write(settings, model, people, cases, evaluations)
    _print(evaluations)
    print(f"scores: {file}; a folder of pictures for each generator beside it")


def _model(settings: SigmaEvalSettings) -> TrainedModel:
    rule = SamplingRule(steps=settings.steps, sampler=settings.sampler)
    return load_generator(settings.ckpt, resolve_device(settings.device), rule=rule)


def _checked(settings: SigmaEvalSettings) -> EvaluationRule:
    if settings.n < FEWEST:
        raise InputError(f"n={settings.n}: must be at least {FEWEST}")
    if not (settings.use_diffusion_eval or settings.generators or settings.references):
        raise InputError(
            "nothing to judge: give use_diffusion_eval=true, references=[…] or "
            "generators={NAME:FILE.parquet}"
        )
    for name in settings.generators or {}:
        if name in (_DIFFUSION, *REFERENCES):
            raise InputError(f"generators: {name} is taken; give another name")
        if name == ".." or name != Path(name).name:  # it names a folder of pictures
            raise InputError(f"generators: {name!r} cannot name a folder; give another name")
    rule = EvaluationRule(
        metrics=("c2st", "mmd", "prd", "kinematics", "spectra"),
        feature_mode="sigma_lognormal",
        probes=("forest",),
        replicates=settings.replicates,
        permutations=settings.permutations,
        importance=False,
        seed=settings.seed,
    )
    rule.check()
    return rule


class _Case(NamedTuple):
    """One generator, or reference, to judge.

    Args:
        people: Movements of people to compare with.
        judged: Its movements.
    """

    people: Trajectories
    judged: Trajectories


def _cases(
    settings: SigmaEvalSettings, model: TrainedModel | None, people: People
) -> dict[str, _Case]:
    """Return people and movements of each generator, at most n of each, by name."""
    # Read first: a file that is not there is missed before the work, not after it.
    given = {name: Trajectories.load(path) for name, path in (settings.generators or {}).items()}
    seen = people.in_codec_frame(model)
    n = min(settings.n, len(seen.held_out))
    standard = chosen(seen.held_out, n, settings.seed)
    cases = {}
    if model is not None:
        made = samples(model, n, like=people.held_out, seed=settings.seed)
        cases[_DIFFUSION] = _Case(standard, made)
    for name, movements in given.items():
        cases[name] = _Case(standard, chosen(in_codec_frame(movements, model), n, settings.seed))
    for name in settings.references:
        whole = seen.held_out if name == "same_people" else standard
        one = reference(name, whole, seen.train, n, settings.seed)
        cases[name] = _Case(one.standard, one.judged)
    return cases


def _evaluated(cases: dict[str, _Case], rule: EvaluationRule) -> dict[str, Evaluation]:
    """Return the scores of each case; the strokes of people who recur are fitted once."""
    evaluations: dict[str, Evaluation] = {}
    strokes: dict[Trajectories, FeatureTable] = {}
    with progress_bar("scoring", rule.parts * len(cases)) as advance:
        for name, case in cases.items():
            if case.people not in strokes:
                strokes[case.people] = _strokes(case.people)
            tables = strokes[case.people], _strokes(case.judged)
            evaluations[name] = evaluate(*case, rule=rule, tables=tables, progress=advance)
    return evaluations


def _write(
    settings: SigmaEvalSettings,
    model: TrainedModel | None,
    people: People,
    cases: dict[str, _Case],
    evaluations: dict[str, Evaluation],
) -> Path:
    """Write the pictures and the scores; return the file of the scores."""
    out_dir = Path(settings.out_dir)
    file = out_dir / "sigma_eval.json"
    names = {*earlier_names(file, "scores"), *map(escape, cases)}
    pictures = [f"{name}/{picture}" for name in names for picture in _PICTURES]
    set_aside_in(out_dir, [file.name, *pictures])
    for name, case in cases.items():
        _draw(*case, out_dir / name)
    write_json(file, _content(settings, model, people, evaluations))
    return file


def _strokes(movements: Trajectories) -> FeatureTable:
    """Return the 37 values: those of the strokes, without how well they fit."""
    table = feature_table(movements, FEATURE_MODES["sigma_lognormal"])
    return table.select([name for name in table.names if name != SNR])


def _draw(people: Trajectories, made: Trajectories, folder: Path) -> None:
    tables = [feature_table(side, FEATURE_MODES["kinematic"]) for side in (people, made)]
    pictures = kinematic_overlays(*tables), velocity_spectra(people, made)
    for name, picture in zip(_PICTURES, pictures, strict=True):
        save_figure(picture, folder / name)


def _content(
    settings: SigmaEvalSettings,
    model: TrainedModel | None,
    people: People,
    evaluations: dict[str, Evaluation],
) -> dict[str, Any]:
    plain = {name: one.as_dict() for name, one in evaluations.items()}
    return {
        "scores": {
            name: {word: one["scores"][key] for word, key in _REPORTED.items()}
            for name, one in plain.items()
        },
        "evaluations": plain,
        **provenance(settings, model, people),
    }


def _print(evaluations: dict[str, Evaluation]) -> None:
    """Print the warnings and a table of all scores."""
    for warning in dict.fromkeys(line for one in evaluations.values() for line in one.warnings):
        print(f"warning: {warning}", file=sys.stderr)
    some = next(iter(evaluations.values()))
    title = f"sigma-lognormal forest, people of {some.real} against …"
    table = Table(
        title=title, caption="[lower, upper end of the 95% interval from resampling people]"
    )
    table.add_column("generator", no_wrap=True)
    for word in _REPORTED:
        table.add_column(word, justify="right", no_wrap=True)
    for name, one in evaluations.items():
        scores: list[Score] = [one.scores[key] for key in _REPORTED.values()]
        table.add_row(SIDES.get(name, name), *(str(score).replace("[", r"\[") for score in scores))
    console = Console()
    # A table that is cut says nothing: rather a line too long for the window.
    console.width = max(console.width, 200)
    console.print(table)
