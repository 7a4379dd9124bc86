"""`humouse report FOLDER`: a page about one evaluation."""

from pathlib import Path

from humouse.errors import InputError
from humouse.eval.run import EvaluationRun
from humouse.report.browser import show
from humouse.report.evaluation.page import write_report
from humouse.settings import ReportSettings


def run(settings: ReportSettings) -> None:
    """Write the page of one evaluation."""
    if settings.run is None:
        raise InputError("run: name the folder that humouse eval wrote, as run=runs/eval")
    out = None if settings.out is None else Path(settings.out)
    page = write_report(EvaluationRun.load(settings.run), out)
    print(f"report: {page}")
    if settings.open:
        show(page)
