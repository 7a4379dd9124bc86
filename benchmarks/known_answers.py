"""The evaluator on cases whose answer is known, as a table: what each reads, and what is found.

Synthetic reaches of the test suite, 1,000 per set; `tests/eval/test_known_answers.py` asserts the same.

Run: `python benchmarks/known_answers.py`.
"""

import argparse
import runpy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from humouse.eval.evaluate import evaluate
from humouse.eval.rule import EvaluationRule
from humouse.eval.verdict import verdict
from humouse.eval.wording import findings
from humouse.trajectories import Trajectories

_SHOWN = ("c2st_boosting_auc", "prd_precision", "prd_recall", "copying")


def cases(
    n: int, people: Trajectories, train: Trajectories, reaches: Any
) -> Iterator[tuple[str, Trajectories]]:
    """Yield (name, movements) of each case."""
    alike = reaches(n, 2, "model")
    yield "the same distribution", alike
    yield "a dropped mode (all fast reaches)", reaches(n, 2, "model", near_only=True)
    odd = alike.deltas.clone()
    odd[: n // 3, :, 0] += 25
    yield "an invented mode (a third drift by 25 px a step)", replace(alike, deltas=odd)
    yield "the train set, copied", replace(train[:n], user=None)
    wobble = torch.randint(
        -1, 2, train[:n].deltas.shape, generator=torch.Generator().manual_seed(0)
    )
    wobble = wobble * (train[:n].deltas[..., :1].abs() > 6)
    wobble[..., 2] = 0
    yield (
        "the train set, a pixel off",
        replace(train[:n], deltas=train[:n].deltas + wobble, user=None),
    )
    yield "an 8 ms clock for a 16 ms one", reaches(n, 2, "model", tick_ms=8, pace=0.5)
    larger = people[:n].deltas * torch.tensor([1.5, 1.5, 1.0])
    yield "people, half as large again", replace(people[:n], deltas=larger, user=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000, help="gestures per set")
    n = parser.parse_args().n
    tests = Path(__file__).parents[1] / "tests" / "eval" / "conftest.py"
    reaches = runpy.run_path(str(tests))["reaches"]
    people = reaches(n, 0, users=20)
    train = reaches(2 * n, 1, "train", users=40, first_user=100)
    rule = EvaluationRule(feature_mode="kinematic", probes=("logistic", "boosting"))
    baseline = evaluate(people, train, rule=rule)
    print("| case | boosting AUC | PRD precision | PRD recall | nearer to train | found |")
    print("|---|---:|---:|---:|---:|---|")
    for name, made in cases(n, people, train, reaches):
        judged = evaluate(people, made, train=train, rule=rule)
        cells = []
        for score in (judged.scores[key] for key in _SHOWN):
            cells.append(f"{score.value:.2f} [{score.low:.2f}, {score.high:.2f}]")
        found = ", ".join(finding.kind for finding in findings(verdict(judged, baseline)))
        print(f"| {name} | {' | '.join(cells)} | {found} |", flush=True)


if __name__ == "__main__":
    main()
