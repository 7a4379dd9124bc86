"""Events a second from a file on a disk to checked events, beside what polars needs to parse the same file.

Run: python benchmarks/reading.py

The recordings are synthetic: one person at 8 to 17 ms, with presses. "again" is the ratio to polars, which
parses the columns and asks nothing of them. Seconds are CPU seconds, so that other work counts less. "MB" is
the most memory that a process of its own takes to read the file, beyond what it takes before.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl

from humouse.data.events.read import read_events
from humouse.data.sources.definitions import definition

KNOWN = definition("csv", {"columns": {"state": "state"}})
BARS_PER_S = {"csv": 5_000_000, "ndjson": 1_000_000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    options = parser.parse_args()
    rows = recording(options.events)
    peers = {"csv": pl.read_csv, "ndjson": pl.read_ndjson}
    with tempfile.TemporaryDirectory() as folder:
        print(
            f"{'form':>7} {'events':>10} {'s':>6} {'a second':>10} {'bar':>10} {'× polars':>9} "
            f"{'file MB':>8} {'MB':>6}"
        )
        for form, bar in BARS_PER_S.items():
            path = Path(folder) / f"recording.{form}"
            write(rows, path)
            ours = cpu_s(partial(read_events, path, KNOWN, "ann"))
            theirs = cpu_s(partial(peers[form], path))
            print(
                f"{form:>7} {len(rows):10,} {ours:6.2f} {len(rows) / ours:10,.0f} {bar:10,} "
                f"{ours / theirs:9.1f} {path.stat().st_size / 2**20:8.0f} {memory_mb(path):6.0f}"
            )


def recording(n: int) -> pl.DataFrame:
    """Return events of one person: a walk over a screen, with a press now and then."""
    rng = np.random.default_rng(0)
    state = np.where(rng.random(n) < 0.01, "press", "move")
    state[1:][state[:-1] == "press"] = "release"
    at = np.abs(rng.normal(size=(n, 2)).cumsum(0) * 3 % 1800 - 900).astype(int)
    return pl.DataFrame(
        {"t": rng.integers(8, 18, n).cumsum(), "x": at[:, 0], "y": at[:, 1], "state": state}
    )


def write(rows: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        rows.write_csv(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows.iter_rows(named=True)))


def cpu_s(run: Callable[[], object]) -> float:
    """Return the CPU seconds of the faster of two runs."""
    seconds = []
    for _ in range(2):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return min(seconds)


def memory_mb(path: Path) -> float:
    """Return the most memory that reading a file takes in a process of its own (MB)."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_grown_mb, (path,))


def _grown_mb(path: Path) -> float:
    before = _most_mb()
    read_events(path, KNOWN, "ann")
    return _most_mb() - before


def _most_mb() -> float:
    """Return the most memory that this process has taken since it began; Linux says it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
