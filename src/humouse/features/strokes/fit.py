"""Decomposes movements into strokes: greedily one more at a time, refining all of them after each.

1. From a dictionary of straight strokes of several widths at many times, the one that explains most of
   the residual velocity is added (matching pursuit; it takes the place of the characteristic points of
   speed peaks in the Robust XZERO extractor, O'Reilly & Plamondon 2009,
   doi:10.1016/j.patcog.2008.10.017, and needs no smoothing of stair-like recordings).
2. All strokes so far are refined together by damped least squares (Levenberg–Marquardt).
3. This repeats until the fit is as good as the recording, or the next stroke is not worth its six
   parameters by Akaike's criterion n ln Σ|v − v̂|² + 2·6·K (n numbers recorded). Without the criterion
   every movement could be fitted, by meaningless strokes.

Each row has its own damping and stopping, and shares a batch only with rows of the same padded length,
so a movement's decomposition does not depend on the other movements.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.features.motion import Motion
from humouse.features.strokes.curve import FitTarget, as_strokes, displacements
from humouse.features.strokes.model import STRAIGHT_RAD, Strokes, normal_cdf
from humouse.features.strokes.refine import refine

MAX_STROKES = 10
GOOD_ENOUGH_DB = 30.0
"""Rounding to whole pixels alone leaves a typical gesture of 20 px a step about 33 dB."""

_ROWS_AT_A_TIME = 512
_DICTIONARY_AT_A_TIME = 2**23
_PAD_TO = 16
_PARAMETERS_PER_STROKE = 6

_WIDTHS_S = (0.015, 0.03, 0.06, 0.12, 0.24)
_SKEW = 0.3
_MOST_TIMES = 128
_NEGLIGIBLE = 1e-3

# Enough to see whether the stroke is worth it; the strokes that stay are refined to the end.
_ITERATIONS, _LEAST_GAIN = 10, 1e-2
_POLISH_ITERATIONS, _POLISH_LEAST_GAIN = 10, 2e-3


def fit_strokes(
    motion: Motion, max_strokes: int = MAX_STROKES, good_enough_db: float = GOOD_ENOUGH_DB
) -> Strokes:
    """Return the strokes that each movement is made of.

    A movement without motion has none; any other has at least one.

    Args:
        motion: B movements.
        max_strokes: Most strokes of one movement, at least 1.
        good_enough_db: No stroke is added to a fit whose SNR is at least this (dB).

    Raises:
        ValueError: `max_strokes` is below 1.
    """
    if max_strokes < 1:
        raise ValueError(f"max_strokes={max_strokes}: must be at least 1")
    with _one_thread():
        return _fit_all(FitTarget.of(motion), max_strokes, good_enough_db)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep torch to one thread: in thousands of small sums, more spend their time on waiting.

    On a busy machine two took ten times as long as one. threadpoolctl does not reach the threads of
    MKL, which torch carries within it, once torch's own number has been set.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fit_all(target: FitTarget, max_strokes: int, good_enough_db: float) -> Strokes:
    found = target.scale.new_zeros(len(target.scale), 6, max_strokes)
    number = torch.zeros_like(target.count)
    loss = torch.ones_like(target.scale)
    # The number of points, one more than of steps, is a multiple of _PAD_TO.
    padded = (target.count // _PAD_TO + 1) * _PAD_TO - 1
    moving = target.scale > 0
    for steps in padded[moving].unique().tolist():
        alike = (moving & (padded == steps)).nonzero()[:, 0]
        for rows in alike.split(_rows_at_a_time(steps)):
            part = target[rows].of_length(steps)
            found[rows], number[rows], loss[rows] = _fit(part, max_strokes, good_enough_db)
    snr_db = torch.where(moving, -10 * loss.log10(), 0.0)
    return as_strokes(found, number, target.scale, snr_db)


def _rows_at_a_time(steps: int) -> int:
    """Return how many rows of this many steps to process at once, which bounds the dictionary's memory."""
    entries = len(_WIDTHS_S) * -(-steps // _stride(steps)) * steps
    return max(1, min(_ROWS_AT_A_TIME, _DICTIONARY_AT_A_TIME // entries))


def _stride(steps: int) -> int:
    """Return how many steps lie between the times of the dictionary; always 2 for short rows."""
    return max(2, -(-steps // _MOST_TIMES))


def _fit(
    target: FitTarget, max_strokes: int, good_enough_db: float
) -> tuple[Float[Tensor, "B 6 K"], Int[Tensor, "B"], Float[Tensor, "B"]]:
    """Return parameters [B, 6, max_strokes], how many strokes [B], and the loss [B]."""
    found = target.scale.new_zeros(len(target.scale), 6, max_strokes)
    loss = torch.ones_like(target.scale)
    number = torch.zeros_like(target.count)
    worth = torch.exp(-2 * _PARAMETERS_PER_STROKE / (2.0 * target.count))
    most = (2 * target.count // _PARAMETERS_PER_STROKE).clamp(1, max_strokes)
    dictionary = _Dictionary.of(target)
    rows = torch.arange(len(loss), device=loss.device)
    for k in range(1, max_strokes + 1):
        here = target[rows]
        before = found[rows, :, : k - 1]
        rest = here.steps - displacements(before, here)
        trial = torch.cat([before, here.clamp(dictionary.best(rows, rest))], 2)
        refined, left = refine(trial, here, _ITERATIONS, _LEAST_GAIN)
        better = (left <= loss[rows] * worth[rows]) | (k == 1)
        rows, refined, left = rows[better], refined[better], left[better]
        found[rows, :, :k], number[rows], loss[rows] = refined, k, left
        rows = rows[(left > 10 ** (-good_enough_db / 10)) & (most[rows] > k)]
        if len(rows) == 0:
            break
    for k in number.unique().tolist():
        rows = (number == k).nonzero()[:, 0]
        refined, left = refine(
            found[rows, :, :k], target[rows], _POLISH_ITERATIONS, _POLISH_LEAST_GAIN
        )
        found[rows, :, :k], loss[rows] = refined, left
    return found, number, loss


@dataclass(frozen=True, eq=False)
class _Dictionary:
    """Straight strokes of length 1, as displacements in the steps of each row; A = times × widths.

    Args:
        shape: [B, A, T] their displacements over `size`; float32 is enough to find the best one.
        size: [B, A] the norm of their displacements.
        median_s: [B, times] time at which half of a stroke is done.
    """

    shape: Float[Tensor, "B A T"]
    size: Float[Tensor, "B A"]
    median_s: Float[Tensor, "B times"]

    @classmethod
    def of(cls, target: FitTarget) -> "_Dictionary":
        middle = (target.time_s[:, 1:] + target.time_s[:, :-1]) / 2
        median = middle[:, :: _stride(middle.shape[1])]
        width = middle.new_tensor(_WIDTHS_S).float()
        # Strokes are over long before; float32 would overflow in a pause of a year.
        since = (target.time_s[:, None] - median[..., None]).clamp(-1e6, 1e6).float()
        far = since[:, :, None] / width[:, None]
        done = normal_cdf((1 + _SKEW * far).clamp(min=1e-12).log() / _SKEW)
        shape = done.diff(dim=3).flatten(1, 2) * target.weight.float()[:, None]
        size = shape.norm(dim=2)
        # Strokes that fall almost entirely outside would be chosen for their noise.
        least = (_NEGLIGIBLE * size.amax(1, keepdim=True)).clamp(min=1e-30)
        size = size.maximum(least)
        return cls(shape / size[..., None], size, median)

    def best(self, rows: Int[Tensor, "R"], rest: Float[Tensor, "R 2 T"]) -> Float[Tensor, "R 6 1"]:
        """Return the parameters of the stroke that explains most of the residual of each row."""
        fit = self.shape[rows] @ rest.float().transpose(1, 2)  # (R, A, 2)
        at = fit.square().sum(2).argmax(1, keepdim=True)
        x, y = fit.gather(1, at[..., None].expand(-1, -1, 2)).double().unbind(2)
        size = self.size[rows].gather(1, at).double()
        width = rest.new_tensor(_WIDTHS_S)[at % len(_WIDTHS_S)]
        whole = torch.ones_like(x)
        columns = (
            ((x * x + y * y).sqrt() / size).clamp(min=1e-300).log(),
            self.median_s[rows].gather(1, at // len(_WIDTHS_S)),
            width.log(),
            _SKEW * whole,
            torch.atan2(y, x),
            STRAIGHT_RAD * whole,
        )
        return torch.stack(columns, 1)
