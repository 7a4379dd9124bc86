"""The full evaluation of 2,000 against 2,000 gestures, without the sequence probe; and its memory by n.

Features with strokes, four probes with importance, intervals, p-values, PRD, neighbours, spectra and
copying against the whole train split. Each size runs in a process of its own.

Run: `python benchmarks/evaluation.py`, or on prepared people with `--data DIR`.

With `--command` it is `humouse eval` from the start to the files on the disk: five references, intervals
and pictures included, the strokes and the sequence probe left out; movements of the packaged model, or
those of `--samples FILE`: `python benchmarks/evaluation.py --command --n 20000`.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from measured import used_by

from figures import figure
from humouse.data.gestures import cut_gestures, to_trajectories
from humouse.data.sources import make_source
from humouse.eval.evaluate import evaluate
from humouse.eval.rule import EvaluationRule
from humouse.gestures import GestureRules
from humouse.trajectories import Trajectories

TARGET_S = 60
COMMAND_N, COMMAND_TARGET_S, COMMAND_TARGET_MB = 20_000, 600, 4000
"""Of the command with 20,000 movements in each set, on two cores; memory of all processes together."""
PROBES = ("logistic", "mlp", "forest", "boosting")
_USERS, _GESTURES_EACH = 60, 220


def sides(data: Path | None, n: int) -> tuple[Trajectories, Trajectories]:
    """Return people to compare with, n movements or more, and others, twice as many: the train set."""
    if data is not None:
        return Trajectories.load(data / "val.parquet"), Trajectories.load(data / "train.parquet")
    # Some gestures are too short to be kept.
    users = max(_USERS, 4 * n // _GESTURES_EACH)
    source = make_source("humouse_default", users=users, gestures_per_user=_GESTURES_EACH)
    tables = [cut_gestures(source.events(file).table, GestureRules()) for file in source.files()]
    third = len(tables) // 3
    return to_trajectories(tables[:third], "people"), to_trajectories(tables[third:], "others")


def measure(n: int, data: Path | None) -> None:
    """Print the time of each part and by how much the peak of memory grows."""
    people, others = sides(data, n)
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


def measure_command(n: int, data: Path | None, samples: Path | None, workers: int) -> None:
    """Print what `humouse eval` takes in time and memory, all its processes together."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        if data is None:
            for name, side in zip(("val", "train"), sides(None, n), strict=True):
                side.save(folder / f"{name}.parquet")
        if samples is None:
            used_by(["sample", "ckpt=pretrained", f"n={n}", f"out_dir={folder / 'samples'}"])
            samples = folder / "samples" / "samples.parquet"
        people = data or folder
        used = used_by(
            [
                "eval",
                f"samples={samples}",
                f"val_split={people / 'val.parquet'}",
                f"train_split={people / 'train.parquet'}",
                f"n={n}",
                "feature_mode=kinematic",
                f"probes=[{','.join(PROBES)}]",
                f"workers={workers}",
                f"out_dir={folder / 'eval'}",
            ]
        )
    what = f"humouse eval, {n:,} in each set, {workers} workers"
    full = n == COMMAND_N and workers == 2
    figure(f"{what}: time", used.wall_s, "s", at_most=COMMAND_TARGET_S if full else None)
    figure(f"{what}: processor", used.cpu_s, "s")
    figure(f"{what}: memory", used.peak_mb, "MB", at_most=COMMAND_TARGET_MB)
    print(
        f"humouse eval, {n} per set, {workers} workers: {used.wall_s:.0f} s by the clock, "
        f"{used.cpu_s:.0f} s of the processor, {used.peak_mb:.0f} MB at most in all processes, "
        f"{used.first_mb:.0f} MB in the first"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--n", type=int, nargs="+", default=[500, 1000, 2000], help="gestures per set"
    )
    parser.add_argument("--data", type=Path, help="folder of a prepared dataset")
    parser.add_argument("--command", action="store_true", help="measure humouse eval as a whole")
    parser.add_argument("--samples", type=Path, help="movements for --command to judge")
    parser.add_argument("--workers", type=int, default=2, help="processes of --command")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    settings = parser.parse_args()
    if settings.one:
        measure(settings.one, settings.data)
        return
    if settings.command:
        print(
            f"target: {COMMAND_TARGET_S} s by the clock on two cores and {COMMAND_TARGET_MB} MB for "
            "20,000 per set"
        )
        for n in settings.n:
            measure_command(n, settings.data, settings.samples, settings.workers)
        return
    print(f"target: {TARGET_S} s for 2,000 per set, memory linear in n")
    for n in settings.n:
        more = ["--data", str(settings.data)] if settings.data else []
        subprocess.run([sys.executable, __file__, "--one", str(n), *more], check=True)


if __name__ == "__main__":
    main()
