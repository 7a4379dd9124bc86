"""The order of families of bots, and what they are called."""

from humouse.bots.families import FAMILIES
from humouse.detection.benchmark.headline import headline_cell
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.benchmark.wording import called
from humouse.detection.names import BROWSER, FILES_MEAN, GENERATED, MEAN, OWN

DELIVERY_WORDS = {OWN: "own timing", BROWSER: "60 Hz"}
"""How movements are delivered, for people."""


def named(family: str) -> str:
    """Return what to call a family, or a mean over several."""
    return called(family)


def families_of(result: BenchmarkResult) -> list[str]:
    """Return the families: those from files, models', scripted ones; means before, the hardest first."""

    def area(family: str) -> float:
        cell = headline_cell(result, family)
        return cell.scores["roc_auc"].value if cell and "roc_auc" in cell.scores else 0.0

    every = {cell.family for cell in result.cells}
    scripted = sorted(every & set(FAMILIES), key=lambda one: (area(one), one))
    known = {MEAN, FILES_MEAN, *GENERATED, *FAMILIES}
    files = sorted(every - known, key=lambda one: (area(one), one))
    means = {name: [name] if name in every else [] for name in (MEAN, FILES_MEAN)}
    learned = [family for family in GENERATED if family in every]
    return [*means[FILES_MEAN], *files, *learned, *means[MEAN], *scripted]
