"""What one clock and other devices share: positions between points."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from humouse.steps import Steps


@dataclass(frozen=True, eq=False)
class Paths:
    """The points of B movements, from the first one on; past the end the last is repeated.

    Args:
        t_ms: [B, T+1] times (ms).
        position_px: [B, T+1, 2] positions (px).
    """

    t_ms: Float64[np.ndarray, "B points"]
    position_px: Float64[np.ndarray, "B points 2"]

    @classmethod
    def of(cls, movements: Steps) -> "Paths":
        """Return the points of the movements."""
        B, T = movements.deltas.shape[:2]
        points = np.zeros((B, T + 1, 3))
        movements.deltas.cumsum(1, np.float64, out=points[:, 1:])
        return cls(np.ascontiguousarray(points[..., 2]), points[..., :2])

    def smooth_at(self, t_ms: Float64[np.ndarray, "B ticks"]) -> Float64[np.ndarray, "B ticks 2"]:
        """Return [B, ticks, 2] positions at these times (px), on a smooth curve through all points.

        A cubic Hermite curve, whose velocity at a point is that of the parabola through it and both
        neighbours (Bessel's); at either end it is the way between the last two points over their time,
        as beside a point at the same time. Before the first point and after the last the movement stands.
        """
        last = self.t_ms.shape[1] - 1
        if not last:
            return self.at(t_ms)
        gap_ms = np.diff(self.t_ms)[..., None]
        slope = np.diff(self.position_px, axis=1) / np.where(gap_ms > 0, gap_ms, np.inf)
        both_ms = gap_ms[:, :-1] + gap_ms[:, 1:]
        inner = slope[:, :-1] * gap_ms[:, 1:] + slope[:, 1:] * gap_ms[:, :-1]
        inner = inner / np.where(both_ms > 0, both_ms, np.inf)
        # No time goes by after a movement's last point, where a longer one's is its neighbour.
        inner = np.where(gap_ms[:, 1:] > 0, inner, slope[:, :-1])
        velocity = np.concatenate([slope[:, :1], inner, slope[:, -1:]], 1)
        before = np.clip(self._up_to(t_ms), 0, last - 1)
        row = np.arange(len(before))[:, None]
        span_ms = gap_ms[row, before]
        elapsed_ms = np.maximum(t_ms - self.t_ms[row, before], 0)[..., None]
        share = np.minimum(elapsed_ms / np.where(span_ms > 0, span_ms, 1.0), 1)
        start_px, end_px = (self.position_px[row, before + k] for k in (0, 1))
        leaving, arriving = (velocity[row, before + k] * span_ms for k in (0, 1))
        rest = 1 - share
        return (
            start_px * rest * rest * (1 + 2 * share)
            + end_px * share * share * (3 - 2 * share)
            + leaving * share * rest * rest
            - arriving * share * share * rest
        )

    def at(
        self, t_ms: Float64[np.ndarray, "B ticks"], held: Bool[np.ndarray, "B"] | None = None
    ) -> Float64[np.ndarray, "B ticks 2"]:
        """Return [B, ticks, 2] positions at these times (px).

        Of several points at one time, the last counts. Before the first point and after the last the
        movement stands.

        Args:
            t_ms: [B, ticks] times (ms).
            held: [B] whether the last point's position holds until the next; otherwise positions are
                interpolated linearly.
        """
        before = np.maximum(self._up_to(t_ms), 0)
        after = np.minimum(before + 1, self.t_ms.shape[1] - 1)
        row = np.arange(len(before))[:, None]
        from_ms = self.t_ms[row, before]
        span_ms = self.t_ms[row, after] - from_ms
        elapsed_ms = np.maximum(t_ms - from_ms, 0)
        if held is not None:
            elapsed_ms[held] = 0
        position_px = self.position_px[row, before]
        moved_px = self.position_px[row, after] - position_px
        # Multiplied before it is divided: half a pixel comes out as exactly that.
        span_ms[span_ms <= 0] = 1.0
        return position_px + moved_px * elapsed_ms[..., None] / span_ms[..., None]

    def _up_to(self, t_ms: Float64[np.ndarray, "B ticks"]) -> Int64[np.ndarray, "B ticks"]:
        """Return the number of the last point at or before each time; −1 where there is none."""
        found = np.empty(t_ms.shape, np.int64)
        for row, (own, asked) in enumerate(zip(self.t_ms, t_ms, strict=True)):
            found[row] = own.searchsorted(asked, side="right")
        return found - 1


def ticks_needed(
    duration_ms: Float64[np.ndarray, "B"],
    period_ms: float | Float64[np.ndarray, "B"],
    phase: Float64[np.ndarray, "B"],
) -> Float64[np.ndarray, "B"]:
    """Return how many ticks after its first a clock needs to reach the last point, at least 1.

    Args:
        duration_ms: [B] time from the first point to the last (ms).
        period_ms: Time between two ticks (ms).
        phase: [B] how long before the first point the first tick is, in periods.
    """
    return np.maximum(np.ceil(duration_ms / period_ms + phase), 1)


def padded_to(values: Float64[np.ndarray, "B t *S"], T: int) -> Float64[np.ndarray, "B T *S"]:
    """Return the values with the last repeated up to T."""
    return values[:, np.minimum(np.arange(T), values.shape[1] - 1)]
