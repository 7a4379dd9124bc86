"""Features of 20,000 movements: the batched table against a plain numpy loop over movements.

Run: `python benchmarks/features.py`. The loop is the oracle of the tests.
"""

import argparse
import runpy
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from figures import figure
from humouse.features import feature_table
from humouse.trajectories import Trajectories

_ORACLE = Path(__file__).parents[1] / "tests" / "oracles" / "features.py"
_oracle = runpy.run_path(str(_ORACLE))
reference, movements = _oracle["reference"], _oracle["movements"]


def loop(batch: Trajectories) -> np.ndarray:
    """Return the reference's features of every movement, one at a time."""
    rows = []
    for steps, length in zip(batch.deltas.double().numpy(), batch.lengths.tolist(), strict=True):
        rows.append(list(reference(*steps[:length].T).values()))
    return np.array(rows)


def best_of(repeats: int, job: Callable[[], object]) -> float:
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=20_000, help="movements in the batch")
    parser.add_argument("--sample", type=int, default=1_000, help="movements for the loop")
    settings = parser.parse_args()
    batch = movements(settings.n, seed=0)
    part = batch[: settings.sample]

    def batched(workers: int = 1) -> None:
        feature_table(batch, workers=workers)

    batched()
    batch_s = best_of(3, batched)
    threads_s = best_of(3, lambda: batched(2))
    loop_s = best_of(2, lambda: loop(part)) * settings.n / len(part)
    print(f"{settings.n} movements of 12–64 steps, {len(feature_table(part).names)} features")
    print(f"batched: {batch_s:.3f} s, {settings.n / batch_s:,.0f} a second")
    print(
        f"on two threads: {threads_s:.3f} s, {settings.n / threads_s:,.0f} a second (bar 100,000)"
    )
    n = f"{len(feature_table(part).names)} features of {settings.n:,} movements"
    figure(n, settings.n / batch_s, "a second", at_least=20_000)
    figure(f"{n}, on two threads", settings.n / threads_s, "a second", at_least=100_000)
    figure(f"{n}, beside a numpy loop", loop_s / batch_s, "times as fast", at_least=50)
    print(f"numpy loop, scaled from {len(part)} movements: {loop_s:.1f} s")
    print(f"ratio: {loop_s / batch_s:.0f} (target: at least 50)")


if __name__ == "__main__":
    main()
