"""The full evaluation of 2,000 against 2,000 gestures, without the sequence probe; and its memory by n.

Features with strokes, four probes with importance, intervals, p-values, PRD, neighbours, spectra and
copying against the whole train split. Each size runs in a process of its own.

Run: `python benchmarks/evaluation.py`, or on prepared people with `--data DIR`.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

from figures import figure
from humouse.data.gestures import cut_gestures, to_trajectories
from humouse.data.sources import make_source
from humouse.eval.evaluate import evaluate
from humouse.eval.rule import EvaluationRule
from humouse.gestures import GestureRules
from humouse.trajectories import Trajectories

TARGET_S = 60
PROBES = ("logistic", "mlp", "forest", "boosting")
_USERS, _GESTURES_EACH = 60, 220


def sides(data: Path | None) -> tuple[Trajectories, Trajectories]:
    """Return people to compare with and others, who are also the train set."""
    if data is not None:
        return Trajectories.load(data / "val.parquet"), Trajectories.load(data / "train.parquet")
    source = make_source("humouse_default", users=_USERS, gestures_per_user=_GESTURES_EACH)
    tables = [cut_gestures(source.events(file).table, GestureRules()) for file in source.files()]
    third = len(tables) // 3
    return to_trajectories(tables[:third], "people"), to_trajectories(tables[third:], "others")


def measure(n: int, data: Path | None) -> None:
    """Print the time of each part and by how much the peak of memory grows."""
    people, others = sides(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rule = EvaluationRule(probes=PROBES, max_gestures=n)
    started, processor = time.perf_counter(), time.process_time()
    result = evaluate(people, others, train=others, rule=rule)
    seconds, processor = time.perf_counter() - started, time.process_time() - processor
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    what = f"full evaluation of {result.gestures:,} against as many"
    bar = TARGET_S if result.gestures == 2000 else None
    figure(f"{what}: time", seconds, "s", at_most=bar)
    figure(f"{what}: memory", grown, "MiB more")
    print(
        f"{result.gestures} per set, {len(result.features)} features, {len(result.scores)} scores: "
        f"{seconds:.1f} s ({processor:.1f} s of processor), {grown:.0f} MiB more"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--n", type=int, nargs="+", default=[500, 1000, 2000], help="gestures per set"
    )
    parser.add_argument("--data", type=Path, help="folder of a prepared dataset")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    settings = parser.parse_args()
    if settings.one:
        measure(settings.one, settings.data)
        return
    print(f"target: {TARGET_S} s for 2,000 per set, memory linear in n")
    for n in settings.n:
        more = ["--data", str(settings.data)] if settings.data else []
        subprocess.run([sys.executable, __file__, "--one", str(n), *more], check=True)


if __name__ == "__main__":
    main()
