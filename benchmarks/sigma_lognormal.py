"""Decomposition of movements into lognormal strokes: how fast, how well, how many.

Run: `python benchmarks/sigma_lognormal.py`, or with `--data data/train.parquet` for a prepared
split. `superposed` below also makes the movements that the tests take apart.
"""

import argparse
import math
import time

import torch
from torch import Tensor

from humouse.features.motion import Motion
from humouse.features.strokes.columns import neuromotor
from humouse.features.strokes.model import Strokes, path
from humouse.trajectories import Trajectories

BAR_PER_S = 200
BAR_SNR_DB = {"recorded": 15.0, "synthetic": 25.0}
_STEPS_AT_A_TIME = 2**16


def superposed(
    n: int, strokes: int, seed: int, clock_ms: float = 8.0, gap_s: tuple[float, float] = (0.1, 0.3)
) -> tuple[Strokes, Trajectories]:
    """Return n movements of so many strokes each, off the grid, on an uneven clock.

    Args:
        n: Number of movements.
        strokes: Strokes of each.
        seed: Of all that is drawn.
        clock_ms: Shortest step; steps are up to 2 ms longer.
        gap_s: Least and most time from one command to the next.
    """
    rng = torch.Generator().manual_seed(seed)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=rng, dtype=torch.float64)

    onset = torch.cat([uniform(-0.05, 0.05, n, 1), uniform(*gap_s, n, strokes - 1)], 1).cumsum(1)
    delay, response = uniform(-2.2, -1.3, n, strokes), uniform(0.15, 0.5, n, strokes)
    angle = uniform(-math.pi, math.pi, n, 1) + uniform(-0.8, 0.8, n, strokes)
    made = Strokes(
        amplitude_px=uniform(60, 600, n, strokes),
        onset_s=onset,
        log_delay=delay,
        log_response=response,
        angle_start_rad=angle,
        angle_end_rad=angle + uniform(-1, 1, n, strokes),
        count=torch.full((n,), strokes),
        snr_db=torch.full((n,), math.inf, dtype=torch.float64),
    )
    end_s = (onset + (delay + 2.3 * response).exp()).amax(1)  # 99% of every stroke
    T = int(end_s.max() * 1000 / clock_ms) + 1
    dt_ms = clock_ms + torch.randint(0, 3, (n, T), generator=rng)
    time_s = torch.cat([dt_ms.new_zeros(n, 1), dt_ms.cumsum(1)], 1) / 1000
    lengths = (time_s[:, 1:] <= end_s[:, None]).sum(1)
    steps = torch.cat([path(made, time_s.double()).diff(dim=1), dt_ms[..., None]], 2)
    return made, Trajectories(steps.float(), lengths, torch.zeros(n, 2), None, "superposed")


def on_pixels(trajectories: Trajectories) -> Trajectories:
    """Return the movements with every point on a whole pixel."""
    points = trajectories.positions_px().round()
    deltas = torch.cat([points.diff(dim=1), trajectories.deltas[..., 2:]], 2)
    return Trajectories(deltas, trajectories.lengths, trajectories.start, None, "on pixels")


def blocks(trajectories: Trajectories) -> list[Motion]:
    """Return the movements in blocks of like length, as a feature table takes them."""
    order = trajectories.lengths.argsort()
    motions, first = [], 0
    while first < len(order):
        typical = max(1, int(trajectories.lengths[order[first]]))
        rows = order[first : first + max(1, _STEPS_AT_A_TIME // (2 * typical))]
        part = trajectories[rows].trimmed()
        motions.append(Motion.of(part.deltas, part.lengths))
        first += len(rows)
    return motions


def report(name: str, kind: str, trajectories: Trajectories) -> None:
    motions = blocks(trajectories)
    wall, cpu = time.perf_counter(), time.process_time()
    tables = [neuromotor(motion) for motion in motions]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    snr_db = torch.cat([table["stroke_snr_db"] for table in tables])
    strokes = torch.cat([table["strokes"] for table in tables])
    at = torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95], dtype=torch.float64)
    quantiles = " ".join(f"{value:6.1f}" for value in snr_db.quantile(at).tolist())
    n = len(trajectories)
    print(f"{name}: {n:,} movements")
    print(f"  {n / wall:7.0f} per second of wall time, {n / cpu:.0f} of CPU time (bar {BAR_PER_S})")
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
