"""Recordings that are not what they are taken for, and the values they must give all the same.

Every test starts from the same hand: 20 movements, read once as they are and once as people write them.
"""

from itertools import pairwise

import numpy as np
import pytest

from humouse.data.gestures import cut_gestures
from humouse.data.sources import make_source
from humouse.errors import InputError
from humouse.gestures import GestureRules

COLUMNS = {"t": "t", "x": "x", "y": "y"}


def hand(n=20, step_ms=8, seed=0):
    """Return rows of t (ms), x, y and state: n movements, each ended by a press and a release."""
    rng = np.random.default_rng(seed)
    rows, t, at = [], 40, np.array([500.0, 400.0])
    for _ in range(n):
        goal = rng.uniform((300, 200), (1800, 1000))
        share = (1 - np.cos(np.linspace(0, np.pi, 60))) / 2
        for place in (at + share[:, None] * (goal - at)).round():
            rows.append((t, int(place[0]), int(place[1]), "move"))
            t += step_ms
        at = goal.round()
        rows += [(t + 90, *rows[-1][1:3], "press"), (t + 180, *rows[-1][1:3], "release")]
        t += 480
    return rows


def write(path, rows, header="t,x,y,state", separator=","):
    lines = [separator.join(map(str, row)) for row in rows]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def read(path, **options):
    columns = {**COLUMNS, "state": "state", **options.pop("columns", {})}
    source = make_source("csv", root=path, columns=columns, **options)
    (file,) = source.files()
    return source.events(file)


def paths_px(events, **rules):
    found = cut_gestures(events.table, GestureRules(**rules))
    ends = found.lengths.cumsum()
    size = np.hypot(found.steps[:, 0], found.steps[:, 1])
    return np.array([size[end - n : end].sum() for end, n in zip(ends, found.lengths, strict=True)])


@pytest.fixture
def truth(tmp_path):
    return paths_px(read(write(tmp_path / "truth.csv", hand())))


def test_the_truth(truth):
    assert len(truth) == 20
    assert 300 < np.median(truth) < 1200


def test_points_where_the_hand_cannot_have_been_are_dropped(tmp_path, truth):
    rows = hand()
    for at in range(30, len(rows), 50):
        rows.insert(at, (rows[at - 1][0] + 1, 0, 0, "move"))
    events = read(write(tmp_path / "u.csv", rows))
    assert events.dropped == {"jump": len(rows) - len(hand())}
    np.testing.assert_allclose(paths_px(events), truth, rtol=1e-6)


def test_a_jump_ends_a_gesture(tmp_path):
    rows = hand(2)
    after = [
        (t, x + 9000, y, state) if k > 30 else (t, x, y, state)
        for k, (t, x, y, state) in enumerate(rows)
    ]
    assert max(paths_px(read(write(tmp_path / "u.csv", after)))) < 5000


def test_moves_taken_for_positions_are_refused_and_added_up(tmp_path, truth):
    rows = hand()
    moves = [(b[0], b[1] - a[1], b[2] - a[2], b[3]) for a, b in pairwise(rows)]
    path = write(tmp_path / "u.csv", moves)
    with pytest.raises(InputError, match=r"moves since the row above; give source\.relative=true"):
        read(path)
    assert paths_px(read(path, relative=True)) == pytest.approx(truth, rel=0.02)


@pytest.mark.parametrize("button", ["Scroll", "Wheel"])
def test_a_turn_of_the_wheel_is_no_press(tmp_path, truth, button):
    rows = []
    for k, (t, x, y, state) in enumerate(hand()):
        rows.append((t, x, y, "Left" if state in ("press", "release") else "NoButton", state))
        if k % 10 == 5:
            rows.append((t + 1, 0, 0, button, "Down"))
    events = read(write(tmp_path / "u.csv", rows, "t,x,y,button,state"))
    assert events.table["state"].to_list().count("scroll") == 124
    np.testing.assert_allclose(paths_px(events), truth)


def test_codes_of_windows_are_known_and_a_state_column_left_out_is_named(tmp_path, truth):
    code = {"move": 512, "press": 513, "release": 514}
    path = write(tmp_path / "u.csv", [(t, x, y, code[s]) for t, x, y, s in hand()], "t,x,y,msg")
    np.testing.assert_allclose(paths_px(read(path, columns={"state": "msg"})), truth)
    unused = read(path, columns={"state": None})
    assert "columns.state=msg" in unused.warnings[0]


def test_unknown_words_are_named_with_the_setting_that_knows_them(tmp_path, truth):
    word = {"move": "Bewegung", "press": "Klick", "release": "los"}
    path = write(tmp_path / "u.csv", [(t, x, y, word[s]) for t, x, y, s in hand()])
    with pytest.raises(InputError, match=r"unknown state.*'Bewegung'.*states\.move=\[Bewegung\]"):
        read(path)
    states = {"move": ["bewegung"], "press": ["Klick"], "release": ["los"]}
    np.testing.assert_allclose(paths_px(read(path, states=states)), truth)


def test_a_few_unknown_words_are_a_warning(tmp_path):
    word = {"move": "move", "press": "Klick", "release": "los"}
    events = read(write(tmp_path / "u.csv", [(t, x, y, word[s]) for t, x, y, s in hand()]))
    assert events.dropped == {"unknown state": 40}
    assert "'Klick', 'los'" in " ".join(events.warnings)


def test_a_column_that_says_whether_a_button_is_down(tmp_path):
    rows = [(8 * k, 3 * k, k, int(20 <= k < 30)) for k in range(60)]
    path = write(tmp_path / "u.csv", rows, "t,x,y,left")
    with pytest.raises(InputError, match="held=true"):
        read(path, columns={"state": "left"})
    states = read(path, columns={"state": "left"}, held=True).table["state"].to_list()
    assert states[19:32] == ["move", "press", *["drag"] * 9, "release", "move"]


@pytest.mark.parametrize(("unit", "per_ms"), [("s", 1e-3), ("us", 1e3), ("ns", 1e6), ("ms", 1.0)])
def test_a_wrong_unit_is_named_and_the_right_one_gives_the_truth(tmp_path, truth, unit, per_ms):
    since_1970 = 1_700_000_000_000
    rows = [(f"{(since_1970 + t) * per_ms:.6f}", x, y, s) for t, x, y, s in hand()]
    path = write(tmp_path / "u.csv", rows)
    for right in (unit, "auto"):
        np.testing.assert_allclose(paths_px(read(path, time_unit=right)), truth)
    for wrong in {"s", "ms", "us", "ns"} - {unit}:
        with pytest.raises(InputError, match=f"time_unit={unit}"):
            read(path, time_unit=wrong)


def test_a_point_a_second_in_ms_is_no_mouse_in_microseconds(tmp_path):
    at = [row[1:] for row in hand()[::15]]
    rows = [(990 * k + k % 7, *place[:2], "move") for k, place in enumerate(at)]
    path = write(tmp_path / "u.csv", rows)
    with pytest.raises(InputError, match=r"px a second from row to row.*source\.time_unit=ms"):
        read(path, time_unit="auto")
    assert any("too few" in warning for warning in read(path, time_unit="ms").warnings)


def test_ten_hours_in_seconds_are_no_ten_hours_of_ms(tmp_path):
    rows = [(f"{12 * k / 1000:.4f}", k % 900, k % 700, "move") for k in range(3000)]
    with pytest.raises(InputError, match="time_unit=s"):
        read(write(tmp_path / "u.csv", rows))


@pytest.mark.parametrize("tick_ms", [100, 1000])
def test_a_clock_too_coarse_is_named(tmp_path, tick_ms):
    rows = [(t // tick_ms * tick_ms, x, y, s) for t, x, y, s in hand()]
    with pytest.raises(InputError, match=r"resistFingerprinting"):
        read(write(tmp_path / "u.csv", rows))


def test_bursts_of_one_frame_are_no_mistaken_unit(tmp_path):
    rows = [(16 * k + 0.03 * i, 12 * k + 3 * i, k, "move") for k in range(30) for i in range(4)]
    assert len(paths_px(read(write(tmp_path / "u.csv", rows)))) == 1


def test_the_time_since_the_row_above(tmp_path, truth):
    rows = hand()
    steps = [(b[0] - a[0], *b[1:]) for a, b in zip([(0,), *rows], rows, strict=False)]
    path = write(tmp_path / "u.csv", steps)
    with pytest.raises(InputError, match="intervals=true"):
        read(path)
    np.testing.assert_allclose(paths_px(read(path, intervals=True)), truth)


def test_fractions_of_a_device_pixel_ratio_are_named_and_scaled(tmp_path, truth):
    rows = [(t, x / 1.25, y / 1.25, s) for t, x, y, s in hand()]
    path = write(tmp_path / "u.csv", rows)
    assert "scale_px=1.25" in " ".join(read(path).warnings)
    scaled = read(path, scale_px=1.25)
    assert not scaled.warnings
    np.testing.assert_allclose(paths_px(scaled), truth)


def test_shares_of_a_screen_are_refused_and_scaled(tmp_path, truth):
    path = write(tmp_path / "u.csv", [(t, x / 1920, y / 1080, s) for t, x, y, s in hand()])
    with pytest.raises(InputError, match=r"span 0\.\d+ × 0\.\d+ px.*scale_px="):
        read(path)
    np.testing.assert_allclose(paths_px(read(path, scale_px=1920, scale_y_px=1080)), truth)


def test_y_that_grows_upwards_from_the_centre(tmp_path):
    rows = hand()
    path = write(tmp_path / "u.csv", [(t, x - 960, 540 - y, s) for t, x, y, s in rows])
    assert "y_up=true" in " ".join(read(path).warnings)
    turned = read(path, y_up=True, origin_px=(960, 540))
    assert not turned.warnings
    assert turned.table["y_px"].to_list() == [row[2] for row in rows]
    assert turned.table["x_px"].to_list() == [row[1] for row in rows]


def test_the_newest_row_first(tmp_path, truth):
    events = read(write(tmp_path / "u.csv", hand()[::-1]))
    assert events.repaired == {"newest first": len(hand())}
    np.testing.assert_allclose(paths_px(events), truth)


def test_neighbours_out_of_order_are_sorted_and_a_reset_is_not(tmp_path, truth):
    rows = hand()
    for at in range(1, len(rows) - 1, 3):
        rows[at], rows[at + 1] = rows[at + 1], rows[at]
    events = read(write(tmp_path / "u.csv", rows))
    assert (events.dropped, events.repaired) == ({}, {"sorted": 413})
    np.testing.assert_allclose(paths_px(events), truth)
    reset = [*hand(3), *hand(3, seed=1)]
    assert read(write(tmp_path / "u.csv", reset)).dropped == {"backwards": 1}


def test_a_thousand_points_a_second_are_thinned(tmp_path):
    rows = [(t, x, y, s) for t, x, y, s in hand(step_ms=1)]
    events = read(write(tmp_path / "u.csv", rows))
    assert events.dropped["thinned"] > 900
    assert "thin_to_hz=null" in " ".join(events.warnings)
    points = events.table.filter(events.table["state"] == "move")
    assert np.median(np.diff(points["t_ms"])) == 8
    assert "thinned" not in read(tmp_path / "u.csv", thin_to_hz=None).dropped


def test_a_slow_recorder_is_named(tmp_path):
    events = read(write(tmp_path / "u.csv", hand(step_ms=100)))
    assert "about 10 points a second" in " ".join(events.warnings)


def test_standing_still_for_a_pause_ends_a_gesture(tmp_path):
    rows, t = [], 0
    for side in (0, 600):
        rows += [(t + 10 * k, side + 20 * k, 5 * k, "move") for k in range(25)]
        rows += [(t + 250 + 10 * k, side + 480, 120, "move") for k in range(60)]
        t += 850
    events = read(write(tmp_path / "u.csv", rows))
    found = cut_gestures(events.table, GestureRules(min_events=5))
    assert found.lengths.tolist() == [24, 24]
    assert found.still_events == 120


def test_more_than_half_of_a_file_dropped_is_an_error_and_a_tenth_a_warning(tmp_path):
    rows = hand()
    holes = [("", *row[1:]) if k % 5 == 0 else row for k, row in enumerate(rows)]
    assert "20% of its rows were dropped (248 unreadable)" in " ".join(
        read(write(tmp_path / "u.csv", holes)).warnings
    )
    holes = [("", *row[1:]) if k % 3 else row for k, row in enumerate(rows)]
    with pytest.raises(InputError, match=r"u\.csv: 67% of its 1,240 rows cannot be used"):
        read(write(tmp_path / "u.csv", holes))


def test_two_mice_in_one_file_are_named(tmp_path):
    other = [(t + 3, *row) for t, *row in hand(seed=1)]
    rows = sorted([*hand(), *other])
    with pytest.raises(
        InputError, match=r"\(2,007 jump\); jumps are most likely two mice or two rec"
    ):
        read(write(tmp_path / "log.csv", rows))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            lambda t, x, y: (f"5/1/2024 1:00:{t / 1000:06.3f} PM", x, y),
            "t says '5/1/2024 1:00:00.040",
        ),
        (lambda t, x, y: (t, f"{x}%", y), "x says '500%'"),
        (lambda t, x, y: (t, x, f'"{y},0,0"'), "y says '400,0,0'"),
    ],
)
def test_the_first_cell_that_is_no_number_is_shown(tmp_path, written, said):
    rows = [(*written(*row[:3]), row[3]) for row in hand()]
    with pytest.raises(InputError, match="the first that is no number: ") as error:
        read(write(tmp_path / "log.csv", rows))
    assert said in str(error.value)


def test_y_that_is_negative_throughout_is_named(tmp_path, truth):
    rows = [(t, x, -y, state) for t, x, y, state in hand()]
    path = write(tmp_path / "log.csv", rows)
    (warning,) = read(path).warnings
    assert "its y are all negative" in warning
    assert "y_up=true" in warning
    for y_up in (True, False):
        events = read(path, y_up=y_up)
        assert events.warnings == ()
        assert paths_px(events) == pytest.approx(truth)
    assert read(path, y_up=True).table["y_px"].min() > 0
