"""Delivery: points as they were sent, or one position a frame, as a browser hands them on."""

import numpy as np

from humouse.bots.composed.points import Arrived, Points

_SHARE = 0.6
_RATES_HZ = (60, 60, 60, 60, 120, 30, 75, 125)
_APART_MS = 1e5  # longer than any movement


def deliver(points: Points, n: int, *, rng: np.random.Generator, plain: bool) -> Arrived:
    """Return what arrives: for 60% of the n movements the last position of each frame.

    Frames have a random phase. The first point arrives at once, the last in the frame after it.
    All points of all movements arrive as they were sent where `plain`.
    """
    row, t_ms, position_px = points
    framed = rng.random(n) < (0 if plain else _SHARE)
    frame_ms = 1000 / rng.choice(_RATES_HZ, n)
    phase_ms = rng.random(n) * frame_ms
    end_ms = t_ms[np.cumsum(np.bincount(row)) - 1]
    count = np.where(framed, np.ceil((end_ms - phase_ms) / frame_ms) + 2, 0).astype(int)
    frame_row = np.repeat(np.arange(n), count)
    last = np.cumsum(count) - 1
    number = np.arange(len(frame_row)) - last[frame_row] + count[frame_row] - 2
    frame_t_ms = np.maximum(phase_ms[frame_row] + number * frame_ms[frame_row], 0)
    frame_t_ms[last[framed]] += 1e-6  # at the end or later, in spite of rounding
    seen = np.searchsorted(t_ms + _APART_MS * row, frame_t_ms + _APART_MS * frame_row, side="right")
    sent = ~framed[row]
    rows = np.concatenate([row[sent], frame_row])
    order = np.argsort(rows, kind="stable")
    return (
        rows[order],
        np.concatenate([t_ms[sent], frame_t_ms])[order],
        np.concatenate([position_px[sent], position_px[seen - 1]])[order],
    )
