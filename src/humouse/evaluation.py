"""`evaluate`: how near movements come to people's, in one call, with a page to look at."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from humouse.detection.samples.people import people_of, split_by_user
from humouse.eval.conclusion import conclude, save_with_data
from humouse.eval.rule import EvaluationRule
from humouse.eval.run import EvaluationRun
from humouse.eval.statistics.score import Score
from humouse.eval.with_references import evaluate_with_references
from humouse.extras import require
from humouse.files import versions
from humouse.trajectories import Trajectories


@dataclass(frozen=True, eq=False)
class EvaluationResult:
    """How near movements come to people's.

    Args:
        run: The folder with everything: every score, the movements and their features.
    """

    run: EvaluationRun

    @property
    def scores(self) -> Mapping[str, Score]:
        """Every score by name, each with its interval."""
        return self.run.generated.scores

    @property
    def baseline(self) -> Mapping[str, Score]:
        """What other people score; empty where there was nobody to compare."""
        return self.run.baseline.scores if self.run.baseline else {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know before believing a score, a line each."""
        return self.run.generated.warnings

    def show(self, path: str | Path | None = None, *, open: bool = True) -> Path:
        """Write the page of all scores, open it in the browser, and return where it lies.

        Args:
            path: Where to; beside the scores by default.
            open: Whether to open it.

        Raises:
            InputError: The extra `report` is not installed.
        """
        require("the page of scores", "report")
        from humouse.report import browser, write_report

        page = write_report(self.run, None if path is None else Path(path))
        if open:
            browser.show(page)
        return page

    def __repr__(self) -> str:
        lines = [self.run.headline, *(f"  {finding.text}" for finding in self.run.findings)]
        return "\n".join(lines)


def evaluate(
    people: Trajectories,
    movements: Trajectories,
    *,
    others: Trajectories | None = None,
    n: int = 2000,
    rule: EvaluationRule | None = None,
    out_dir: str | Path | None = None,
) -> EvaluationResult:
    """Return how near movements come to people's, beside how near other people come.

    Args:
        people: People's movements, with their names.
        movements: Those to judge.
        others: Other people's movements, for the human–human baseline and as what may have been
            copied; by default half of the people are set aside for that.
        n: Largest number of movements in each set.
        rule: What to measure; everything by default.
        out_dir: Where scores, movements and features are kept; a folder that goes with the
            result by default.

    Raises:
        InputError: Fewer movements than a score needs, or a name or number of the rule is wrong.
    """
    rule = rule or EvaluationRule()
    rule.check()
    if others is None:
        others = people[:0]
        if people.user is not None and len(people_of(people)) > 1:
            people, others = split_by_user(people, 0.5, rule.seed)
    references = ["other_people", "same_people"] if len(others) else ["same_people"]
    with tempfile.TemporaryDirectory(prefix="humouse-") as made:
        result = evaluate_with_references(
            people, others, movements, n=n, references=references, rule=rule, folder=Path(made)
        )
    folder = Path(tempfile.mkdtemp(prefix="humouse-") if out_dir is None else out_dir)
    provenance = {
        "command": "humouse.evaluate(people, movements)",
        "settings": vars(rule),
        "people": people.origin,
        "judged": movements.origin,
        "versions": versions(),
    }
    run = conclude(folder, result, provenance)
    save_with_data(run, result.pair, others)
    evaluated = EvaluationResult(run)
    if out_dir is None:
        weakref.finalize(evaluated, shutil.rmtree, folder, ignore_errors=True)
    return evaluated
