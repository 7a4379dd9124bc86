"""`Motion`: steps in float64, with the least duration of a step that all derivatives share.

Features are computed in numpy: a single movement takes hundreds of small calls, torch needs three to five
times as long for each, and a service that scores need not load it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

MIN_STEP_MS = 1.0
"""Least duration of a step: recorders count whole milliseconds, so shorter ones are clamped to it.

Otherwise two events at one timestamp (14% of the steps of a remote-desktop log) would have an infinite
speed, and a clock in float32 seconds (a last step of 1e-10 s) an absurd one.
"""


@dataclass(frozen=True, eq=False)
class Motion:
    """Steps of movements, ready for derivatives; padding holds zeros throughout.

    Args:
        mask: [B, T] True at valid steps; they come first in each row.
        count: [B] number of valid steps.
        moves_px: [2, B, T] dx and dy.
        dt_ms: [B, T] as recorded.
    """

    mask: Bool[np.ndarray, "B T"]
    count: Int[np.ndarray, "B"]
    moves_px: Float64[np.ndarray, "2 B T"]
    dt_ms: Float64[np.ndarray, "B T"]

    @classmethod
    def of(cls, deltas: Float[np.ndarray, "B T 3"], lengths: Int[np.ndarray, "B"]) -> "Motion":
        """Return the motion of [B, T, 3] steps (px, px, ms), of which `lengths` [B] are valid."""
        steps = np.ascontiguousarray(deltas.transpose(2, 0, 1), np.float64)
        return cls(np.arange(steps.shape[2]) < lengths[:, None], lengths, steps[:2], steps[2])

    @property
    def dx_px(self) -> Float64[np.ndarray, "B T"]:
        """[B, T] horizontal part of each step (px)."""
        return self.moves_px[0]

    @property
    def dy_px(self) -> Float64[np.ndarray, "B T"]:
        """[B, T] vertical part of each step (px)."""
        return self.moves_px[1]

    @cached_property
    def net_px(self) -> Float64[np.ndarray, "2 B"]:
        """[2, B] the vector from the first point to the last (px)."""
        return self.moves_px.sum(2)

    @cached_property
    def seconds(self) -> Float64[np.ndarray, "B T"]:
        """[B, T] duration of each step (s), at least `MIN_STEP_MS`, in the padding too."""
        return np.maximum(self.dt_ms, MIN_STEP_MS) / 1000

    @cached_property
    def end_s(self) -> Float64[np.ndarray, "B T"]:
        """[B, T] time from the start to the end of each step (s); past the end, the whole duration."""
        return (self.seconds * self.mask).cumsum(1)

    @cached_property
    def duration_s(self) -> Float64[np.ndarray, "B"]:
        """[B] duration of all steps (s), above 0 even where there are none."""
        whole = self.end_s[:, -1] if self.end_s.shape[1] else self.dt_ms.sum(1)
        return np.maximum(whole, MIN_STEP_MS / 1000)

    @cached_property
    def step_px(self) -> Float64[np.ndarray, "B T"]:
        """[B, T] length of each step (px)."""
        return length(self.moves_px)

    @cached_property
    def velocity_px_s(self) -> Float64[np.ndarray, "2 B T"]:
        """[2, B, T] the x and the y velocity during each step (px/s)."""
        return self.moves_px / self.seconds

    @cached_property
    def speed_px_s(self) -> Float64[np.ndarray, "B T"]:
        """[B, T] speed during each step (px/s)."""
        return length(self.velocity_px_s)


def length(vector: Float64[np.ndarray, "2 *S"]) -> Float64[np.ndarray, "*S"]:
    """Return the length of each vector (x, y)."""
    # Several times as fast as np.hypot; no coordinate is so large that its square overflows.
    squares = vector * vector
    return np.sqrt(squares[0] + squares[1])


def step_to_step(values: Float64[np.ndarray, "*S T"]) -> Float64[np.ndarray, "*S K"]:
    """Return [..., T − 1] the change from each value to the next."""
    # A fifth of the time of np.diff where a batch is one movement.
    return values[..., 1:] - values[..., :-1]


def beside_zero(values: Float64[np.ndarray, "*S T"], after: int = 0) -> Float64[np.ndarray, "*S K"]:
    """Return [..., T + 1 + after] the values with a zero before and `after` zeros after them."""
    padded = np.zeros((*values.shape[:-1], values.shape[-1] + 1 + after))
    padded[..., 1 : values.shape[-1] + 1] = values
    return padded
