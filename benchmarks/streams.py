"""Cost per movement and memory of `humouse features` and `detect negatives`, for few movements and many.

Run: `python benchmarks/streams.py [--n 10000 100000] [--workers 1 2] [--million] [--jobs features bots]`.
Synthetic people, repeated, are described without the strokes; composed and scripted bots follow them. Each
run is a process of its own, from the start to the files on the disk. Memory is that of the first process and
its workers together; the processor's time stands beside: what the wall clock shows above it is waiting.
"""

import argparse
import tempfile
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from measured import Used, used_by

from figures import figure
from humouse.movement_table import StoredMovements, write_tables

BAR_PER_S, BAR_MB = 100_000, 2_000
_PEOPLE, _AT_A_TIME = 2000, 2**14
_MIXTURES = {"composed": "mixture={composed:1}", "bots": "mixture={bots:1}"}


def write(folder: Path, sizes: list[int]) -> None:
    """Write the movements of synthetic people, and of as many as each size by repeating them."""
    from bots import people

    given = people(_PEOPLE, 0).as_steps().stored()._replace(places=None)

    def some(first: int, stop: int) -> StoredMovements:
        return given.rows(np.arange(first, stop) % len(given.lengths))

    write_tables(folder / "people.parquet", [given])
    for n in sizes:
        parts = (some(k, min(n, k + _AT_A_TIME)) for k in range(0, n, _AT_A_TIME))
        write_tables(folder / f"{n}.parquet", parts)


def used_for(job: str, n: int, workers: int, folder: Path) -> Used:
    """Return what a job of n movements takes."""
    if job == "features":
        words = [
            "features",
            f"movements={folder / f'{n}.parquet'}",
            f"out={folder / 'out.parquet'}",
        ]
    else:
        out, people = folder / f"{job} {n} {workers}", folder / "people"
        words = ["detect", "negatives", f"n={n}", _MIXTURES[job], f"people={people}"]
        words += ["device=cpu", f"out_dir={out}"]
    return used_by([*words, f"workers={workers}"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--million", action="store_true", help="1,000,000 movements too")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    jobs = ["features", *_MIXTURES]
    parser.add_argument("--jobs", nargs="+", default=jobs, choices=jobs)
    given = parser.parse_args()
    sizes = [*given.n, *([1_000_000] if given.million else [])]
    print(
        f"bars: features {BAR_PER_S:,} a second on two cores; {BAR_MB:,} MB, and the same cost each"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with get_context("spawn").Pool(1) as pool:  # so that this process stays small
            pool.apply(write, (folder, [1, *sizes]))
        for job in given.jobs:
            for workers in given.workers:
                start = used_for(job, 1, workers, folder)
                print(
                    f"{job}, workers={workers}; start: {start.wall_s:.1f} s, {start.cpu_s:.1f} s of the "
                    "processor"
                )
                for n in sizes:
                    used = used_for(job, n, workers, folder)
                    pace, each_us = (
                        n / (used.wall_s - start.wall_s),
                        (used.cpu_s - start.cpu_s) / n * 1e6,
                    )
                    what = f"{job} of {n:,}, workers={workers}"
                    two_cores = job == "features" and workers == 2
                    figure(what, pace, "a second", at_least=BAR_PER_S if two_cores else None)
                    figure(f"{what}: processor", each_us, "us each")
                    figure(f"{what}: memory", used.peak_mb, "MB", at_most=BAR_MB)
                    print(
                        f"  n={n:,}: {pace:,.0f} a second, {each_us:,.0f} us of the processor each; "
                        f"{used.peak_mb:,.0f} MB, {used.first_mb:,.0f} of them in the first process",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
