"""Seconds and memory of preparing SapiMouse, against the number of files.

Run: python benchmarks/prepare.py --root ../shared/data/sapimouse

Each line is a process of its own. "bar s" is the most that the whole data set may take. "+ MB" is
the peak of the resident memory over what it was once everything was imported; more files than there
are come from linking the same people again, whose gestures are read and left out as copies. "ns per
event" and "+ MB" should stay level from line to line.

With --events, each person has one file, in which the last recording stands again and again, a little larger
each time so that no gesture is a copy. 100 million events may take 180 s and 2 GB.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import polars as pl

from figures import figure
from humouse.data.prepare import prepare
from humouse.data.sources import make_source
from humouse.gestures import GestureRules

SAPIMOUSE_EVENTS, BAR_S = 943_856, 5.0
MANY, MANY_BAR_S, MANY_BAR_MIB = 100_000_000, 180.0, 1900
_GAP_MS = 5000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True, help="folder of SapiMouse")
    parser.add_argument("--times", type=float, nargs="+", default=[0.25, 0.5, 1, 2, 4])
    parser.add_argument("--events", type=int, nargs="+", help="of files of their own")
    options = parser.parse_args()
    print(
        f"{'files':>6} {'events':>11} {'gestures':>9} {'s':>6} {'CPU s':>6} {'bar s':>6} {'ns/event':>9} "
        f"{'again s':>8} + MB"
    )
    make, sizes = (repeat, options.events) if options.events else (link_people, options.times)
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            raw = make(options.root.resolve(), Path(folder) / "raw", size)
            context = multiprocessing.get_context("spawn")
            process = context.Process(target=measure, args=(raw, f"{folder}/out"))
            process.start()
            process.join()
        if process.exitcode != 0:
            raise SystemExit(f"{size} × {options.root}: ended with status {process.exitcode}")


def measure(raw: Path, out_dir: str) -> None:
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source = make_source("sapimouse", root=raw)
    seconds, cpu_s = [], []
    for _ in range(2):
        wall, cpu = time.perf_counter(), time.process_time()
        done = prepare(source, out_dir=out_dir, rules=GestureRules())
        seconds.append(time.perf_counter() - wall)
        cpu_s.append(time.process_time() - cpu)
    more_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    counts = done.manifest["counts"]
    bars = {SAPIMOUSE_EVENTS: BAR_S, MANY: MANY_BAR_S}
    target = next((bars[n] for n in bars if abs(counts["events"] / n - 1) < 0.01), None)
    what = f"`data prepare` of {counts['files']:,} files, {counts['events']:,} events"
    figure(f"{what}: time", seconds[0], "s", at_most=target)
    figure(f"{what}: processor", cpu_s[0] / counts["events"] * 1e9, "ns an event")
    if target == MANY_BAR_S:
        figure(f"{what}: memory", more_mb + before_kb / 1024, "MiB", at_most=MANY_BAR_MIB)
    figure(f"{what}: memory", more_mb, "MiB more")
    bar = next((f"{bars[n]:.0f}" for n in bars if abs(counts["events"] / n - 1) < 0.01), "")
    print(
        f"{counts['files']:6} {counts['events']:11,} {counts['gestures']:9,} {seconds[0]:6.2f} "
        f"{cpu_s[0]:6.2f} {bar:>6} {cpu_s[0] / counts['events'] * 1e9:9.0f} {seconds[1]:8.3f} {more_mb:.0f}"
    )


def repeat(root: Path, raw: Path, events: int) -> Path:
    people = sorted(path for path in root.glob("user*") if path.is_dir())
    for person in people:
        path = sorted(person.glob("*.csv"))[-1]
        rows = pl.read_csv(path)
        t = pl.col(rows.columns[0])
        span_ms = rows.select(t.max() - t.min()).item() + _GAP_MS
        again = [
            rows.with_columns(
                t + k * span_ms, (pl.col("x", "y") * (1 + k / 1000)).round().cast(int)
            )
            for k in range(round(events / len(people) / rows.height))
        ]
        (raw / person.name).mkdir(parents=True)
        pl.concat(again).write_csv(raw / person.name / path.name)
    return raw


def link_people(root: Path, raw: Path, times: float) -> Path:
    raw.mkdir()
    people = sorted(path for path in root.glob("user*") if path.is_dir())
    for i in range(round(times * len(people))):
        copy, person = divmod(i, len(people))
        (raw / f"{people[person].name}{'again' * copy}").symlink_to(people[person])
    return raw


if __name__ == "__main__":
    main()
