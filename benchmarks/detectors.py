"""Speed of the detectors on movements of synthetic people: in batch, and of a single gesture.

Run: `python benchmarks/detectors.py`. Each time is the best of a few rounds, and the two of a
comparison take turns, so that a busy machine slows both.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from bots import people
from humouse.bots import Bezier
from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.estimators.sequence import SequenceDetector
from humouse.detection.onnx import sequence as onnx_sequence
from humouse.detection.onnx import tables as onnx_tables
from humouse.detection.onnx.runtime import OnnxDetector
from humouse.features import FeatureTable, feature_table
from humouse.features.modes import DETECTOR_MODES
from humouse.trajectories import Trajectories, concatenate

FEATURES_BAR_PER_S = 2_000
SEQUENCE_BAR_PER_S = 5_000
LATENCY_BAR_MS = 5.0
PLAIN = DETECTOR_MODES["kinematic"]
ALL = DETECTOR_MODES["neuromotor"]
_ROUNDS = 3


def per_second(n: int, work: Callable[[], object]) -> tuple[float, float]:
    """Return how many a second of wall time, and a second of CPU time, at best."""
    seconds = []
    for _ in range(_ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        seconds.append((time.perf_counter() - wall, time.process_time() - cpu))
    wall, cpu = np.min(seconds, 0)
    return n / wall, n / cpu


def latencies_ms(candidates: Sequence[Callable[[int], object]], rounds: int) -> np.ndarray:
    """Return [candidates, rounds] the time of each single call, the candidates in turns."""
    times = np.zeros((len(candidates), rounds))
    for number in range(-20, rounds):  # the first calls warm up
        for place, candidate in enumerate(candidates):
            started = time.perf_counter_ns()
            candidate(number)
            if number >= 0:
                times[place, number] = (time.perf_counter_ns() - started) / 1e6
    return times


def report_latency(name: str, times: np.ndarray, peer: str | None = None) -> None:
    p50, p99 = np.percentile(times[0], (50, 99))
    print(f"  {name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms (bar for p99 {LATENCY_BAR_MS:g} ms)")
    if peer:
        other = np.percentile(times[1], (50, 99))
        ratios = other / np.array([p50, p99])
        print(
            f"    {peer}: p50 {other[0]:.2f} ms, p99 {other[1]:.2f} ms, "
            f"so {ratios[0]:.1f} and {ratios[1]:.1f} times as long"
        )


def saved(model: object, folder: Path, name: str) -> OnnxDetector:
    path = folder / f"{name}.onnx"
    path.write_bytes(model.SerializeToString())  # type: ignore[attr-defined]
    return OnnxDetector.load(path)


def batch_speeds(
    movements: Trajectories,
    fitted: dict[tuple[str, ...], BoostingDetector],
    sequence: SequenceDetector,
    neuromotor_rows: int,
) -> None:
    n = len(movements)
    print(f"in batch, {torch.get_num_threads()} thread(s):")
    for groups, detector in fitted.items():
        few = movements[: n if groups == PLAIN else neuromotor_rows]

        def features(few: Trajectories = few, groups: tuple[str, ...] = groups) -> FeatureTable:
            return feature_table(few, groups)

        table = features()
        both = per_second(len(few), lambda: detector.decision_function(features()))  # noqa: B023
        alone = per_second(len(few), lambda: detector.decision_function(table))  # noqa: B023
        print(
            f"  features {'+'.join(groups)} and boosting: {both[0]:,.0f}/s, {both[1]:,.0f} per second "
            f"of CPU time (bar {FEATURES_BAR_PER_S:,}/s); boosting alone {alone[0]:,.0f}/s",
            flush=True,
        )
    speed = per_second(n, lambda: sequence.decision_function(movements))
    print(
        f"  sequence: {speed[0]:,.0f}/s, {speed[1]:,.0f} per second of CPU time "
        f"(bar {SEQUENCE_BAR_PER_S:,}/s)",
        flush=True,
    )


def single_latencies(
    movements: Trajectories,
    fitted: dict[tuple[str, ...], BoostingDetector],
    sequence: SequenceDetector,
    rounds: int,
) -> None:
    print("one gesture at a time, through ONNX Runtime on one thread:")
    torch.set_num_threads(1)
    ones = [movements[[row]].trimmed() for row in range(200)]
    with tempfile.TemporaryDirectory() as folder:
        served = saved(onnx_sequence.to_onnx(sequence), Path(folder), "sequence")
        report_latency(
            "sequence",
            latencies_ms(
                [
                    lambda k: served.decision_function(ones[k % 200]),
                    lambda k: sequence.decision_function(ones[k % 200]),
                ],
                rounds,
            ),
            "torch",
        )
        for groups, detector in fitted.items():
            name = "+".join(groups)
            model = saved(onnx_tables.to_onnx(detector), Path(folder), name)
            tables = [feature_table(one, groups) for one in ones]
            report_latency(
                f"boosting alone, {name}",
                latencies_ms(
                    [
                        lambda k: model.decision_function(tables[k % 200]),  # noqa: B023
                        lambda k: detector.decision_function(tables[k % 200]),  # noqa: B023
                    ],
                    rounds,
                ),
                "scikit-learn",
            )
            report_latency(
                f"features and boosting, {name}",
                latencies_ms(
                    [lambda k: model.decision_function(feature_table(ones[k % 200], groups))],  # noqa: B023
                    rounds,
                ),
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=10_000, help="movements scored in batch")
    parser.add_argument("--neuromotor", type=int, default=1_000, help="of them, by strokes as well")
    parser.add_argument("--fit", type=int, default=4_000, help="movements of each kind fitted on")
    parser.add_argument("--calls", type=int, default=500, help="single calls timed")
    arguments = parser.parse_args()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    persons = people(arguments.fit, seed=0)
    X = concatenate([persons, Bezier(persons).sample(arguments.fit, seed=0)], "fit")
    y = np.repeat([0, 1], arguments.fit)
    fitted: dict[tuple[str, ...], BoostingDetector] = {}
    few = np.r_[0:400, arguments.fit : arguments.fit + 400]
    for groups in (PLAIN, ALL):
        rows = np.arange(len(y)) if groups == PLAIN else few
        fitted[groups] = BoostingDetector().fit(feature_table(X[rows], groups), y[rows])
    started, cpu = time.perf_counter(), time.process_time()
    sequence = SequenceDetector().fit(X, y)
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(
        f"sequence: fitted on {len(y):,} movements on one thread in {wall:.1f} s, {cpu:.1f} s of CPU "
        "time",
        flush=True,
    )
    torch.set_num_threads(threads)
    movements = people(arguments.n, seed=1)
    batch_speeds(movements, fitted, sequence, arguments.neuromotor)
    single_latencies(movements, fitted, sequence, arguments.calls)


if __name__ == "__main__":
    main()
