"""Smooth movements as a device would have recorded them: on its clock, in whole px and ms."""

import numpy as np
import torch
from jaxtyping import Float

from humouse.codec.event import merge_zero_moves
from humouse.codec.priors.polling import PollingClocks
from humouse.randomness import generator
from humouse.settings.choices import CONDITIONS
from humouse.trajectories import Trajectories

_TICK = CONDITIONS.index("tick_ms")
_ON_TICK = CONDITIONS.index("on_tick_share")


def recorded(
    movements: Trajectories,
    conditions: Float[torch.Tensor, "B K"],
    clocks: PollingClocks,
    *,
    seed: int,
    first: int = 0,
) -> Trajectories:
    """Return the movements as devices with these clocks would have recorded them.

    A device reports at whole periods of its clock, leaves some reports out, and rounds its time to ms
    and its position to px; a report of the same pixel is no event. The last point is the movement's own.

    Args:
        movements: Smooth ones, of at least one step, on any clock.
        conditions: [B, K] all of CONDITIONS; of these, the tick and the share of steps on it count.
        clocks: Of the recorders that the conditions come from.
        seed: Which reports are left out of movement i depends on the seed and i alone.
        first: Number i of the first movement.
    """
    _, period_ms, _ = clocks.at(clocks.index(conditions[:, _TICK].double().cpu().numpy()))
    left_out = 1 - conditions[:, _ON_TICK].double().cpu().numpy()
    parts = []
    for row in range(len(movements)):
        n = int(movements.lengths[row])
        deltas = movements.deltas[row, :n].double().cpu().numpy()
        points = np.concatenate([np.zeros((1, 3)), deltas.cumsum(0)])
        chance = torch.rand(
            2 + int(points[-1, 2] / period_ms[row]), generator=generator(seed, first + row)
        )
        at_ms = _reports(points[-1, 2], period_ms[row], chance.numpy() >= left_out[row])
        path = [np.interp(at_ms, points[:, 2], points[:, axis]) for axis in (0, 1)]
        parts.append(np.diff(np.stack([*path, at_ms], 1).round(), axis=0, prepend=0))
    steps = np.concatenate(parts).astype(np.float32)
    lengths = np.array([len(part) for part in parts])
    start = movements.start.cpu().numpy().round()
    whole = Trajectories.from_steps(steps, lengths, start, movements.user, movements.origin)
    return merge_zero_moves(whole)


def _reports(duration_ms: float, period_ms: float, kept: np.ndarray) -> np.ndarray:
    """Return when the device reports, after its first report; the last time is the duration's end."""
    ticks = max(1, round(duration_ms / period_ms))
    inner = np.arange(1, ticks)[kept[: ticks - 1]]
    return np.r_[inner, ticks] * duration_ms / ticks
