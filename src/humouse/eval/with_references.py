"""An evaluation beside its references: other people, the same people, replay, simple bots."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from humouse.eval.evaluate import chosen, evaluate
from humouse.eval.plausibility import FEWEST, with_steps
from humouse.eval.references import reference
from humouse.eval.result import Evaluation
from humouse.eval.rule import EvaluationRule
from humouse.features import FeatureTable, feature_table
from humouse.features.modes import FEATURE_MODES
from humouse.progress import progress_bar
from humouse.trajectories import Trajectories


@dataclass(frozen=True, eq=False)
class Compared:
    """The evaluations, and what "generated" was taken on.

    Args:
        evaluations: By key of `run.SIDES`, each against the same people.
        movements: People's and generated ones, as many of each.
        tables: Their features.
    """

    evaluations: dict[str, Evaluation]
    movements: tuple[Trajectories, Trajectories]
    tables: tuple[FeatureTable, FeatureTable]


def evaluate_with_references(
    held_out: Trajectories,
    train: Trajectories,
    made: Trajectories,
    *,
    n: int,
    references: Sequence[str],
    rule: EvaluationRule,
) -> Compared:
    """Evaluate generated movements, and each reference, against the same people.

    Args:
        held_out: People to compare with.
        train: Other people: the human–human baseline, and what may have been copied.
        made: Generated movements.
        n: At most so many of each side.
        references: Which of `references.REFERENCES`; those with too few movements are left out,
            and named on stderr.
        rule: What to measure.

    Raises:
        InputError: Fewer movements with steps than a score needs.
    """
    groups = FEATURE_MODES[rule.feature_mode]
    references = _affordable(references, held_out, train)
    whole = held_out
    (held_out, empty), (made, more) = with_steps(held_out), with_steps(made)
    n = _common_size(n, held_out, made, train, references)
    # Chosen once: the pictures show what is scored, and people's features are computed once.
    held_out, made = (chosen(movements, n, rule.seed) for movements in (held_out, made))
    evaluations = {}
    with progress_bar("scoring", rule.parts * (1 + len(references))) as advance:
        table = feature_table(held_out, groups)
        tables = table, feature_table(made, groups)
        judged = evaluate(held_out, made, train=train, rule=rule, tables=tables, progress=advance)
        warnings = (*empty, *more, *judged.warnings)
        evaluations["generated"] = replace(judged, warnings=warnings)
        for name in references:
            people = whole if name == "same_people" else held_out
            standard, other, known = reference(name, people, train, n, rule.seed)
            first = table if standard is held_out else feature_table(standard, groups)
            evaluations[name] = evaluate(
                standard,
                other,
                train=known,
                rule=rule,
                tables=(first, feature_table(other, groups)),
                progress=advance,
            )
    return Compared(evaluations, (held_out, made), tables)


def _affordable(
    references: Sequence[str], held_out: Trajectories, train: Trajectories
) -> list[str]:
    """Return those that there are movements enough for; name the rest on stderr."""
    have = {"other_people": len(train) // 2, "same_people": len(held_out) // 2}
    short = [name for name in references if have.get(name, FEWEST) < FEWEST]
    for name in short:
        line = f"warning: {name} is left out: {have[name]} gestures a side, at least {FEWEST} are needed"
        print(line, file=sys.stderr)
    return [name for name in references if name not in short]


def _common_size(
    n: int,
    held_out: Trajectories,
    made: Trajectories,
    train: Trajectories,
    references: Sequence[str],
) -> int:
    """Return how many movements of each side are compared, on all sides alike.

    A probe tells more from more rows, so a floor taken on fewer would flatter nobody but itself: half
    of the train split at most, the other half being what the first may have copied.
    """
    n = min(n, len(held_out), len(made))
    half = len(train) // 2
    if "other_people" not in references or n <= half:
        return n
    print(
        f"note: {half} gestures a side are compared, half of the train split, so that score and "
        "floor are taken alike",
        file=sys.stderr,
    )
    return half
