"""Which of several runs is nearest to people, in a sentence."""

from collections.abc import Sequence

from humouse.eval.run import EvaluationRun
from humouse.eval.statistics.score import Score
from humouse.report.comparison.best import apart
from humouse.report.evaluation.scores import excess_of, headline_score
from humouse.report.wording import interval, number


def nearest(names: Sequence[str], runs: Sequence[EvaluationRun], ranked: bool) -> str:
    """Return what the comparison shows: the run whose excess is least, and the next.

    Each run counts by the probe that its own headline rests on, over its own baseline.

    Args:
        names: What to call each run.
        runs: At least two.
        ranked: Whether they measure the same thing.
    """
    if not ranked:
        return f"These {len(runs)} evaluations do not measure the same, so none is the nearest"
    excesses = [_excess(run) for run in runs]
    known = [(one, name) for one, name in zip(excesses, names, strict=True) if one is not None]
    if len(known) < len(runs):
        return f"These {len(runs)} evaluations lack a human–human baseline, so none is the nearest"
    (best, first), (other, second) = sorted(known, key=lambda one: one[0].value)[:2]
    how = (
        "is nearest to people, significantly nearer than"
        if apart(best, other)
        else "is nearest to people, but not significantly nearer than"
    )
    return f"{first} {how} {second}: the excess AUC is {_words(best)} against {_words(other)}"


def _excess(run: EvaluationRun) -> Score | None:
    name = headline_score(run)
    return None if name is None else excess_of(run, name)


def _words(excess: Score) -> str:
    sign = "+" if excess.value >= 0 else ""
    return f"{sign}{number(excess.value)} {interval(excess, 3)}".strip()
