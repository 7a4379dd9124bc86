"""Speed and memory of `humouse sample` for many movements, and whether each costs the same.

Run: `python benchmarks/sampling_scale.py [--n 10000 100000] [--workers 1 2] [--million]`. The model is the
packaged one, unless `--ckpt` names another. Each run is a process of its own, from the start to the files on
the disk. Memory is that of the first process and its workers together, as the system accounts for it: a page
that several share is divided among them (PSS). The processor's time stands beside: what the wall clock shows
above it is waiting.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import NamedTuple

import psutil

BAR_MB = 2_000
_LOOK_S = 0.2


class Used(NamedTuple):
    """What a run took.

    Args:
        wall_s: By the clock.
        cpu_s: Of the processor, of all processes.
        peak_mb: Most memory at a time, of all processes.
        first_mb: Most memory of the first one.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    first_mb: float


def sampled(n: int, workers: int, ckpt: str, folder: str) -> Used:
    """Return what `humouse sample` takes."""
    words = ["-m", "humouse", "sample", f"ckpt={ckpt}", f"n={n}", f"workers={workers}"]
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, *words, "device=cpu", f"out_dir={folder}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    first = psutil.Process(child.pid)
    peak = first_peak = 0
    while not (ended := os.wait4(child.pid, os.WNOHANG))[0]:
        sizes = [_pss(one) for one in _family(first)]
        peak, first_peak = max(peak, sum(sizes)), max(first_peak, *sizes[:1], 0)
        time.sleep(_LOOK_S)
    _, status, used = ended
    if status:
        raise SystemExit("humouse sample failed")
    wall_s = time.perf_counter() - began
    return Used(wall_s, used.ru_utime + used.ru_stime, peak / 1e6, first_peak / 1e6)


def _family(first: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return [first, *first.children(recursive=True)]
    return [first]


def _pss(process: psutil.Process) -> int:
    """Return the memory of a process (bytes), its share of what it has together with others."""
    with suppress(psutil.Error, OSError):
        return int(process.memory_full_info().pss)
    return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--million", action="store_true", help="1,000,000 movements too")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--ckpt", default="pretrained")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for workers in given.workers:
            start = sampled(1, workers, given.ckpt, f"{folder}/start")
            print(
                f"workers={workers}; start: {start.wall_s:.1f} s, {start.cpu_s:.1f} s of the processor"
            )
            for n in [*given.n, *([1_000_000] if given.million else [])]:
                used = sampled(n, workers, given.ckpt, f"{folder}/{workers} {n}")
                each_us = (used.cpu_s - start.cpu_s) / n * 1e6
                print(
                    f"  n={n:,}: {n / (used.wall_s - start.wall_s):,.0f} a second, {each_us:,.0f} us of the "
                    f"processor each; {used.peak_mb:,.0f} MB (bar {BAR_MB:,}), {used.first_mb:,.0f} of them "
                    "in the first process",
                    flush=True,
                )


if __name__ == "__main__":
    main()
