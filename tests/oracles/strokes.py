"""Movements made of lognormal strokes of known parameters."""

import math

import torch
from torch import Tensor

from humouse.features.strokes.model import Strokes, path
from humouse.trajectories import Trajectories


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
