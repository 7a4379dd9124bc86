"""The order of families of bots, and what they are called."""

from humouse.detection.benchmark.headline import fullest, headline_detector
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.benchmark.wording import called
from humouse.detection.names import GENERATED, MEAN


def named(family: str) -> str:
    """Return what to call a family, or the mean over the scripted ones."""
    return "mean of the scripted" if family == MEAN else called(family)


def families_of(result: BenchmarkResult) -> list[str]:
    """Return the learned families, the mean of the scripted ones, and these, the hardest first."""
    about, mix = headline_detector(result), fullest(result)

    def area(family: str) -> float:
        cell = result.cell(about, family, mix)
        return cell.scores["roc_auc"].value if cell and "roc_auc" in cell.scores else 0.0

    every = {cell.family for cell in result.cells}
    scripted = sorted(sorted(every - {MEAN, *GENERATED}), key=area)
    learned = [family for family in GENERATED if family in every]
    return [*learned, *([MEAN] if MEAN in every else []), *scripted]
