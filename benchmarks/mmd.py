"""Memory and time of `mmd_rbf` on 50,000 × 50,000 rows, in a process of its own.

Run: `python benchmarks/mmd.py`.
"""

import argparse
import resource
import subprocess
import sys
import time

import torch

from figures import figure
from humouse.eval.api import mmd_rbf

LIMIT_MIB = 1024


def measure(rows: int, features: int) -> None:
    """Print by how much the peak of this process's memory grows."""
    rng = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(rows, features, generator=rng) for _ in range(2))
    mmd_rbf(real[:2000], fake[:2000])  # whatever loads at the first call
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    score = mmd_rbf(real, fake)
    seconds = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    what = f"`mmd_rbf` of {rows:,} × {rows:,}, {features} features"
    figure(f"{what}: memory", grown, "MiB more", at_most=LIMIT_MIB)
    figure(f"{what}: time", seconds, "s")
    whole = rows**2 * 8 / 2**20
    print(f"mmd_rbf of {rows} × {rows} rows, {features} features: {score:.2e} in {seconds:.1f} s")
    print(
        f"memory: {grown:.0f} MiB more (target: at most {LIMIT_MIB}); "
        f"one full kernel matrix would take {whole:.0f} MiB, ratio {whole / max(grown, 1):.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000, help="rows of each set")
    parser.add_argument("--features", type=int, default=50, help="columns")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    settings = parser.parse_args()
    if settings.here:
        measure(settings.rows, settings.features)
        return
    sizes = ["--rows", str(settings.rows), "--features", str(settings.features)]
    subprocess.run([sys.executable, __file__, "--here", *sizes], check=True)


if __name__ == "__main__":
    main()
