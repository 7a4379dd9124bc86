"""The report of 2,000 against 2,000 gestures: how long it takes to write, and how large it is.

Run: `python benchmarks/report.py`, or with `--run DIR` on an evaluation that is already there.
"""

import argparse
import runpy
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from figures import figure
from humouse.eval.run import EvaluationRun
from humouse.report import write_comparison, write_report

_EXAMPLE = Path(__file__).parents[1] / "tests" / "examples" / "evaluation.py"
_TARGET_S, _TARGET_MB = 5, 5


def example(folder: Path, n: int) -> EvaluationRun:
    """Write the tests' run of synthetic gestures."""
    return runpy.run_path(str(_EXAMPLE))["example_run"](folder, n=n)


def timed(repeats: int, job: Callable[[], object]) -> tuple[float, float]:
    """Return the least wall time and the least processor time (s)."""
    walls, processors = [], []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        job()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return min(walls), min(processors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=2_000, help="gestures per set")
    parser.add_argument("--run", type=Path, help="folder of an evaluation, in place of synthetic")
    parser.add_argument("--repeats", type=int, default=3)
    settings = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = EvaluationRun.load(settings.run) if settings.run else None
        run = made or example(Path(folder) / "run", settings.n)
        page = Path(folder) / "report.html"
        wall, processor = timed(settings.repeats, lambda: write_report(run, page))
        print(f"{run.generated.gestures} gestures per set, {len(run.generated.features)} features")
        print(f"report: {wall:.1f} s, {processor:.1f} s of processor (target: {_TARGET_S} s)")
        what = f"report of {run.generated.gestures:,} against as many"
        figure(f"{what}: time", wall, "s", at_most=_TARGET_S)
        figure(f"{what}: size", page.stat().st_size / 1e6, "MB", at_most=_TARGET_MB)
        print(f"size: {page.stat().st_size / 1e6:.2f} MB")
        if made is None:
            other = example(Path(folder) / "other", settings.n)
            wall, _ = timed(1, lambda: write_comparison([run, other], page))
            print(f"comparison of two: {wall:.1f} s, {page.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
