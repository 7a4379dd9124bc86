"""Sampling and scoring on a local Ray: two workers beside one.

Run: `python benchmarks/on_ray.py [--jobs 6]`. A job is what the commands give to Ray: a part of 4,096
movements to make, a piece of 4,096 to score. Timed from when every worker has done its first one, which
loads torch and the model. Where others use the machine, the wall clock says how busy it is; the workers'
time on the processor for a movement says how fast they are with a core each.
"""

import argparse
import pickle
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from operator import call
from typing import Any

import psutil

from figures import figure
from humouse.cluster import Cluster
from humouse.commands.sample import _model, _whole_part
from humouse.detection.detector import Detector
from humouse.movement_table import StoredMovements
from humouse.settings import SampleSettings
from humouse.settings.compose import settings_from
from humouse.trained_model import SampleRequest

BAR = 1.7


def pace(do: Any, jobs: list[Any], prepare: Any, size: int, workers: int) -> tuple[float, float]:
    """Return movements a second, and seconds of the workers' processor for each."""
    first = workers  # results before the clock is read
    with closing(Cluster(workers=workers).stream_jobs(do, jobs, prepare)) as results:
        for _ in range(first):
            next(results)
        began, cpu_s = time.perf_counter(), sum(_worker_s())
        left = sum(1 for _, _ in zip(range(len(jobs) - first), results, strict=False))
        wall_s, used_s = time.perf_counter() - began, sum(_worker_s()) - cpu_s
    return left * size / wall_s, used_s / (left * size)


def _worker_s() -> Iterator[float]:
    """Yield the processor's time of each worker so far (s)."""
    for process in psutil.Process().children(recursive=True):
        if process.cmdline()[:1] and process.cmdline()[0].startswith("ray::"):
            yield sum(process.cpu_times()[:2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=6, help="of each worker, beside its first")
    given = parser.parse_args()
    settings = settings_from("diffusion/sample", SampleSettings, ["device=cpu"])
    model = _model(settings)
    size = model.part_size
    movements = model.sample(size, seed=0).as_steps().stored()
    look = partial(Detector.load()._evidence, most=5)

    def requests(n: int) -> list[SampleRequest]:
        return [SampleRequest(size, seed=0, first=size * number) for number in range(n)]

    def pieces(n: int) -> list[StoredMovements]:
        return [movements] * n

    for name, do, made, prepared, longer in (
        ("sample", _whole_part, requests, (model, settings), 1),
        ("detect score", call, pieces, look, 5),
    ):
        found = []
        prepare = partial(pickle.loads, pickle.dumps(prepared))
        for workers in (1, 2):
            jobs = made(workers * (1 + given.jobs * longer))
            found.append(pace(do, jobs, prepare, size, workers))
            each_us = found[-1][1] * 1e6
            print(
                f"{name}, workers={workers}: {found[-1][0]:,.0f} a second, {each_us:,.0f} us of a worker's "
                "time each",
                flush=True,
            )
        (one, one_s), (two, two_s) = found
        figure(f"{name} on Ray, two workers beside one", two / one, "times as fast", at_least=BAR)
        figure(f"{name} on Ray, with a core each", 2 * one_s / two_s, "times as fast", at_least=BAR)
        print(
            f"{name}: {two / one:.2f} times as fast (bar {BAR}), {2 * one_s / two_s:.2f} with a core each"
        )


if __name__ == "__main__":
    main()
