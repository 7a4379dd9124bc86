"""What one clock and other devices share: positions between points, and blocks of similar size."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Float64, Int, Int64
from torch import Tensor

from humouse.trajectories import Trajectories

# About what a CPU's cache holds.
_STEPS_AT_A_TIME = 2**16


@dataclass(frozen=True, eq=False)
class Paths:
    """The points of B movements, from the first one on; past the end the last is repeated.

    Args:
        t_ms: [B, T+1] times (ms).
        position_px: [B, T+1, 2] positions (px).
    """

    t_ms: Float64[Tensor, "B points"]
    position_px: Float64[Tensor, "B points 2"]

    @classmethod
    def of(cls, movements: Trajectories) -> "Paths":
        """Return the points of the movements."""
        points = torch.nn.functional.pad(movements.deltas.double().cumsum(1), (0, 0, 1, 0))
        return cls(points[..., 2].contiguous(), points[..., :2])

    def smooth_at(self, t_ms: Float64[Tensor, "B ticks"]) -> Float64[Tensor, "B ticks 2"]:
        """Return [B, ticks, 2] positions at these times (px), on a smooth curve through all points.

        A cubic Hermite curve, whose velocity at a point is that of the parabola through it and both
        neighbours (Bessel's). Before the first point and after the last the movement stands.
        """
        last = self.t_ms.shape[1] - 1
        if not last:
            return self.at(t_ms)
        gap_ms = self.t_ms.diff(dim=1)[..., None]
        slope = self.position_px.diff(dim=1) / torch.where(gap_ms > 0, gap_ms, torch.inf)
        both_ms = gap_ms[:, :-1] + gap_ms[:, 1:]
        inner = slope[:, :-1] * gap_ms[:, 1:] + slope[:, 1:] * gap_ms[:, :-1]
        inner = inner / torch.where(both_ms > 0, both_ms, torch.inf)
        velocity = torch.cat([slope[:, :1], inner, slope[:, -1:]], 1)
        before = torch.searchsorted(self.t_ms, t_ms, right=True).sub(1).clamp(0, last - 1)
        index = before[..., None]
        span_ms = gap_ms.take_along_dim(index, 1)
        elapsed_ms = (t_ms - self.t_ms.gather(1, before)).clamp(min=0)[..., None]
        share = (elapsed_ms / torch.where(span_ms > 0, span_ms, 1.0)).clamp(max=1)
        start_px, end_px = (self.position_px.take_along_dim(index + k, 1) for k in (0, 1))
        leaving, arriving = (velocity.take_along_dim(index + k, 1) * span_ms for k in (0, 1))
        rest = 1 - share
        return (
            start_px * rest * rest * (1 + 2 * share)
            + end_px * share * share * (3 - 2 * share)
            + leaving * share * rest * rest
            - arriving * share * share * rest
        )

    def at(
        self, t_ms: Float64[Tensor, "B ticks"], held: Bool[Tensor, "B"] | None = None
    ) -> Float64[Tensor, "B ticks 2"]:
        """Return [B, ticks, 2] positions at these times (px).

        Of several points at one time, the last counts. Before the first point and after the last the
        movement stands.

        Args:
            t_ms: [B, ticks] times (ms).
            held: [B] whether the last point's position holds until the next; otherwise positions are
                interpolated linearly.
        """
        last = self.t_ms.shape[1] - 1
        before = torch.searchsorted(self.t_ms, t_ms, right=True).sub(1).clamp(min=0)
        after = before.add(1).clamp(max=last)
        span_ms = self.t_ms.gather(1, after) - self.t_ms.gather(1, before)
        elapsed_ms = (t_ms - self.t_ms.gather(1, before)).clamp(min=0)
        if held is not None:
            elapsed_ms = elapsed_ms.masked_fill(held[:, None], 0)
        position_px = self.position_px.take_along_dim(before[..., None], 1)
        moved_px = self.position_px.take_along_dim(after[..., None], 1) - position_px
        # Multiplied before it is divided: half a pixel comes out as exactly that.
        span_ms = torch.where(span_ms > 0, span_ms, 1.0)
        return position_px + moved_px * elapsed_ms[..., None] / span_ms[..., None]


def ticks_needed(
    duration_ms: Float64[Tensor, "B"],
    period_ms: float | Float64[Tensor, "B"],
    phase: Float64[Tensor, "B"],
) -> Float64[Tensor, "B"]:
    """Return how many ticks after its first a clock needs to reach the last point, at least 1.

    Args:
        duration_ms: [B] time from the first point to the last (ms).
        period_ms: Time between two ticks (ms).
        phase: [B] how long before the first point the first tick is, in periods.
    """
    return (duration_ms / period_ms + phase).ceil().clamp(min=1)


def in_blocks(
    movements: Trajectories,
    sizes: Int[Tensor, "B"],
    change: Callable[[Trajectories, Int64[Tensor, "b"]], Trajectories],
) -> Trajectories:
    """Return the movements changed, in blocks of similar size, so that little work goes into padding.

    Args:
        movements: B movements.
        sizes: [B] steps that a movement takes while it is changed, at most.
        change: Given the movements of a block and their numbers, returns as many movements; it
            changes steps, lengths and starts only.

    Returns:
        The same movements with these changes, padded to the longest.
    """
    if len(sizes) and len(sizes) * int(sizes.max()) <= _STEPS_AT_A_TIME:
        return change(movements, torch.arange(len(sizes), device=sizes.device)).trimmed()
    order = sizes.argsort(descending=True, stable=True)
    ordered = sizes[order].tolist()
    parts, first = [], 0
    while first < len(order):
        rows = order[first : first + max(1, _STEPS_AT_A_TIME // max(1, ordered[first]))]
        parts.append((rows, change(_block(movements, rows), rows)))
        first += len(rows)
    lengths, start = movements.lengths.clone(), movements.start.clone()
    for rows, part in parts:
        lengths[rows], start[rows] = part.lengths, part.start
    longest = int(lengths.max()) if len(lengths) else 0
    deltas = movements.deltas.new_zeros(len(movements), longest, 3)
    for rows, part in parts:
        steps = part.deltas[:, :longest]
        deltas[rows, : steps.shape[1]] = steps
    return replace(movements, deltas=deltas, lengths=lengths, start=start)


def _block(movements: Trajectories, rows: Int64[Tensor, "b"]) -> Trajectories:
    lengths = movements.lengths[rows]
    deltas = movements.deltas[:, : int(lengths.max())][rows]
    return Trajectories(deltas, lengths, movements.start[rows], None, movements.origin)


def padded_to(values: Float[Tensor, "B t *S"], T: int) -> Float[Tensor, "B T *S"]:
    """Return the values with the last repeated up to T."""
    index = torch.arange(T, device=values.device).clamp(max=values.shape[1] - 1)
    return values[:, index]
