"""`humouse report run=FOLDER` and `humouse compare FOLDER FOLDER …`."""

import sys
from pathlib import Path

from humouse.commands.launch import launch
from humouse.errors import InputError
from humouse.eval.run import EvaluationRun
from humouse.report.comparison.page import write_comparison
from humouse.report.evaluation.page import write_report
from humouse.settings import CompareSettings, ReportSettings
from humouse.settings.compose import quoted


def report(settings: ReportSettings) -> None:
    """Write the page of one evaluation."""
    if settings.run is None:
        raise InputError("run: name the folder that humouse eval wrote, as run=runs/eval")
    out = None if settings.out is None else Path(settings.out)
    print(f"report: {write_report(EvaluationRun.load(settings.run), out)}")


def compare(settings: CompareSettings) -> None:
    """Write the page that holds several evaluations against each other."""
    if len(settings.runs) < 2:
        raise InputError(
            "runs: name two folders or more that humouse eval wrote: humouse compare A B"
        )
    runs = [EvaluationRun.load(folder) for folder in settings.runs]
    print(f"comparison: {write_comparison(runs, Path(settings.out))}")


def main_report() -> None:
    """Run `humouse report`; a word that is no setting is the folder."""
    folders, rest = _folders(sys.argv[1:])
    sys.argv[1:] = rest + [f"run={quoted(folder)}" for folder in folders]
    usage = "humouse report FOLDER — a page about one evaluation; FOLDER is short for run=FOLDER"
    launch("report", ReportSettings, report, usage)


def main_compare() -> None:
    """Run `humouse compare`; words that are no settings are folders."""
    folders, rest = _folders(sys.argv[1:])
    runs = [f"runs=[{','.join(map(quoted, folders))}]"] if folders else []
    sys.argv[1:] = rest + runs
    usage = "humouse compare FOLDER FOLDER … — several evaluations in one table and page"
    launch("compare", CompareSettings, compare, usage)


def _folders(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the words that name folders, and the others."""
    # What follows a flag is the flag's: --cfg job.
    flags = [word.startswith("-") for word in ["", *words]]
    folders = [
        word for word, flag in zip(words, flags, strict=False) if not flag and _names_a_folder(word)
    ]
    return folders, [word for word in words if word not in folders]


def _names_a_folder(word: str) -> bool:
    # A run's folder may be called after its settings: runs/lr=0.001. But run=a is a setting.
    named = word.startswith(("run=", "runs=", "out="))
    return not word.startswith("-") and ("=" not in word or (not named and Path(word).is_dir()))
