"""Decomposition of movements into lognormal strokes: speed, fit and number of strokes.

Run: `python benchmarks/sigma_lognormal.py`, or with `--data data/train.parquet` for a prepared
split. The synthetic movements are those of the tests.
"""

import argparse
import runpy
import time
from pathlib import Path

import numpy as np
import torch

from figures import figure
from humouse.features.motion import Motion
from humouse.features.strokes.measure import neuromotor
from humouse.trajectories import Trajectories

BAR_PER_S = 1_500
"""Of a CPU second: 3,000 on two cores."""
BAR_SNR_DB = {"recorded": 15.0, "synthetic": 25.0}
_STEPS_AT_A_TIME = 2**16
_ORACLE = Path(__file__).parents[1] / "tests" / "oracles" / "strokes.py"
_oracle = runpy.run_path(str(_ORACLE))
superposed, on_pixels = _oracle["superposed"], _oracle["on_pixels"]


def blocks(trajectories: Trajectories) -> list[Motion]:
    """Return the movements in blocks of like length, as a feature table takes them."""
    order = trajectories.lengths.argsort()
    motions, first = [], 0
    while first < len(order):
        typical = max(1, int(trajectories.lengths[order[first]]))
        rows = order[first : first + max(1, _STEPS_AT_A_TIME // (2 * typical))]
        part = trajectories[rows].trimmed()
        motions.append(Motion.of(part.deltas.numpy(), part.lengths.numpy()))
        first += len(rows)
    return motions


def report(name: str, kind: str, trajectories: Trajectories) -> None:
    motions = blocks(trajectories)
    wall, cpu = time.perf_counter(), time.process_time()
    tables = [neuromotor(motion) for motion in motions]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    snr_db = torch.from_numpy(np.concatenate([table["stroke_snr_db"] for table in tables]))
    strokes = torch.from_numpy(np.concatenate([table["strokes"] for table in tables]))
    at = torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95], dtype=torch.float64)
    quantiles = " ".join(f"{value:6.1f}" for value in snr_db.quantile(at).tolist())
    n = len(trajectories)
    print(f"{name}: {n:,} movements")
    print(f"  {n / wall:7.0f} per second of wall time, {n / cpu:.0f} of CPU time (bar {BAR_PER_S})")
    figure(f"stroke features, {name}", n / cpu, "a CPU second", at_least=BAR_PER_S)
    middle_db = float(snr_db.median())
    figure(f"strokes fitted, {name}", middle_db, "dB, median", at_least=BAR_SNR_DB[kind])
    print(f"  SNR (dB) at 5, 25, 50, 75, 95%: {quantiles} (bar for 50%: {BAR_SNR_DB[kind]:.0f})")
    counts = [int((strokes == k).sum()) for k in range(int(strokes.max()) + 1)]
    print(f"  strokes: mean {strokes.mean():.2f}; movements with 0, 1, 2 …: {counts}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="a prepared split, e.g. data/train.parquet")
    parser.add_argument("--n", type=int, default=4_000, help="movements drawn from it, or made")
    arguments = parser.parse_args()
    print("one thread, whatever torch has: the fit keeps to it")
    if arguments.data is not None:
        people = Trajectories.load(arguments.data)
        drawn = torch.randperm(len(people), generator=torch.Generator().manual_seed(0))
        report(arguments.data, "recorded", people[drawn[: arguments.n]])
        return
    for strokes in (1, 2, 3, 4):
        _, movements = superposed(arguments.n // 4, strokes, seed=strokes)
        report(f"{strokes} stroke(s), exact", "synthetic", movements)
        report(f"{strokes} stroke(s), on pixels", "synthetic", on_pixels(movements))


if __name__ == "__main__":
    main()
