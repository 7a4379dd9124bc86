"""KH2017's table of trials, on tables written here and on the recordings."""

import csv
import gzip
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.data.events.event import EVENT_SCHEMA
from humouse.data.gestures import cut_gestures
from humouse.data.sources import make_source
from humouse.errors import InputError
from humouse.gestures import GestureRules

HEADER = [
    "subject_nr",
    "count_trial",
    "timestamps_get_response",
    "xpos_get_response",
    "ypos_get_response",
]


def line(*cells) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def trial(subject, t, x, y) -> str:
    return line(subject, 1, t, x, y)


def read(folder, *lines, name="raw_data.csv"):
    content = (line(*HEADER) + "".join(lines)).encode()
    (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    source = make_source("kh2017", root=folder)
    (file,) = source.files()
    return source.events(file)


GOOD = trial(7, [500.0, 510.0], [1, 2], [3, 4])
GOOD_ROWS = [(500, 1, 3, "move", "subject7", 0), (510, 2, 4, "move", "subject7", 0)]


@pytest.mark.parametrize("name", ["raw_data.csv", "raw_data.csv.gz"])
def test_each_trial_is_a_run_that_keeps_its_first_point(tmp_path, name):
    again = trial(7, [520.0, 530.4, 540], [2, 2, -9], [4, 4.0, 4])
    other = trial(10, [541], [-9], [4])
    events = read(tmp_path, GOOD, again, other, name=name)
    assert events.table.schema == EVENT_SCHEMA
    assert events.table.rows() == [
        *GOOD_ROWS,
        (520, 2, 4, "move", "subject7", 1),
        (540, -9, 4, "move", "subject7", 1),
        (541, -9, 4, "move", "subject10", 2),
    ]
    assert events.dropped == {"unmoved": 1}


def test_standing_still_is_a_pause_that_ends_a_gesture(tmp_path):
    x = [*range(0, 60, 4), *[60] * 25, *range(64, 124, 4)]
    t = [10 * i for i in range(len(x))]
    events = read(tmp_path, trial(1, t, x, [0] * len(x)), trial(1, [t[-1] + 10], [124], [0]))
    assert events.dropped == {"unmoved": 24}
    cut = cut_gestures(events.table, GestureRules())
    assert cut.lengths.tolist() == [15, 14]
    assert cut.start.tolist() == [[0, 0], [64, 0]]
    assert (cut.steps[:, 2] == 10).all()


@pytest.mark.parametrize(
    "bad",
    [
        trial(7, [1, 2, 3], [1, 2], [3, 4]),
        trial(7, [1, 2], [1, 2], [3, 4, 5]),
        trial(7, [], [], []),
        trial(7, "", "[1, 2]", "[3, 4]"),
        trial(7, "[1, 2]", "[1, None]", "[3, 4]"),
        trial(7, "[1, 2]", "[1, nan]", "[3, 4]"),
        trial(7, "[1, inf]", "[1, 2]", "[3, 4]"),
        trial(7, "[1, 2]", "[1, 2", "[3, 4]"),
        trial(7, "[[1, 2]]", "[1, 2]", "[3, 4]"),
        trial(7, "1", "2", "3"),
        trial(" ", "[1, 2]", "[1, 2]", "[3, 4]"),
        '7,1,"[1, 2]","[1, 2]"\n',
        '7,1,"[1, 2]","[1, 2]","[3,\n',
        '7,1,"[1, 2],"[1, 2]","[3, 4]"\n',
    ],
)
def test_a_damaged_trial_is_dropped_and_counted_and_its_neighbours_stay(tmp_path, bad):
    after = trial(8, [5], [0], [0])
    events = read(tmp_path, GOOD, bad, after)
    assert events.dropped == {"damaged trial": 1}
    assert events.table.rows() == [*GOOD_ROWS, (5, 0, 0, "move", "subject8", 1)]


def test_a_bad_point_is_dropped_as_in_other_logs(tmp_path):
    events = read(tmp_path, trial(7, [500, 505, 490, 510], [1, 99999, 5, 2], [3, 3, 3, 4]))
    assert (events.dropped, events.repaired) == ({"out of range": 1}, {"sorted": 1})
    assert events.table.rows() == [(490, 5, 3, "move", "subject7", 0), *GOOD_ROWS]


@pytest.mark.parametrize("column", [name for name in HEADER if name != "count_trial"])
def test_a_column_that_is_missing_is_named(tmp_path, column):
    names = [name for name in HEADER if name != column]
    (tmp_path / "raw_data.csv").write_text(line(*names))
    source = make_source("kh2017", root=tmp_path)
    with pytest.raises(InputError, match=rf"raw_data\.csv: no column '{column}'"):
        source.events(source.files()[0])


def test_a_packed_file_that_was_cut_or_is_none_is_named(tmp_path):
    path = tmp_path / "raw_data.csv.gz"
    whole = gzip.compress((line(*HEADER) + GOOD).encode())
    damaged = bytearray(whole)
    damaged[12:20] = bytes(8)
    source = make_source("kh2017", root=tmp_path)
    for content in (whole[:-9], whole[: len(whole) // 2], bytes(damaged)):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"raw_data\.csv\.gz: cannot be read") as caught:
            source.events(source.files()[0])
        assert "\n" not in str(caught.value)


def test_the_file_may_be_named_itself_and_the_packed_one_is_read_once(tmp_path):
    read(tmp_path, GOOD, GOOD, name="raw_data.csv")
    assert len(read(tmp_path, GOOD, name="raw_data.csv.gz").table) == 2
    source = make_source("kh2017", root=tmp_path / "raw_data.csv")
    (file,) = source.files()
    assert (file.name, file.user) == ("raw_data.csv", None)
    assert len(source.events(file).table) == 4


@pytest.mark.parametrize("content", ["", "\n\n", line(*HEADER)])
def test_a_file_without_trials_has_no_events(tmp_path, content):
    (tmp_path / "raw_data.csv").write_text(content)
    source = make_source("kh2017", root=tmp_path)
    events = source.events(source.files()[0])
    assert events.table.schema == EVENT_SCHEMA
    assert (events.table.height, events.dropped) == (0, {})


@pytest.mark.slow
@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=50)
def test_no_bytes_break_the_reader(tmp_path_factory, noise):
    folder = tmp_path_factory.mktemp("noise")
    (folder / "raw_data.csv").write_bytes((line(*HEADER) + GOOD).encode() + noise + b"\n")
    source = make_source("kh2017", root=folder)
    table = source.events(source.files()[0]).table
    assert table.rows()[:2] == GOOD_ROWS
    assert not table.null_count().sum_horizontal().item()


@pytest.mark.realdata
def test_kh2017_recordings(recordings):
    source = make_source("kh2017", root=recordings / "kh2017")
    (file,) = source.files()
    events = source.events(file)
    assert events.table["user"].n_unique() == 40
    assert events.table["run"].n_unique() == 760
    assert events.dropped == {"unmoved": 89_773}
    assert events.table.height + 89_773 == 156_261
    assert events.table["y_px"].abs().max() < 1000
    # People start at the screen's bottom and answer at its top: y falls.
    trials = events.table.group_by("run").agg(rise=pl.col("y_px").first() - pl.col("y_px").last())
    assert (trials["rise"] > 0).all()
    assert len(cut_gestures(events.table, GestureRules()).lengths) == 968
