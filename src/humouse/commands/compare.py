"""`humouse compare FOLDER FOLDER …`: several evaluations in one page."""

from pathlib import Path

from humouse.errors import InputError
from humouse.eval.run import EvaluationRun
from humouse.report.browser import show
from humouse.report.comparison.page import write_comparison
from humouse.settings import CompareSettings


def run(settings: CompareSettings) -> None:
    """Write the page that compares several evaluations."""
    if len(settings.runs) < 2:
        raise InputError(
            "runs: name two folders or more that humouse eval wrote: humouse compare A B"
        )
    runs = [EvaluationRun.load(folder) for folder in settings.runs]
    page = write_comparison(runs, Path(settings.out))
    print(f"comparison: {page}")
    if settings.open:
        show(page)
