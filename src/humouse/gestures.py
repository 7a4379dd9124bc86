"""Cuts recorded points into gestures: single movements from one stop to the next."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, Int64

from humouse.errors import InputError


@dataclass(frozen=True)
class GestureRules:
    """Rules of what counts as a gesture.

    Args:
        gap_ms: A pause longer than this ends the gesture, whether nothing is noted in it or again and
            again the same position.
        min_events: Fewest points of a gesture, after merging.
        max_events: Most points of a gesture, after merging; a longer one is dropped entirely, since a
            part of it would start or end at full speed.
        min_distance_px: Least length of the path; a movement may return to its start.
        cut_at_presses: Whether a button's press or release ends the gesture.
        merge_equal_timestamps: Whether only the last of several points of the same ms is kept.
            Otherwise there are steps of 0 ms.

    Raises:
        InputError: A rule is out of range.
    """

    gap_ms: int = 200
    min_events: int = 13
    max_events: int = 201
    min_distance_px: float = 20.0
    cut_at_presses: bool = True
    merge_equal_timestamps: bool = True

    def __post_init__(self) -> None:
        if self.gap_ms < 1:
            raise InputError(f"gap_ms={self.gap_ms}: must be at least 1")
        if self.min_events < 2:
            raise InputError(f"min_events={self.min_events}: a movement needs at least 2 points")
        if self.max_events < self.min_events:
            raise InputError(f"max_events={self.max_events}: must be at least min_events")
        if not self.min_distance_px >= 0:
            raise InputError(f"min_distance_px={self.min_distance_px}: must be 0 or more")


@dataclass(frozen=True, eq=False)
class Gestures:
    """N gestures, concatenated: S steps in total.

    Args:
        steps: [S, 3] dx (px), dy (px), dt (ms), one gesture after the other.
        lengths: [N] steps of each gesture.
        start: [N, 2] first point (px).
        user: [N] who moved.
        dropped: Number of gestures left out, by the first rule that they broke: "few events",
            "many events" or "short path".
        merged_events: Number of events that were merged into a later one of the same ms.
        still_events: Number of events left out because the mouse stood still for a pause.
        first: [N] number of each gesture's first point, among those that it was cut from.
        left_out: Number of the first point of each gesture left out, and the rule that it broke.
        moving_ms: How long the mouse moved: in these gestures, and in all that were found.
    """

    steps: Float32[np.ndarray, "S 3"]
    lengths: Int64[np.ndarray, "N"]
    start: Float32[np.ndarray, "N 2"]
    user: np.ndarray
    dropped: dict[str, int]
    merged_events: int
    still_events: int
    first: Int64[np.ndarray, "N"]
    left_out: dict[int, str]
    moving_ms: tuple[float, float] = (0.0, 0.0)


def begins(t_ms: np.ndarray, apart: Bool[np.ndarray, "between"], rules: GestureRules) -> np.ndarray:
    """Return [P] whether a gesture begins at a point; the arguments are those of `cut`."""
    pause_ms = np.diff(t_ms)
    return np.r_[True, apart | (pause_ms > rules.gap_ms) | (pause_ms < 0)]


def cut(
    t_ms: np.ndarray,
    position_px: np.ndarray,
    user: np.ndarray,
    apart: Bool[np.ndarray, "between"],
    rules: GestureRules,
) -> Gestures:
    """Return the gestures in a stream of points.

    A gesture also ends at a pause longer than `gap_ms` and where time runs backwards.

    Args:
        t_ms: [P] times (ms).
        position_px: [P, 2] positions (px).
        user: [P] who moved.
        apart: [P − 1] whether a point and the next cannot belong to one gesture.
        rules: What counts as a gesture.
    """
    if not len(t_ms):
        none = np.zeros(0, np.int64)
        return _gestures(t_ms, position_px, user, none, none, rules)
    number = np.flatnonzero(_moving(t_ms, position_px, apart, rules))
    still_events = len(t_ms) - len(number)
    apart = np.r_[False, apart].cumsum()[number]
    t_ms, position_px, user = t_ms[number], position_px[number], user[number]
    first = begins(t_ms, np.diff(apart) != 0, rules)
    events = len(t_ms)
    if rules.merge_equal_timestamps:
        # The last point of a millisecond is kept, wherever the gesture begins within it.
        last = np.r_[first[1:] | (np.diff(t_ms) > 0), True]
        gesture = first.cumsum()[last]
        first = np.r_[True, gesture[1:] != gesture[:-1]]
        t_ms, position_px, user, number = t_ms[last], position_px[last], user[last], number[last]
    found = _gestures(t_ms, position_px, user, number, np.flatnonzero(first), rules)
    return replace(found, merged_events=events - len(t_ms), still_events=still_events)


def last_begin(
    t_ms: np.ndarray,
    position_px: np.ndarray,
    apart: Bool[np.ndarray, "between"],
    rules: GestureRules,
) -> int:
    """Return the last point at which a stream can be parted, as a gesture begins there; 0 if at none.

    The arguments are those of `cut`.
    """
    if not len(t_ms):
        return 0
    number = np.flatnonzero(_moving(t_ms, position_px, apart, rules))
    part = np.r_[False, apart].cumsum()[number]
    return int(number[begins(t_ms[number], np.diff(part) != 0, rules)][-1])


def _moving(
    t_ms: np.ndarray, position_px: np.ndarray, apart: np.ndarray, rules: GestureRules
) -> np.ndarray:
    """Return [P] which points are not a repetition of a position for longer than a pause."""
    arrived = np.r_[True, (np.diff(position_px, axis=0) != 0).any(1) | apart | (np.diff(t_ms) < 0)]
    first = np.flatnonzero(arrived)
    stay_ms = t_ms[np.r_[first[1:] - 1, len(t_ms) - 1]] - t_ms[first]
    return arrived | (np.repeat(stay_ms, np.diff(np.r_[first, len(t_ms)])) <= rules.gap_ms)


def _gestures(
    t_ms: np.ndarray,
    position_px: np.ndarray,
    user: np.ndarray,
    number: np.ndarray,
    first: np.ndarray,
    rules: GestureRules,
) -> Gestures:
    """Return the gestures that begin at the points `first` and satisfy the rules; `number` names points."""
    events = np.diff(np.r_[first, len(t_ms)])
    delta_px = np.diff(position_px, axis=0, prepend=position_px[:1])
    delta_ms = np.diff(t_ms, prepend=t_ms[:1])
    is_step = np.ones(len(t_ms), bool)
    is_step[first] = False
    path_px = np.hypot(delta_px[:, 0], delta_px[:, 1]) * is_step
    path_px = np.add.reduceat(path_px, first) if len(first) else np.zeros(0)

    kept = np.ones(len(first), bool)
    dropped: dict[str, int] = {}
    left_out: dict[int, str] = {}
    for reason, broken in (
        ("few events", events < rules.min_events),
        ("many events", events > rules.max_events),
        ("short path", path_px < rules.min_distance_px),
    ):
        dropped[reason] = int((kept & broken).sum())
        left_out |= dict.fromkeys(number[first[kept & broken]].tolist(), reason)
        kept &= ~broken
    moving = is_step & (delta_px != 0).any(1)
    is_step &= np.repeat(kept, events)
    steps = np.column_stack([delta_px[is_step], delta_ms[is_step]]).astype(np.float32)
    return Gestures(
        steps=steps.reshape(-1, 3),
        lengths=(events[kept] - 1).astype(np.int64),
        start=position_px[first[kept]].astype(np.float32).reshape(-1, 2),
        user=user[first[kept]].astype(str),
        dropped={reason: count for reason, count in dropped.items() if count},
        merged_events=0,
        still_events=0,
        first=number[first[kept]],
        left_out=left_out,
        moving_ms=(float(delta_ms[moving & is_step].sum()), float(delta_ms[moving].sum())),
    )
