"""`Motion`: steps in float64, with the least duration of a step that all derivatives share."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

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
        dx_px: [B, T] float64.
        dy_px: [B, T] float64.
        dt_ms: [B, T] float64, as recorded.
    """

    mask: Bool[Tensor, "B T"]
    count: Int[Tensor, "B"]
    dx_px: Float[Tensor, "B T"]
    dy_px: Float[Tensor, "B T"]
    dt_ms: Float[Tensor, "B T"]

    @classmethod
    def of(cls, deltas: Float[Tensor, "B T 3"], lengths: Int[Tensor, "B"]) -> "Motion":
        """Return the motion of [B, T, 3] steps (px, px, ms), of which `lengths` [B] are valid."""
        mask = torch.arange(deltas.shape[1], device=deltas.device) < lengths[:, None]
        return cls(mask, lengths, *deltas.permute(2, 0, 1).double().contiguous().unbind(0))

    @cached_property
    def seconds(self) -> Float[Tensor, "B T"]:
        """[B, T] duration of each step (s), at least `MIN_STEP_MS`, in the padding too."""
        return self.dt_ms.clamp(min=MIN_STEP_MS) / 1000

    @cached_property
    def end_s(self) -> Float[Tensor, "B T"]:
        """[B, T] time from the start to the end of each step (s); past the end, the whole duration."""
        return torch.where(self.mask, self.seconds, 0.0).cumsum(1)

    @cached_property
    def duration_s(self) -> Float[Tensor, "B"]:
        """[B] duration of all steps (s), above 0 even where there are none."""
        whole = self.end_s[:, -1] if self.end_s.shape[1] else self.dt_ms.sum(1)
        return whole.clamp(min=MIN_STEP_MS / 1000)

    @cached_property
    def step_px(self) -> Float[Tensor, "B T"]:
        """[B, T] length of each step (px)."""
        return length(self.dx_px, self.dy_px)

    @cached_property
    def velocity_px_s(self) -> tuple[Float[Tensor, "B T"], Float[Tensor, "B T"]]:
        """[B, T] the x and the y velocity during each step (px/s)."""
        return self.dx_px / self.seconds, self.dy_px / self.seconds

    @cached_property
    def speed_px_s(self) -> Float[Tensor, "B T"]:
        """[B, T] speed during each step (px/s)."""
        return length(*self.velocity_px_s)


def length(x: Float[Tensor, "*S"], y: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
    """Return the length of each vector (x, y)."""
    # Four times as fast as torch.hypot; no coordinate is so large that its square overflows.
    return (x * x + y * y).sqrt()


def beside_zero(values: Float[Tensor, "B T"], after: int = 0) -> Float[Tensor, "B K"]:
    """Return [B, T + 1 + after] the values with a zero before and `after` zeros after them."""
    return torch.nn.functional.pad(values, (1, after))
