"""Points of many movements one after the other, and what of them a log holds."""

import numpy as np
from jaxtyping import Complex, Float, Float32, Int, Int64

Rows = Int[np.ndarray, "S"]
"""[S] the movement that each point belongs to, in order."""
Times = Float[np.ndarray, "S"]
"""[S] time of each point (ms)."""
Positions = Complex[np.ndarray, "S"]
"""[S] position of each point, from the start (px)."""
Points = tuple[Rows, Times, Positions]
Arrived = tuple[
    Int[np.ndarray, "arrived"], Float[np.ndarray, "arrived"], Complex[np.ndarray, "arrived"]
]
"""The same of what is not as many points as were sent."""


def recorded_steps(
    points: Arrived,
) -> tuple[Float32[np.ndarray, "steps 3"], Int64[np.ndarray, "n"]]:
    """Return the steps dx, dy, dt that a log on whole ms holds, and how many each movement has.

    Each is later than the last, and elsewhere: of several points of one ms the last is kept, of the
    first ms the first.
    """
    row, t_ms, position_px = points
    table = np.stack([row, position_px.real, position_px.imag, np.round(t_ms)], 1)
    first = np.diff(row, prepend=-1) > 0
    table = table[first | (table[:, 3] > 0)]
    table = table[(np.diff(table[:, [0, 3]], axis=0, append=-1) != 0).any(1)]
    table = table[(np.diff(table[:, :3], axis=0, prepend=-1) != 0).any(1)]
    row = table[:, 0].astype(int)
    steps = np.diff(table[:, 1:], axis=0)[np.diff(row) == 0]
    return steps.astype(np.float32), np.bincount(row) - 1
