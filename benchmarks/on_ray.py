"""`humouse sample` and `humouse detect score` on a local Ray: two workers beside one.

Run: `python benchmarks/on_ray.py [--n 24576] [--workers 1 2]`. Each run is a process of its own, Ray's start
included; the start alone, on a single movement, is timed before. The processor's time, of all processes
and of the first one, stands beside: what the wall clock shows above it is waiting. The first process's share
says how many workers one run has work for.
"""

import argparse
import tempfile

from sampling_scale import used_by

BAR = 1.7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=6 * 4096)
    parser.add_argument("--workers", type=int, nargs=2, default=[1, 2])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for verb in ("sample", "detect score"):
            paces = []
            for workers in given.workers:
                start, used = (
                    used_by(
                        *verb.split(), *_words(verb, n, folder), "engine=ray", f"workers={workers}"
                    )
                    for n in (1, given.n)
                )
                paces.append(given.n / (used.wall_s - start.wall_s))
                each, first = (
                    (after - before) / given.n * 1e6
                    for after, before in ((used.cpu_s, start.cpu_s), (used.first_s, start.first_s))
                )
                print(
                    f"{verb}, workers={workers}: start {start.wall_s:.1f} s; n={given.n:,}: "
                    f"{paces[-1]:,.0f} a second, {each:,.0f} us of the processor each, {first:,.0f} of them "
                    f"the first process's; {used.peak_mb:,.0f} MB",
                    flush=True,
                )
            print(f"{verb}: {paces[1] / paces[0]:.2f} times as fast (bar {BAR})")


def _words(verb: str, n: int, folder: str) -> tuple[str, ...]:
    made = f"{folder}/{n}"
    if verb == "sample":
        return "ckpt=pretrained", f"n={n}", "device=cpu", f"out_dir={made}"
    return f"movements={made}/samples.parquet", f"out={made}.parquet"


if __name__ == "__main__":
    main()
