"""Speed of a detector on movements of synthetic people: in batch, and of a single movement.

Run: `python benchmarks/detectors.py [--detector FOLDER]`; without a folder, that of the package. The
whole way is timed: one clock, features, set-up, both members in ONNX Runtime, verdicts. Each time is the
best of a few rounds; the parts of a comparison take turns, so that a busy machine slows all alike. Of
single movements the processor's time stands beside: what the wall clock shows above it is waiting. An
empty loop says how fast the machine is; the peer of a single movement is the features' plain numpy code
of the tests, for 69 features, on the same steps.
"""

import argparse
import runpy
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from bots import people
from figures import figure
from humouse.detection.detector import Detector
from humouse.detection.samples.one_clock import OneClock, phases
from humouse.detection.samples.views import look
from humouse.features import feature_table
from humouse.trajectories import Trajectories

BATCH_BAR_PER_S = 5_000
LATENCY_BAR_MS = 5.0
_ROUNDS = 3
_ORACLE = Path(__file__).parents[1] / "tests" / "oracles" / "features.py"


def empty_loop_s() -> float:
    """Return the time of a loop of ten million that does nothing: 0.4 s in a fast hour."""
    started = time.perf_counter()
    for _ in range(10**7):
        pass
    return time.perf_counter() - started


def seconds(candidates: Sequence[Callable[[], object]]) -> np.ndarray:
    """Return [candidates] the best time of each, in turns."""
    times = np.full((_ROUNDS, len(candidates)), np.inf)
    for row in times:
        for place, candidate in enumerate(candidates):
            started = time.perf_counter()
            candidate()
            row[place] = time.perf_counter() - started
    return times.min(0)


def latencies_ms(candidates: Sequence[Callable[[int], object]], rounds: int) -> np.ndarray:
    """Return [2, candidates, rounds] the time of each single call, the candidates in turns.

    First by the wall clock, then what the process had of the processor.
    """
    times = np.zeros((2, len(candidates), rounds))
    for number in range(-20, rounds):  # the first calls warm up
        for place, candidate in enumerate(candidates):
            started = time.perf_counter_ns(), time.process_time_ns()
            candidate(number)
            ended = time.perf_counter_ns(), time.process_time_ns()
            if number >= 0:
                times[:, place, number] = np.subtract(ended, started) / 1e6
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detector", help="folder; the packaged detector by default")
    parser.add_argument("--n", type=int, default=8000, help="movements in a batch")
    parser.add_argument("--calls", type=int, default=400, help="single movements")
    given = parser.parse_args()
    torch.set_num_threads(1)
    detector = Detector.load(given.detector)
    movements = people(given.n, 0)
    movements = movements[np.arange(min(given.n, len(movements)))]
    halves = np.array_split(np.arange(len(movements)), 2)

    def both_cores() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda rows: detector.score(movements[rows]), halves))

    views, _ = look(movements.as_steps(), detector.clock)
    clock = OneClock()
    one, two, laid, featured, strokes = seconds(
        [
            lambda: detector.score(movements),
            both_cores,
            lambda: clock(movements.as_steps(), phases(len(movements))),
            lambda: look(movements.as_steps(), detector.clock),
            lambda: feature_table(views.steps.rows(slice(200)), ("neuromotor",)),
        ]
    )
    n = len(movements)
    print(f"an empty loop of 10^7: {empty_loop_s():.2f} s")
    print(f"{n:,} movements, {int(movements.lengths.median())} steps in the middle")
    print(f"  whole, one core: {n / one:,.0f} a second")
    print(f"  whole, two threads: {n / two:,.0f} a second (bar {BATCH_BAR_PER_S:,})")
    print(f"  one clock alone: {n / laid:,.0f} a second")
    print(f"  all views: {n / featured:,.0f} a second")
    print(f"  strokes, which no member looks at: {200 / strokes:,.0f} a second")
    figure("packaged detector in batch, one core", n / one, "a second")
    figure("packaged detector in batch, two threads", n / two, "a second", at_least=BATCH_BAR_PER_S)
    figure("its clock alone", n / laid, "a second")
    figure("its views alone", n / featured, "a second")
    figure("strokes, which no member looks at", 200 / strokes, "a second")
    single: list[Trajectories] = [movements[[row]].trimmed() for row in range(given.calls)]
    plain = runpy.run_path(str(_ORACLE))["reference"]
    steps = [
        look(movement.as_steps(), detector.clock)[0].steps.deltas[0].astype(np.float64)
        for movement in single
    ]
    print(f"  an empty loop of 10^7: {empty_loop_s():.2f} s")
    wall_ms, processor_ms = latencies_ms(
        [
            lambda number: detector.score(single[number]),
            lambda number: detector.member_scores(
                look(single[number].as_steps(), detector.clock)[0]
            ),
            lambda number: plain(*steps[number].T),
        ],
        given.calls,
    )
    print(f"  an empty loop of 10^7: {empty_loop_s():.2f} s")
    names = ("whole, with the table", "views and members", "peer: plain numpy features alone")
    for name, wall, processor in zip(names, wall_ms, processor_ms, strict=True):
        p50, p99 = np.percentile(wall, (50, 99))
        bar = LATENCY_BAR_MS if name == "views and members" else None
        figure(f"one movement, {name}: p50", p50, "ms")
        figure(f"one movement, {name}: p99", p99, "ms", at_most=bar)
        own_p50, own_p99 = np.percentile(processor, (50, 99))
        print(
            f"  one movement, {name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms (bar {LATENCY_BAR_MS:g}); "
            f"of the processor {own_p50:.2f} and {own_p99:.2f} ms"
        )


if __name__ == "__main__":
    main()
