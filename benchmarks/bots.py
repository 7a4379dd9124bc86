"""Movements per second of every bot and variant, from synthetic people.

Run: `python benchmarks/bots.py`.
"""

import argparse
import time

import numpy as np
import torch

from figures import figure
from humouse.bots import BOTS, Bot
from humouse.bots.families import FAMILIES
from humouse.trajectories import Trajectories

BAR_PER_S = 50_000


def people(n: int, seed: int) -> Trajectories:
    """Return n movements with the lengths, clocks and distances of recorded ones."""
    rng = np.random.default_rng(seed)
    lengths = np.clip(rng.lognormal(np.log(31), 0.45, n), 12, 184).astype(np.int64)
    steps = np.zeros((n, int(lengths.max()), 3), np.float32)
    steps[..., :2] = np.round(rng.normal(rng.normal(0, 8, (n, 1, 2)), 3, (*steps.shape[:2], 2)))
    steps[..., 2] = rng.choice([8, 17], (n, 1))
    start = torch.from_numpy(rng.integers(0, 1000, (n, 2)).astype(np.float32))
    return Trajectories(
        torch.from_numpy(steps), torch.from_numpy(lengths), start, None, "benchmark"
    )


def movements_per_s(mover: Bot, n: int) -> float:
    """Return the best of three."""
    seconds = []
    for seed in range(3):
        started = time.perf_counter()
        mover.sample(n, seed=seed)
        seconds.append(time.perf_counter() - started)
    return n / min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=50_000, help="movements to make")
    parser.add_argument("--people", type=int, default=14_000, help="movements to draw from")
    settings = parser.parse_args()
    recorded = people(settings.people, seed=0)
    paces: dict[str, float] = {}
    print(f"{settings.n:,} movements, {torch.get_num_threads()} thread(s), bar {BAR_PER_S:,}/s")
    for name, bot in BOTS.items():
        paces[name] = movements_per_s(bot(recorded), settings.n)
        print(f"{name:30} {paces[name]:10,.0f} movements/s")
    for family, variants in FAMILIES.items():
        print(family)
        for one in variants:
            paces[one.name] = movements_per_s(one.make(recorded), settings.n)
            print(f"  {one.name:28} {paces[one.name]:10,.0f}")
    for which, name in (
        ("slowest", min(paces, key=paces.__getitem__)),
        ("fastest", max(paces, key=paces.__getitem__)),
    ):
        figure(f"bots, the {which}: {name}", paces[name], "movements a second", at_least=BAR_PER_S)


if __name__ == "__main__":
    main()
