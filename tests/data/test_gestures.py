import math
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.data.gestures import cut_gestures, to_trajectories
from humouse.data.sources import EVENT_SCHEMA
from humouse.errors import InputError
from humouse.gestures import GestureRules

LOOSE = GestureRules(min_events=2, min_distance_px=0.0)


def table(rows):
    """Events from rows of (t, x, y, state) or (t, x, y, state, user, run)."""
    full = [(*row, "ann", 0)[:6] if len(row) == 4 else row for row in rows]
    return pl.DataFrame(full, schema=EVENT_SCHEMA, orient="row")


def moves(times, x=None):
    x = range(0, 10 * len(times), 10) if x is None else x
    return [(t, at, 0, "move") for t, at in zip(times, x, strict=True)]


def without_rests(rows, rules):
    """Leave out scrolls and, one event at a time, positions repeated for longer than a pause."""
    kept, stay = [], []

    def leave():
        rested = stay and stay[-1][0] - stay[0][0] > rules.gap_ms
        kept.extend(stay[:1] if rested else stay)
        stay.clear()

    for row in rows:
        if row[3] in ("press", "release"):
            if rules.cut_at_presses:
                leave()
                kept.append(row)
        elif row[3] != "scroll":
            same = stay and row[1:3] == stay[-1][1:3] and row[5] == stay[-1][5]
            if not same or row[0] < stay[-1][0]:
                leave()
            stay.append(row)
    leave()
    return kept


def plain_cut(rows, rules):
    """Cut the same way, one event at a time."""
    gestures, points, run = [], [], None
    for t, x, y, state, user, row_run in without_rests(rows, rules):
        if state in ("press", "release"):
            gestures.append(points)
            points = []
            continue
        if points and (row_run != run or not 0 <= t - points[-1][0] <= rules.gap_ms):
            gestures.append(points)
            points = []
        if points and rules.merge_equal_timestamps and t == points[-1][0]:
            points[-1] = (t, x, y, user)
        else:
            points.append((t, x, y, user))
        run = row_run
    gestures.append(points)
    kept, dropped = [], dict.fromkeys(("few events", "many events", "short path"), 0)
    for points in gestures:
        path = sum(math.dist(a[1:3], b[1:3]) for a, b in pairwise(points))
        if not points:
            continue
        if len(points) < rules.min_events:
            dropped["few events"] += 1
        elif len(points) > rules.max_events:
            dropped["many events"] += 1
        elif path < rules.min_distance_px:
            dropped["short path"] += 1
        else:
            kept.append(points)
    return kept, {reason: count for reason, count in dropped.items() if count}


events = st.lists(
    st.tuples(
        st.sampled_from([-3, 0, 0, 5, 8, 8, 8, 200, 201]),
        st.sampled_from([0, 0, 0, 1, 7, 9]),  # often the same place twice
        st.sampled_from([0, 0, 0, 1, 7, 9]),
        st.sampled_from(["move"] * 8 + ["drag", "press", "release", "scroll"]),
        st.sampled_from([0] * 9 + [1]),
    ),
    max_size=60,
)


@given(
    events,
    st.builds(
        GestureRules,
        min_events=st.integers(2, 4),
        max_events=st.integers(4, 8),
        min_distance_px=st.sampled_from([0.0, 5.0, 10.0]),
        cut_at_presses=st.booleans(),
        merge_equal_timestamps=st.booleans(),
    ),
)
@settings(deadline=None, max_examples=50)
def test_equals_cutting_one_event_at_a_time(steps, rules):
    rows, t, run = [], 100, 0
    for dt, x, y, state, new_run in steps:
        t, run = t + dt, run + new_run
        rows.append((t, x, y, state, f"user{run}", run))
    kept, dropped = plain_cut(rows, rules)
    cut = cut_gestures(table(rows), rules)
    assert cut.lengths.tolist() == [len(points) - 1 for points in kept]
    assert cut.dropped == dropped
    assert cut.user.tolist() == [points[0][3] for points in kept]
    assert cut.start.tolist() == [list(points[0][1:3]) for points in kept]
    expected = [
        [b[1] - a[1], b[2] - a[2], b[0] - a[0]] for points in kept for a, b in pairwise(points)
    ]
    assert cut.steps.tolist() == expected


def test_a_pause_of_exactly_the_gap_does_not_cut_and_one_more_does():
    assert cut_gestures(table(moves([0, 8, 208, 216])), LOOSE).lengths.tolist() == [3]
    assert cut_gestures(table(moves([0, 8, 209, 217])), LOOSE).lengths.tolist() == [1, 1]


def test_a_press_cuts_and_a_scroll_without_position_does_not():
    before, after = moves([0, 8, 16]), moves([32, 40, 48], [30, 40, 50])
    pressed = cut_gestures(table([*before, (24, 20, 0, "press"), *after]), LOOSE)
    scrolled = cut_gestures(table([*before, (24, 0, 0, "scroll"), *after]), LOOSE)
    assert pressed.lengths.tolist() == [2, 2]
    assert scrolled.lengths.tolist() == [5]
    assert scrolled.steps[:, 0].tolist() == [10.0] * 5


def test_points_of_one_millisecond_become_the_last_and_are_counted():
    cut = cut_gestures(table(moves([0, 8, 8, 8, 16], [0, 1, 2, 3, 9])), LOOSE)
    assert cut.steps.tolist() == [[3, 0, 8], [6, 0, 8]]
    assert cut.merged_events == 2


@pytest.mark.parametrize("rows", [[], [(0, 1, 1, "press")], [(0, 1, 1, "move")]])
def test_no_gesture_is_a_batch_of_none(rows):
    cut = cut_gestures(table(rows), GestureRules())
    batch = to_trajectories([cut], "test")
    assert len(batch) == 0
    assert batch.deltas.shape == (0, 0, 3)


def test_parts_join_into_one_padded_batch():
    short = cut_gestures(table(moves([0, 8])), LOOSE)
    long = cut_gestures(table([(t, t, 2 * t, "move", "bob", 0) for t in (1, 2, 4)]), LOOSE)
    batch = to_trajectories([short, long], "test")
    assert batch.user is not None
    assert batch.user.tolist() == ["ann", "bob"]
    assert batch.lengths.tolist() == [1, 2]
    assert batch.deltas.tolist() == [[[10, 0, 8], [0, 0, 0]], [[1, 2, 1], [2, 4, 2]]]
    assert batch.start.tolist() == [[0, 0], [1, 2]]


@pytest.mark.parametrize(
    ("setting", "value"),
    [("gap_ms", 0), ("min_events", 1), ("max_events", 5), ("min_distance_px", float("nan"))],
)
def test_a_rule_that_makes_no_sense_is_named(setting, value):
    with pytest.raises(InputError, match=setting):
        GestureRules(**{setting: value})


def test_times_of_months_stay_exact():
    # Epoch milliseconds do not fit float32: differences must be taken before the conversion.
    start = 1_700_000_000_000
    cut = cut_gestures(table(moves([start, start + 17, start + 33])), LOOSE)
    assert cut.steps[:, 2].tolist() == [17, 16]
    assert cut.steps.dtype == np.float32
    assert torch.is_tensor(to_trajectories([cut], "t").deltas)
