"""An evaluation and its references: the human–human baseline, the same people, replay, simple bots."""

import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from humouse.eval.evaluate import assembled, unmeasured
from humouse.eval.pair import Pair, paired
from humouse.eval.parts import Inputs, Part, known_features, measures
from humouse.eval.plausibility import FEWEST
from humouse.eval.references import reference
from humouse.eval.result import Evaluation
from humouse.eval.rule import EvaluationRule
from humouse.features.modes import FEATURE_MODES
from humouse.files import writing
from humouse.processes import run_jobs
from humouse.progress import progress_bar
from humouse.trajectories import Trajectories


@dataclass(frozen=True, eq=False)
class Compared:
    """The evaluations, and what "generated" was taken on.

    Args:
        evaluations: By key of `run.SIDES`, each against the same people.
        pair: People's movements and the generated ones, with their features.
    """

    evaluations: dict[str, Evaluation]
    pair: Pair


def evaluate_with_references(
    held_out: Trajectories,
    train: Trajectories,
    made: Trajectories,
    *,
    n: int,
    references: Sequence[str],
    rule: EvaluationRule,
    folder: Path,
    workers: int = 1,
) -> Compared:
    """Evaluate generated movements, and each reference, against the same people.

    The people's movements are cleaned, chosen and described by features once; the pictures show what
    is scored.

    Args:
        held_out: People to compare with.
        train: Other people: the human–human baseline, and what may have been copied.
        made: Generated movements.
        n: Largest number of each.
        references: Which of `references.REFERENCES`; those with too few movements are left out,
            and named on stderr.
        rule: What to measure; only for the generated movements, what each feature adds to a probe.
        folder: Where the comparisons lie until they are measured; the caller removes it.
        workers: Processes that measure; the numbers do not depend on it. More than one start this
            program anew, so a script that asks for them must stand under
            `if __name__ == "__main__":`.

    Raises:
        InputError: Fewer movements with steps than a score needs, or the folder cannot be written.
    """
    references = _affordable(references, held_out, train)
    n = _common_size(n, held_out, made, train, references)
    pair = paired(held_out, made, FEATURE_MODES[rule.feature_mode], n=n, seed=rule.seed)
    blank: dict[str, Evaluation] = {}

    def jobs() -> Iterator[_Job]:
        """Make one comparison after the other; the first is measured while the second is made."""
        for key, inputs in _comparisons(pair, held_out, train, references, rule):
            blank[key] = unmeasured(inputs.pair, rule.seed)
            kept = folder / key
            with writing(kept), kept.open("wb") as file:
                pickle.dump(inputs, file)
            advance()
            yield from ((measure, kept) for measure in measures(rule))

    with progress_bar("scoring", rule.parts * (1 + len(references))) as advance:
        parts = run_jobs(_measured, jobs(), _Latest, workers=workers, progress=advance)
    each = len(parts) // len(blank)
    evaluations = {
        key: assembled(one, parts[each * k : each * (k + 1)])
        for k, (key, one) in enumerate(blank.items())
    }
    return Compared(evaluations, pair)


def _comparisons(
    pair: Pair,
    held_out: Trajectories,
    train: Trajectories,
    references: Sequence[str],
    rule: EvaluationRule,
) -> Iterator[tuple[str, Inputs]]:
    """Yield what is compared, by key of `run.SIDES`: the generated movements, then each reference."""
    features = known_features(train, rule)
    yield "generated", Inputs(pair, features, rule)
    groups = FEATURE_MODES[rule.feature_mode]
    for name in references:
        people = held_out if name == "same_people" else pair.real
        standard, other, known = reference(name, people, train, len(pair), rule.seed)
        table = pair.real_features if standard is pair.real else None
        against = paired(standard, other, groups, seed=rule.seed, tables=(table, None))
        copied = features if known is train else known_features(known, rule)
        yield name, Inputs(against, copied, replace(rule, importance=False))


_Job = tuple[Callable[[Inputs], Part], Path]


class _Latest:
    """The comparison that a process measures: read once for all its jobs, and freed before the next."""

    def __init__(self) -> None:
        self._file: Path | None = None
        self._inputs: Inputs | None = None

    def read(self, file: Path) -> Inputs:
        """Return the comparison that a file holds."""
        if file != self._file or self._inputs is None:
            self._inputs = None
            with file.open("rb") as opened:
                self._inputs = pickle.load(opened)
            self._file = file
        return self._inputs


def _measured(latest: _Latest, job: _Job) -> Part:
    measure, file = job
    return measure(latest.read(file))


def _affordable(
    references: Sequence[str], held_out: Trajectories, train: Trajectories
) -> list[str]:
    """Return those that there are movements enough for; name the rest on stderr."""
    have = {"other_people": len(train) // 2, "same_people": len(held_out) // 2}
    short = [name for name in references if have.get(name, FEWEST) < FEWEST]
    for name in short:
        print(
            f"warning: {name} is left out: {have[name]} movements per set, at least {FEWEST} are needed",
            file=sys.stderr,
        )
    return [name for name in references if name not in short]


def _common_size(
    n: int,
    held_out: Trajectories,
    made: Trajectories,
    train: Trajectories,
    references: Sequence[str],
) -> int:
    """Return how many movements of each set are compared, the same for every reference.

    A probe does better with more rows, so the baseline is measured on as many: at most half of the
    train split, since the other half is what the first may have copied.
    """
    n = min(n, *(int((side.lengths > 0).sum()) for side in (held_out, made)))
    half = len(train) // 2
    if "other_people" not in references or n <= half:
        return n
    print(
        f"note: {half} movements per set are compared, half of the train split, so that the score and the "
        "human–human baseline use equally many",
        file=sys.stderr,
    )
    return half
