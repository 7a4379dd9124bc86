"""How often a 95% interval over people holds the truth: simulated people, whose truth is known.

    python benchmarks/intervals.py --times 300

Twenty people of 15 gestures differ in where they lie. Each time they are drawn anew; the truth is what
such people read on average. "rows" takes gestures for independent, which they are not.
"""

import argparse
from collections.abc import Callable, Iterator

import numpy as np
import torch

from figures import figure
from humouse.detection.benchmark.metrics import ScoredGestures, detection_scores
from humouse.eval.probes.classifier import c2st_scores
from humouse.eval.probes.two_sample import Groups
from humouse.eval.statistics.score import Score

PEOPLE, EACH, REPLICATES = 20, 15, 200


def probe_scores(seed: int) -> Iterator[tuple[str, Score]]:
    """Yield the AUC of the logistic probe on three features, with either interval."""
    rng = np.random.default_rng(seed)
    place = rng.normal(0, 0.7, (PEOPLE, 1, 3))
    rows = (place + rng.normal(size=(PEOPLE, EACH, 3))).reshape(-1, 3)
    fake = np.random.default_rng(10_000 + seed).normal(0.5, 1.2, rows.shape)
    users = np.repeat(np.arange(PEOPLE), EACH).astype(str)
    for name, who in (("people", users), ("rows", None)):
        sides = torch.from_numpy(rows), torch.from_numpy(fake)
        yield (
            f"AUC of a probe, over {name}",
            c2st_scores(*sides, groups=Groups(real=who), replicates=REPLICATES).auc,
        )


def detector_scores(seed: int) -> Iterator[tuple[str, Score]]:
    """Yield a detector's ROC-AUC and TPR at 1% FPR, of fixed scores that people differ in."""
    rng = np.random.default_rng(20_000 + seed)
    human = (rng.normal(0, 0.5, (PEOPLE, 1)) + rng.normal(size=(PEOPLE, 10 * EACH))).ravel()
    bots = rng.normal(2.5, 1, 600)
    users = np.repeat(np.arange(PEOPLE), 10 * EACH).astype(str)
    sides = ScoredGestures(human, users), ScoredGestures(bots, np.full(len(bots), "bot"))
    found = detection_scores(*sides, replicates=REPLICATES, seed=seed)
    yield "ROC-AUC of a detector, over people", found["roc_auc"]
    yield "TPR at 1% FPR of a detector, over people", found["tpr_at_1"]


def covered(measure: Callable[[int], Iterator[tuple[str, Score]]], times: int) -> dict[str, float]:
    """Return how often each score's interval holds the mean of its values."""
    scores: dict[str, list[Score]] = {}
    for seed in range(times):
        for name, score in measure(seed):
            scores.setdefault(name, []).append(score)
    held = {}
    for name, drawn in scores.items():
        truth = np.mean([score.value for score in drawn])
        ends = np.array([(score.low, score.high) for score in drawn], float)
        held[name] = float(np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1])))
    return held


def main() -> None:
    """Print a line a score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=300)
    times = parser.parse_args().times
    for measure in (detector_scores, probe_scores):
        for name, share in covered(measure, times).items():
            figure(f"95% interval of {name}: holds the truth", 100 * share, "times in 100")
            print(f"{name:<42}{100 * share:5.0f} times in 100")


if __name__ == "__main__":
    main()
