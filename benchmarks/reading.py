"""Events a second from a file on a disk to checked events, beside what polars needs to parse the same file.

Run: python benchmarks/reading.py

The recordings are synthetic: one person at 8 to 17 ms, with presses. "× polars" is the ratio to polars,
which parses the columns and asks nothing of them, in CPU seconds of all threads: other work on the machine
counts less in these. The bar is for two cores. "MB" is the most memory that a process of its own takes to
read the file part by part and cut its gestures, beyond what it takes before. From line to line of one form
it should grow by far less than the file.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl

from figures import figure
from humouse.data.events.read import read_parts
from humouse.data.gestures import cut_parts
from humouse.data.sources.definitions import definition
from humouse.gestures import GestureRules

KNOWN = definition("csv", {"columns": {"state": "state"}})
BARS_PER_S = {"csv": 5_000_000, "ndjson": 1_000_000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--forms", nargs="+", choices=BARS_PER_S, default=[*BARS_PER_S])
    options = parser.parse_args()
    peers: dict[str, Callable[[Path], object]] = {"csv": pl.read_csv, "ndjson": pl.read_ndjson}
    print(
        f"{'form':>7} {'events':>10} {'s':>6} {'CPU s':>6} {'a second':>10} {'a CPU s':>10} {'bar':>10} "
        f"{'× polars':>9} {'file MB':>8} {'MB':>6}"
    )
    for form in options.forms:
        for events in options.events:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"recording.{form}"
                write(recording(events), path)
                wall_s, cpu_s = least_s(partial(read, path))
                _, theirs_s = least_s(partial(peers[form], path))
                memory = memory_mb(path)
                what = f"{events:,} events as {form}"
                figure(what, events / wall_s, "a second", at_least=BARS_PER_S[form])
                figure(f"{what}, beside polars", cpu_s / theirs_s, "times the processor")
                figure(f"{what}: memory", memory, "MB")
                print(
                    f"{form:>7} {events:10,} {wall_s:6.2f} {cpu_s:6.2f} {events / wall_s:10,.0f} "
                    f"{events / cpu_s:10,.0f} {BARS_PER_S[form]:10,} {cpu_s / theirs_s:9.1f} "
                    f"{path.stat().st_size / 2**20:8.0f} {memory:6.0f}"
                )


def read(path: Path) -> None:
    for _ in read_parts(path, KNOWN, "ann"):
        pass


def recording(n: int) -> pl.DataFrame:
    """Return events of one person: a walk over a screen, with a press now and then."""
    rng = np.random.default_rng(0)
    state = np.where(rng.random(n) < 0.01, "press", "move").astype(object)
    state[1:][state[:-1] == "press"] = "release"
    at = np.abs(rng.normal(size=(n, 2)).cumsum(0) * 3 % 1800 - 900).astype(int)
    return pl.DataFrame(
        {"t": rng.integers(8, 18, n).cumsum(), "x": at[:, 0], "y": at[:, 1], "state": state},
        schema_overrides={"state": pl.String},
    )


def write(rows: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        rows.write_csv(path)
    else:
        rows.write_ndjson(path)


def least_s(run: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of the faster of two runs, and the CPU seconds."""
    walls, cpus = [], []
    for _ in range(2):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return min(walls), min(cpus)


def memory_mb(path: Path) -> float:
    """Return the most memory that reading a file takes in a process of its own (MB)."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_grown_mb, (path,))


def _grown_mb(path: Path) -> float:
    before = _most_mb()
    for _ in cut_parts(read_parts(path, KNOWN, "ann"), GestureRules()):
        pass
    return _most_mb() - before


def _most_mb() -> float:
    """Return the most memory that this process has taken since it began; Linux says it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
