"""Targets of scripted movements: start, goal and clock, drawn jointly from recorded gestures."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.codec import TARGET_CONDITIONS
from humouse.errors import InputError
from humouse.points import MOST_STEPS
from humouse.trajectories import Trajectories


@dataclass(frozen=True, eq=False)
class Target:
    """Start, goal and timing of B movements.

    Args:
        start_px: [B, 2] the first point, whole px.
        goal_px: [B, 2] vector from the first point to the last, whole px.
        times_ms: [B, T] time from the first point to the end of each step, whole ms; past the last
            step its time is repeated.
        lengths: [B] number of steps, 1 to T.
    """

    start_px: Float[Tensor, "B 2"]
    goal_px: Float[Tensor, "B 2"]
    times_ms: Float[Tensor, "B T"]
    lengths: Int[Tensor, "B"]

    @property
    def share(self) -> Float[Tensor, "B T"]:
        """[B, T] elapsed share of the duration at the end of each step; 1 from the last on."""
        return _share(self.times_ms, self.lengths)

    def from_chord(self, place: Float[Tensor, "B P 2"]) -> Float[Tensor, "B P 2"]:
        """Return [B, P, 2] in px: points given along and beside the chord, as shares of its length."""
        along, beside = place.unbind(-1)
        goal_px = self.goal_px[:, None]
        normal_px = torch.stack([-goal_px[..., 1], goal_px[..., 0]], -1)
        return along[..., None] * goal_px + beside[..., None] * normal_px


class TargetSampler:
    """Draws targets from recorded people: goal, duration, start and clock of one gesture each.

    Args:
        people: Recorded movements; those of less than 2 steps, without duration or without a net
            displacement of a pixel are left out.
        tick_ms: A constant time between steps, or None for the recorded times.

    Attributes:
        recording: [N] index among `people` of the recording that each target comes from.

    Raises:
        InputError: No movement is left.
    """

    def __init__(self, people: Trajectories, *, tick_ms: float | None) -> None:
        people = people.to("cpu")
        goal_px = people.net_px.round()
        # Times are rounded, not steps: the duration stays within half a millisecond.
        times_ms = people.times_ms()[:, 1:].round()
        total_ms = times_ms.amax(1) if times_ms.shape[1] else people.duration_ms
        kept = (people.lengths >= 2) & (total_ms >= 1) & goal_px.ne(0).any(1)
        if not bool(kept.any()):
            raise InputError(
                f"people ({people.origin}): none of {len(people)} movements has two steps, a "
                "duration and a displacement; give recorded gestures"
            )
        self.tick_ms = tick_ms
        self.recording = kept.nonzero()[:, 0]
        self._lengths = people.lengths[kept]
        self._times_ms = times_ms[kept][:, : int(self._lengths.max())]
        self._total_ms = total_ms[kept]
        self._goal_px = goal_px[kept]
        self._start_px = people.start[kept].round()
        self._path_px = people.path_px[kept]

    def __len__(self) -> int:
        return len(self._lengths)

    def draw(
        self, rows: Int[Tensor, "B"], cond: Float[Tensor, "B 4"] | None, seq_len: int | None
    ) -> Target:
        """Return the targets of the recordings `rows`, changed to what is requested.

        A goal replaces the drawn one. A path length without a goal scales the drawn goal by the ratio
        of that length to the recording's own. A duration cuts the recorded times or repeats them; with
        a constant tick it is met to half a tick. `seq_len` cuts or repeats them to that number of
        steps; where a duration is given as well, the clock is stretched to it.

        Args:
            rows: [B] indices of targets.
            cond: [B, 4] all of TARGET_CONDITIONS, NaN where not given; None for none.
            seq_len: Steps of each; None for as many as the duration needs.

        Raises:
            InputError: A duration needs more than `MOST_STEPS` steps.
        """
        goal_px = self._goal_px[rows]
        wanted_ms = None
        if cond is not None:
            wanted_ms = None if bool(cond[:, 2].isnan().all()) else cond[:, 2]
            scale = (cond[:, 3] / self._path_px[rows]).nan_to_num(1.0)
            given = ~cond[:, :2].isnan()
            goal_px = torch.where(given, cond[:, :2], goal_px * scale[:, None]).round()
        if seq_len is not None:
            times_ms, lengths = self._steps(rows, seq_len, wanted_ms)
        elif self.tick_ms is not None:
            times_ms, lengths = self._ticks(rows, self.tick_ms, wanted_ms)
        elif wanted_ms is not None:
            times_ms, lengths = self._until(rows, wanted_ms)
        else:
            lengths = self._lengths[rows]
            times_ms = self._times_ms[rows, : int(lengths.max())]
        return Target(self._start_px[rows], goal_px, times_ms, lengths)

    def _steps(
        self, rows: Int[Tensor, "B"], seq_len: int, wanted_ms: Float[Tensor, "B"] | None
    ) -> tuple[Float[Tensor, "B T"], Int[Tensor, "B"]]:
        """Return times (ms) and lengths of `seq_len` steps each."""
        times_ms = self._clock(rows, seq_len)
        lengths = torch.full_like(rows, seq_len)
        if wanted_ms is not None:
            stretched = (_share(times_ms, lengths) * wanted_ms[:, None]).round()
            times_ms = torch.where(wanted_ms[:, None].isnan(), times_ms, stretched)
        return times_ms, lengths

    def _ticks(
        self, rows: Int[Tensor, "B"], tick_ms: float, wanted_ms: Float[Tensor, "B"] | None
    ) -> tuple[Float[Tensor, "B T"], Int[Tensor, "B"]]:
        """Return times (ms) and lengths of constant ticks until the duration is over."""
        total_ms = self._total_ms[rows]
        if wanted_ms is not None:
            total_ms = torch.where(wanted_ms.isnan(), total_ms, wanted_ms)
        _check_length(total_ms / tick_ms, total_ms)
        lengths = (total_ms / tick_ms).round().long().clamp(min=1)
        times_ms = self._clock(rows, int(lengths.max()))
        return times_ms.minimum((tick_ms * lengths).round()[:, None]), lengths

    def _until(
        self, rows: Int[Tensor, "B"], wanted_ms: Float[Tensor, "B"]
    ) -> tuple[Float[Tensor, "B T"], Int[Tensor, "B"]]:
        """Return recorded times (ms) and lengths, cut or repeated to the duration where given."""
        drawn_ms, drawn = self._total_ms[rows], self._lengths[rows]
        given = ~wanted_ms.isnan()
        until_ms = torch.where(given, wanted_ms.round().clamp(min=1), drawn_ms)
        most = (until_ms / drawn_ms).ceil() * drawn
        _check_length(most, until_ms)
        times_ms = self._clock(rows, int(most.max())).minimum(until_ms[:, None])
        lengths = torch.where(given, (times_ms < until_ms[:, None]).sum(1) + 1, drawn)
        return times_ms[:, : int(lengths.max())], lengths

    def _clock(self, rows: Int[Tensor, "B"], T: int) -> Float[Tensor, "B T"]:
        """Return [B, T] times of T steps (ms): ticks, or the recorded times, repeated."""
        steps = torch.arange(T)
        if self.tick_ms is not None:
            return (self.tick_ms * (steps + 1)).round().float().expand(len(rows), T)
        lengths = self._lengths[rows][:, None]
        repeats_ms = (
            torch.div(steps, lengths, rounding_mode="floor") * self._total_ms[rows][:, None]
        )
        return self._times_ms[rows].gather(1, steps % lengths) + repeats_ms


def conditions(cond: Float[Tensor, "*n K"], n: int) -> Float[Tensor, "n 4"]:
    """Return [n, 4] all of TARGET_CONDITIONS, NaN where `cond` does not give them."""
    full = torch.full((n, len(TARGET_CONDITIONS)), torch.nan)
    full[:, : cond.shape[-1]] = cond.float().cpu()
    return full


def _share(times_ms: Float[Tensor, "B T"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B T"]:
    last_ms = times_ms.gather(1, lengths[:, None] - 1)
    share = times_ms.minimum(last_ms) / last_ms.clamp(min=1)
    if bool((last_ms > 0).all()):
        return share
    # Where no time passes, steps are counted instead.
    steps = torch.arange(1, times_ms.shape[1] + 1) / lengths[:, None]
    return torch.where(last_ms > 0, share, steps.clamp(max=1))


def _check_length(steps: Tensor, wanted_ms: Tensor) -> None:
    if bool((steps > MOST_STEPS).any()):
        worst = int(steps.argmax())
        raise InputError(
            f"cond: duration_ms {float(wanted_ms[worst]):g} takes more than {MOST_STEPS} steps; "
            "give milliseconds, or seq_len"
        )
