"""The best of several runs by a score, and whether its interval excludes the others."""

from collections.abc import Sequence

from humouse.eval.statistics.score import Measure, Score


def mark_best(
    measure: Measure, scores: Sequence[Score | None], excesses: Sequence[Score | None]
) -> list[str]:
    """Return for each run "best", "best?" where that may be chance, or nothing.

    The best has the least excess over its own baseline, where every run has one, and otherwise lies
    nearest to the ideal. It is surely so where its interval, of that same excess or value, meets no
    other run's.

    Args:
        measure: What the score measures; where its ideal is not known, or less of it is no merit,
            no run is the best.
        scores: The score of each run, or None where it is lacking.
        excesses: The same less the run's own baseline, or None where that is lacking.
    """
    known = {k: score for k, score in enumerate(scores) if score is not None}
    if measure.ideal != measure.ideal or measure.fault_only or len(known) < 2:
        return [""] * len(scores)
    above = {k: excess for k in known if (excess := excesses[k]) is not None}
    read, than = (above, 0.0) if len(above) == len(known) else (known, measure.ideal)
    faults = {k: measure.worse(score.value, than) for k, score in read.items()}
    least = min(faults.values())
    words = [""] * len(scores)
    for k in read:
        if faults[k] == least:
            surely = all(apart(read[k], other) for j, other in read.items() if j != k)
            words[k] = "best" if surely else "best?"
    return words


def apart(one: Score, other: Score) -> bool:
    """Return whether both have intervals, and these share no value."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return one.low > other.high or other.low > one.high
