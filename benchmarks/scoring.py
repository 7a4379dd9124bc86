"""Speed and memory of `humouse detect score` on a file of many movements, with the packaged detector.

Run: `python benchmarks/scoring.py [--n 20000] [--workers 1 2] [--movements FILE]`. The file repeats the
movements of another one, or of synthetic people; one of 4,096 steps stands among them, which a batch padded
to its longest would pay for. Each run is a process of its own, from the start to the table on the disk; its
start alone, on a single movement, is timed before. The processor's time stands beside: what the wall
clock shows above it is waiting.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from figures import figure
from humouse.movement_table import StoredMovements, read_table, write_table

BAR_PER_S, BAR_MB = 5_000, 1_000
_LONG = 4096


def written(path: Path, given: StoredMovements, n: int) -> None:
    """Write n movements, a long one among them."""
    long = given.rows(np.zeros(_LONG, np.int64))
    one = given.rows(slice(0, 1))._replace(steps=long.steps[:_LONG], lengths=np.array([_LONG]))
    rest = given.rows(np.arange(n - 1) % len(given.lengths))
    write_table(path, StoredMovements.joined([rest, one]))


def write_both(many: Path, single: Path, given: Path | None, n: int) -> float:
    """Write n movements, and a single one; return the median of their steps.

    Args:
        many: Where to write n.
        single: Where to write the single one.
        given: File to repeat, or None for synthetic people.
        n: How many.
    """
    if given is None:
        from bots import people

        movements = people(2000, 0).as_steps().stored()
    else:
        movements = read_table(given)
    movements = movements._replace(places=None)
    written(many, movements, n)
    write_table(single, movements.rows(slice(0, 1)))
    return float(np.median(movements.lengths))


def scored(path: Path, workers: int, reasons: int) -> tuple[float, float, float]:
    """Return seconds by the clock and of the processor, and the peak of memory (MB), of a child process."""
    words = ["-m", "humouse", "detect", "score", f"movements={path}", f"workers={workers}"]
    words += [f"reasons={reasons}", f"out={path.with_name('said.parquet')}"]
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(child.pid, 0)
    if status:
        raise SystemExit("humouse detect score failed")
    took = time.perf_counter() - began
    return took, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=20_000, help="movements in the file")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--reasons", type=int, default=5)
    parser.add_argument(
        "--movements", type=Path, help="file to repeat; synthetic people by default"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path, single = Path(folder) / "many.parquet", Path(folder) / "one.parquet"
        # A process's peak of memory begins at its parent's, which must not hold the movements.
        with get_context("spawn").Pool(1) as pool:
            steps = pool.apply(write_both, (path, single, given.movements, given.n))
        start_s, start_cpu_s, _ = scored(single, 1, given.reasons)
        print(f"start: {start_s:.1f} s, {start_cpu_s:.1f} s of the processor")
        print(f"{given.n:,} movements, {steps:.0f} steps in the middle, reasons={given.reasons}")
        for workers in given.workers:
            took_s, cpu_s, peak_mb = scored(path, workers, given.reasons)
            pace, each_us = given.n / (took_s - start_s), (cpu_s - start_cpu_s) / given.n * 1e6
            what = f"`humouse detect score` of {given.n:,}, workers={workers}"
            figure(what, pace, "a second", at_least=BAR_PER_S)
            figure(f"{what}: processor", each_us, "us each")
            figure(f"{what}: memory", peak_mb, "MB", at_most=BAR_MB)
            print(
                f"  workers={workers}: {pace:,.0f} a second (bar {BAR_PER_S:,} on two cores); "
                f"{each_us:.0f} us of the processor each; {peak_mb:,.0f} MB (bar {BAR_MB:,} for a million)"
            )


if __name__ == "__main__":
    main()
