"""Tables of points from anywhere: what they become, and what is refused."""

import numpy as np
import polars as pl
import pytest

from humouse.errors import InputError
from humouse.gestures import GestureRules
from humouse.trajectories import Trajectories

ALL = GestureRules(min_events=2, min_distance_px=0)


def stream(n: int = 40, user: str = "ada", start_ms: float = 1.7e12) -> dict[str, list]:
    """Return a reach of n points at 125 Hz, a pause of a second, and another."""
    step_ms = np.r_[np.full(n, 8.0), 1000.0, np.full(n - 1, 8.0)]
    return {
        "t": list(start_ms + step_ms.cumsum()),
        "x": list(np.arange(2.0 * n)),
        "y": [5.0] * (2 * n),
        "who": [user] * (2 * n),
    }


def read(points: object, **options: object) -> Trajectories:
    return Trajectories.from_points(points, **{"t": "t", "x": "x", "y": "y", **options})


def test_a_stream_is_cut_at_pauses_and_kept_by_person():
    one, other = stream(), stream(30, "ben")
    mixed = {name: [*one[name], *other[name]] for name in one}
    order = np.argsort(mixed["t"], kind="stable")  # as a server logs them
    mixed = {name: [column[row] for row in order] for name, column in mixed.items()}
    made = read(mixed, user="who")
    assert made.user.tolist() == ["ada", "ada", "ben", "ben"]
    assert made.lengths.tolist() == [39, 39, 29, 29]
    assert set(made.deltas[0, :, 2].tolist()) == {8.0}
    assert read(one).user is None


def test_rules_say_what_counts():
    short = {name: column[:10] for name, column in stream().items()}
    with pytest.raises(InputError, match=r"no gesture is left \(1 few events\)"):
        read(short)
    assert len(read(short, rules=ALL)) == 1
    assert len(read(stream(), rules=GestureRules(gap_ms=2000))) == 1


def test_frames_of_other_libraries_and_units():
    table = stream()
    for frame in (table, pl.DataFrame(table), {name: np.array(c) for name, c in table.items()}):
        assert read(frame).lengths.tolist() == [39, 39]
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    assert read(pandas.DataFrame(table), user="who").lengths.tolist() == [39, 39]


def test_seconds_are_read_as_seconds():
    table = {**stream(), "t": [t / 1000 for t in stream()["t"]]}
    made = read(table, time_unit="s")
    assert set(made.deltas[0, :, 2].tolist()) == {8.0}
    with pytest.raises(InputError, match="time_unit"):
        read(table, rules=ALL)


@pytest.mark.parametrize(
    ("change", "options", "complaint"),
    [
        ({}, {"t": "time"}, "points: no column 'time'; its columns are t, x, y, who. .*t=NAME"),
        ({}, {"time_unit": "min"}, "time_unit='min': choose s, ms, us"),
        ({"x": ["1"] * 79 + ["far"]}, {}, "column 'x', row 79: 'far' is not a finite number"),
        ({"y": [1.0] * 79 + [np.nan]}, {}, "column 'y', row 79: nan is not a finite number"),
        ({"who": ["ada"] * 79 + [None]}, {"user": "who"}, "row 79 names no who; repair"),
        ({"who": ["ada"] * 79 + ["ben"]}, {"movement": "who"}, "movement 'ben' has a single"),
        ({"t": [0.0] * 80}, {"rules": ALL}, "points: no gesture is left"),
    ],
)
def test_faults_are_named(change: dict, options: dict, complaint: str):
    with pytest.raises(InputError, match=complaint):
        read({**stream(), **change}, **options)


def test_what_is_no_table():
    with pytest.raises(InputError, match="points: a list is no table; give a frame"):
        read([1, 2, 3])
    with pytest.raises(InputError, match="points: holds no movement"):
        read({"t": [], "x": [], "y": []})
