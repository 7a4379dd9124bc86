"""Curves as tables: a row's values at equal shares, read between them along straight lines."""

import numpy as np
from jaxtyping import Complex, Float, Inexact, Int

SHARES = np.linspace(0, 1, 257)
"""[K] the shares at which tables have their columns."""


def read(
    table: Inexact[np.ndarray, "n K"],
    row: Int[np.ndarray, "*S"],
    share: Float[np.ndarray, "*S"],
) -> Inexact[np.ndarray, "*S"]:
    """Return the values of those rows at those shares; before 0 and past 1 the ends are kept."""
    place = np.clip(share, 0, 1) * (table.shape[1] - 1)
    before = np.minimum(place.astype(int), table.shape[1] - 2)
    weight = place - before
    return table[row, before] * (1 - weight) + table[row, before + 1] * weight


def find(
    rising: Float[np.ndarray, "n K"],
    row: Int[np.ndarray, "*S"],
    value: Float[np.ndarray, "*S"],
) -> Float[np.ndarray, "*S"]:
    """Return the shares at which rows that rise from 0 to 1 reach those values: `read`, inverted."""
    if not value.size:
        return value
    # Row r is lifted to 2r…2r + 1, so that one interpolation serves all rows.
    lifted = rising + 2.0 * np.arange(len(rising))[:, None]
    return np.interp(value + 2.0 * row, lifted.ravel(), np.tile(SHARES, len(rising)))


def travelled(
    path: Complex[np.ndarray, "n K"],
) -> tuple[Float[np.ndarray, "n K"], Float[np.ndarray, "n"]]:
    """Return [n, K] the travelled share of each path's length, and [n] that length."""
    length = np.cumsum(np.abs(np.diff(path, axis=1, prepend=path[:, :1])), 1)
    return length / length[:, -1:], length[:, -1]


def by_arc_length(path: Complex[np.ndarray, "n K"]) -> Complex[np.ndarray, "n K"]:
    """Return the same paths with points at equal distances along them."""
    row, share = np.broadcast_arrays(np.arange(len(path))[:, None], SHARES)
    return read(path, row, find(travelled(path)[0], row, share))


def minimum_jerk(share: Float[np.ndarray, "*S"]) -> Float[np.ndarray, "*S"]:
    """Return the progress of a minimum-jerk movement: 10 u³ − 15 u⁴ + 6 u⁵, u clipped to 0…1."""
    u = np.clip(share, 0, 1)
    return u**3 * (10 - 15 * u + 6 * u * u)
