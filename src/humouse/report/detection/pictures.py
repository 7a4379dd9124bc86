"""The pictures of a benchmark's page, each with a title and its content in words."""

from collections.abc import Sequence

from markupsafe import Markup

from humouse.detection.benchmark.headline import headline_detector
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.benchmark.wording import called
from humouse.detection.names import MEAN
from humouse.report.detection.figures import detection_figures
from humouse.report.detection.held_out_figure import held_out
from humouse.report.picture import inline_svg
from humouse.report.wording import number

_TITLES = {
    "negatives": "TPR at 1% FPR of each family, by training mix",
    "false_alarms": "False positive rate of each person",
    "sessions": "TPR at 1% FPR over the number of gestures of a session",
}


def pictures_of(result: BenchmarkResult, mixes: Sequence[str]) -> dict[str, Markup]:
    """Return the pictures by name; those of each mix by "held_out " and the mix."""
    figures = detection_figures(result)
    figures.pop("held_out", None)
    pictures = {
        name: inline_svg(
            figure,
            key=name.replace("_", "-"),
            title=_TITLES[name],
            description="The same numbers stand in the table beside the picture.",
        )
        for name, figure in figures.items()
    }
    for place, mix in enumerate(mixes):
        pictures[f"held_out {mix}"] = inline_svg(
            held_out(result, [mix]),
            key=f"held-out-{place}",
            title=f"ROC-AUC of every detector by family held out, fitted on {mix}",
            description=_areas_in_words(result, mix),
        )
    return pictures


def _areas_in_words(result: BenchmarkResult, mix: str) -> str:
    about = headline_detector(result)
    areas = [
        f"{'mean of scripted' if cell.family == MEAN else called(cell.family)} "
        f"{number(cell.scores['roc_auc'].value)}"
        for cell in result.cells
        if (cell.detector, cell.mix) == (about, mix) and "roc_auc" in cell.scores
    ]
    return f"The {called(about)}: {'; '.join(areas)}."
