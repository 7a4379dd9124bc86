"""Figures that a benchmark measures, each a line for the table that `make benchmark` ends with."""

import json
import operator
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "HUMOUSE_FIGURES"
"""Names the file that figures go to, a JSON object a line; without it they are printed only."""

_HOLDS = {"at least": operator.ge, "at most": operator.le}


@dataclass(frozen=True)
class Figure:
    """One figure.

    Args:
        what: What was measured, as docs/results/speed.md calls it.
        measured: The number.
        unit: Its unit.
        sense: "at least" or "at most", as the bar is meant; None without a bar.
        bar: What was aimed at.
    """

    what: str
    measured: float
    unit: str
    sense: str | None = None
    bar: float | None = None

    @property
    def verdict(self) -> str:
        """Return "met" or "missed"; "–" without a bar. What is no number meets none."""
        if self.sense is None or self.bar is None:
            return "–"
        return "met" if _HOLDS[self.sense](self.measured, self.bar) else "missed"


def figure(
    what: str,
    measured: float,
    unit: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Figure:
    """Note a figure for the table, beside one bar or none.

    Args:
        what: What was measured.
        measured: The number.
        unit: Its unit.
        at_least: The bar, where more is better.
        at_most: The bar, where less is better.
    """
    if at_least is not None and at_most is not None:
        raise ValueError(f"{what}: a figure has one bar")
    sense = None if at_least is at_most else "at least" if at_most is None else "at most"
    bar = at_least if at_most is None else at_most
    one = Figure(what, float(measured), unit, sense, None if bar is None else float(bar))
    if path := os.environ.get(FILE):
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(one)) + "\n")
    return one


def read_figures(path: Path) -> list[Figure]:
    """Return the figures in a file, those before a line that was cut short."""
    found: list[Figure] = []
    if not path.is_file():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(Figure(**json.loads(line)))
        except (ValueError, TypeError):
            break
    return found
