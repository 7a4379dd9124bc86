"""Movements as a browser delivers them: one position a frame, whatever moved the pointer."""

import numpy as np
from jaxtyping import Float

from humouse.detection.samples.one_clock import phases
from humouse.trajectories import Trajectories

FRAME_MS = 1000 / 60


def as_delivered(movements: Trajectories, seed: int) -> Trajectories:
    """Return the last position before each frame in which the pointer was moved.

    Frames come every `FRAME_MS`, the first at a random moment of the movement's first frame. A movement
    within a single frame is left with no step.

    Args:
        movements: B movements (px, ms).
        seed: Of the moments.
    """
    B, lengths = len(movements), movements.lengths.numpy()
    present = np.arange(movements.deltas.shape[1] + 1) <= lengths[:, None]
    row, _ = np.nonzero(present)
    t_ms, position_px = movements.times_ms().numpy()[present], _positions(movements)[present]
    frame = np.ceil(t_ms / FRAME_MS - phases(B, seed)[row]).astype(np.int64)
    last = np.append((np.diff(row) > 0) | (np.diff(frame) > 0), True)
    row, frame, position_px = row[last], frame[last], position_px[last]
    within = np.diff(row) == 0
    steps = np.column_stack([np.diff(position_px, axis=0), np.diff(frame) * FRAME_MS])[within]
    first = np.flatnonzero(np.append(True, ~within))
    return Trajectories.from_steps(
        steps.astype(np.float32),
        np.bincount(row, minlength=B) - 1,
        position_px[first].astype(np.float32),
        movements.user,
        movements.origin,
    )


def _positions(movements: Trajectories) -> Float[np.ndarray, "B points 2"]:
    return movements.positions_px().double().numpy()
