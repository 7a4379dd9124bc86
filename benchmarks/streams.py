"""Speed, cost per movement and memory of the commands that stream, for few movements and for a million.

Run: `python benchmarks/streams.py [--n 10000 100000] [--million] [--workers 1 2] [--jobs sample score]`. The
packaged model is sampled, the packaged detector scores, features are without the strokes, and composed and
scripted bots follow people. Those people are synthetic, or those of `--movements FILE`, repeated; one
movement of 4,096 steps stands among them, which a batch padded to its longest would pay for.

Each run is a process of its own, from the start to the files on the disk; what a single movement takes is
subtracted. Memory is that of the first process and its workers together, as the system accounts for it: a
page that several share is divided among them (PSS). The processor's time stands beside: what the wall
clock shows above it is waiting. A picture shows whether each movement costs the same: runs/streams.png.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure as Picture
from measured import Used, used_by

from figures import figure
from humouse.movement_table import StoredMovements, read_table, write_tables

_PEOPLE, _AT_A_TIME, _LONG = 2000, 2**14, 4096


@dataclass(frozen=True)
class Job:
    """A command that streams, and its bars.

    Args:
        words: What the command takes; `{n}`, `{people}`, `{movements}` and `{out}` are filled in.
        per_s: Movements a second that two cores should do, or None.
        mb: Most memory.
    """

    words: str
    per_s: float | None = None
    mb: float = 2_000


_NEGATIVES = "detect negatives n={n} people={people} device=cpu out_dir={out}"
JOBS = {
    "sample": Job("sample ckpt=pretrained n={n} device=cpu out_dir={out}", 1_000),
    "score": Job("detect score movements={movements} reasons=5 out={out}.parquet", 5_000, 1_000),
    "features": Job("features movements={movements} out={out}.parquet", 100_000),
    "composed": Job(f"{_NEGATIVES} mixture={{{{composed:1}}}}"),
    "bots": Job(f"{_NEGATIVES} mixture={{{{bots:1}}}}"),
}


def write(folder: Path, sizes: Sequence[int], movements: Path | None) -> None:
    """Write people, and for each size as many movements by repeating them, a long one at the end."""
    if movements is None:
        from bots import people

        given = people(_PEOPLE, 0).as_steps().stored()
    else:
        given = read_table(movements)
    given = given._replace(places=None)
    steps = given.rows(np.zeros(_LONG, np.int64)).steps[:_LONG]
    long = given.rows(slice(0, 1))._replace(steps=steps, lengths=np.array([_LONG]))

    def some(first: int, stop: int) -> StoredMovements:
        return given.rows(np.arange(first, stop) % len(given.lengths))

    write_tables(folder / "people.parquet", [given])
    for n in sizes:
        rest = max(1, n - 1)
        parts = [(k, min(rest, k + _AT_A_TIME)) for k in range(0, rest, _AT_A_TIME)]
        tables = (some(*part) for part in parts)
        write_tables(folder / f"{n}.parquet", (*tables, *[long] * (n - rest)))


def used_for(job: Job, n: int, workers: int, folder: Path) -> Used:
    """Return what a job of n movements takes."""
    out = Path(tempfile.mkdtemp(dir=folder)) / "out"
    words = job.words.format(
        n=n, people=folder / "people", movements=folder / f"{n}.parquet", out=out
    )
    return used_by([*words.split(), f"workers={workers}"])


def costs(name: str, sizes: Sequence[int], workers: int, folder: Path) -> list[float]:
    """Measure a job; return the processor's time of each size (us a movement)."""
    job = JOBS[name]
    start = used_for(job, 1, workers, folder)
    print(
        f"{name}, workers={workers}; start: {start.wall_s:.1f} s, {start.cpu_s:.1f} s of the processor"
    )
    found = []
    for n in sizes:
        used = used_for(job, n, workers, folder)
        pace = n / (used.wall_s - start.wall_s)
        found.append((used.cpu_s - start.cpu_s) / n * 1e6)
        what = f"{name} of {n:,}, workers={workers}"
        figure(what, pace, "a second", at_least=job.per_s if workers > 1 else None)
        figure(f"{what}: processor", found[-1], "us each")
        figure(f"{what}: memory", used.peak_mb, "MB", at_most=job.mb)
        print(
            f"  n={n:,}: {pace:,.0f} a second, {found[-1]:,.0f} us of the processor each; "
            f"{used.peak_mb:,.0f} MB, {used.first_mb:,.0f} of them in the first process",
            flush=True,
        )
    return found


def draw(path: Path, sizes: Sequence[int], found: dict[str, list[float]]) -> None:
    """Draw the cost of a movement against how many there are."""
    picture = Picture(figsize=(6.4, 4), layout="constrained")
    axes = picture.subplots()
    for name, each_us in found.items():
        axes.plot(sizes, each_us, marker="o", label=name)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="movements",
        ylabel="processor's time of a movement (us)",
        title="What a movement costs, by how many there are",
    )
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--million", action="store_true", help="1,000,000 movements too")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--jobs", nargs="+", default=[*JOBS], choices=JOBS)
    parser.add_argument("--movements", type=Path, help="people; synthetic ones by default")
    parser.add_argument("--picture", type=Path, default=Path("runs/streams.png"))
    given = parser.parse_args()
    sizes = [*given.n, *([1_000_000] if given.million else [])]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with get_context("spawn").Pool(1) as pool:  # so that this process stays small
            pool.apply(write, (folder, [1, *sizes], given.movements))
        found = {
            f"{job}, workers={workers}": costs(job, sizes, workers, folder)
            for job in given.jobs
            for workers in given.workers
        }
    draw(given.picture, sizes, found)
    print(f"picture: {given.picture}")


if __name__ == "__main__":
    main()
