"""Seconds and memory of preparing SapiMouse, against the number of files.

Run: python benchmarks/prepare.py --root ../shared/data/sapimouse

Each line is a process of its own. "bar s" is the most that the whole data set may take. "+ MB" is
the peak of the resident memory over what it was once everything was imported; more files than there
are come from linking the same people again, whose gestures are read and left out as copies. "ns per
event" and "+ MB" should stay level from line to line.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

from humouse.data.prepare import prepare
from humouse.data.sources import make_source
from humouse.gestures import GestureRules

BAR_S = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True, help="folder of SapiMouse")
    parser.add_argument("--times", type=float, nargs="+", default=[0.25, 0.5, 1, 2, 4])
    options = parser.parse_args()
    print(
        f"{'files':>6} {'events':>10} {'gestures':>9} {'s':>6} {'bar s':>6} {'ns/event':>9} "
        f"{'again s':>8} + MB"
    )
    for times in options.times:
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=measure, args=(options.root, times))
        process.start()
        process.join()
        if process.exitcode != 0:
            raise SystemExit(f"{times} × {options.root}: ended with status {process.exitcode}")


def measure(root: Path, times: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = link_people(root.resolve(), Path(folder) / "raw", times)
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        source = make_source("sapimouse", root=raw)
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            done = prepare(source, out_dir=f"{folder}/out", rules=GestureRules())
            seconds.append(time.perf_counter() - start)
        more_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    counts = done.manifest["counts"]
    bar = f"{BAR_S:.2f}" if times == 1 else ""
    print(
        f"{counts['files']:6} {counts['events']:10,} {counts['gestures']:9,} {seconds[0]:6.2f} "
        f"{bar:>6} {seconds[0] / counts['events'] * 1e9:9.0f} {seconds[1]:8.3f} {more_mb:.0f}"
    )


def link_people(root: Path, raw: Path, times: float) -> Path:
    raw.mkdir()
    people = sorted(path for path in root.glob("user*") if path.is_dir())
    for i in range(round(times * len(people))):
        copy, person = divmod(i, len(people))
        (raw / f"{people[person].name}{'again' * copy}").symlink_to(people[person])
    return raw


if __name__ == "__main__":
    main()
