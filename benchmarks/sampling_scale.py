"""Speed and memory of `humouse sample` for many movements, and whether each costs the same.

Run: `python benchmarks/sampling_scale.py [--n 10000 100000] [--workers 1 2] [--million]`. The model is the
packaged one, unless `--ckpt` names another. Each run is a process of its own, from the start to the files on
the disk. Memory is that of the first process and its workers together, as the system accounts for it: a page
that several share is divided among them (PSS). The processor's time stands beside: what the wall clock shows
above it is waiting.
"""

import argparse
import tempfile

from measured import Used, used_by

from figures import figure

BAR_MB = 2_000


def sampled(n: int, workers: int, ckpt: str, folder: str) -> Used:
    """Return what `humouse sample` takes."""
    words = ["sample", f"ckpt={ckpt}", f"n={n}", f"workers={workers}"]
    return used_by([*words, "device=cpu", f"out_dir={folder}"])


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
                what = f"`humouse sample` of {n:,}, workers={workers}"
                figure(what, n / (used.wall_s - start.wall_s), "a second")
                figure(f"{what}: processor", each_us, "us each")
                figure(f"{what}: memory", used.peak_mb, "MB", at_most=BAR_MB)
                print(
                    f"  n={n:,}: {n / (used.wall_s - start.wall_s):,.0f} a second, {each_us:,.0f} us of the "
                    f"processor each; {used.peak_mb:,.0f} MB (bar {BAR_MB:,}), {used.first_mb:,.0f} of them "
                    "in the first process",
                    flush=True,
                )


if __name__ == "__main__":
    main()
