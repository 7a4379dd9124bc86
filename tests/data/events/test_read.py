"""Delimited logs as they come and as they are broken."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.data.events.event import EVENT_SCHEMA
from humouse.data.events.read import read_events
from humouse.data.sources.definitions import definition
from humouse.errors import InputError

LOG = definition("sapimouse", {})
HEADER = b"client timestamp,button,state,x,y\n"
GOOD = b"10,NoButton,Move,1,2\n"


def read(tmp_path, content, log=LOG):
    path = tmp_path / "session.csv"
    path.write_bytes(content)
    return read_events(path, log, "ann")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"20,NoButton,Move,5", "unreadable"),
        (b"20,NoBut", "unreadable"),
        (b"20,NoButton,Move,\xff5,7", "unreadable"),
        (b"20,NoButton,Mo\xfeve,5,7", "unknown state"),
        (b"20,NoButton,Teleport,5,7", "unknown state"),
        (b"client timestamp,button,state,x,y", "unreadable"),
        (b"20,NoButton,Move,NaN,7", "not finite"),
        (b"inf,NoButton,Move,5,7", "not finite"),
        (b"20,NoButton,Move,65535,7", "out of range"),
        (b"20,NoButton,Move,5,65535", "out of range"),
        (b"20,NoButton,Move,-99999999999999,7", "out of range"),
        (b"1e300,NoButton,Move,5,7", "out of range"),
    ],
)
def test_a_bad_row_is_dropped_and_counted_and_its_neighbours_stay(tmp_path, row, reason):
    events = read(tmp_path, HEADER + GOOD + row + b"\n30,NoButton,Move,3,4\n")
    assert events.dropped == {reason: 1}
    assert events.table.schema == EVENT_SCHEMA
    assert events.table.rows() == [(10, 1, 2, "move", "ann", 0), (30, 3, 4, "move", "ann", 0)]


def test_a_clock_that_was_reset_costs_one_row(tmp_path):
    rows = [b"%d,NoButton,Move,1,2" % t for t in (1000, 1010, 5, 15, 25)]
    events = read(tmp_path, HEADER + b"\n".join(rows))
    assert events.dropped == {"backwards": 1}
    assert events.table["t_ms"].to_list() == [1000, 1010, 15, 25]


@pytest.mark.parametrize("content", [b"", b"\n\n", HEADER, HEADER.strip()])
def test_a_file_without_rows_has_no_events(tmp_path, content):
    events = read(tmp_path, content)
    assert events.table.schema == EVENT_SCHEMA
    assert events.table.height == 0
    assert events.dropped == {}


def test_windows_line_ends_a_byte_order_mark_and_spare_fields_are_read(tmp_path):
    header = b"\xef\xbb\xbf" + HEADER.replace(b"\n", b"\r\n")
    events = read(tmp_path, header + b"10,NoButton,Move,1,2,spare\r\n20,Left,Pressed,3,4\r\n")
    assert events.table["state"].to_list() == ["move", "press"]
    assert events.dropped == {}


@pytest.mark.parametrize(
    "content", [b"time,button,state,x,y\n1,a,Move,1,2\n", b"\x89PNG\r\n\x1a\n\x00\x00\xff", GOOD]
)
def test_a_wrong_column_names_the_file_and_the_column(tmp_path, content):
    with pytest.raises(InputError, match=r"session\.csv: no column 'client timestamp'") as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.csv: cannot be read"):
        read_events(tmp_path / "gone.csv", LOG, "ann")


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=50)
def test_no_bytes_break_the_reader(tmp_path_factory, noise):
    path = tmp_path_factory.mktemp("noise") / "session.csv"
    path.write_bytes(HEADER + GOOD + noise + b"\n" + GOOD)
    table = read_events(path, LOG, "ann").table
    assert table.schema == EVENT_SCHEMA
    assert table.row(0)[:4] == (10, 1, 2, "move") or table.height == 0
    assert not table.null_count().sum_horizontal().item()


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(-9, 200), st.integers(-9, 200)), max_size=30)
)
@settings(deadline=None, max_examples=30)
def test_what_was_written_is_read(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("rows") / "session.csv"
    rows = sorted(rows)
    lines = [f"{t / 1000:.3f},NoButton,Drag,{x},{y}" for t, x, y in rows]
    path.write_text(HEADER.decode() + "\n".join(lines))
    log = definition("balabit", {})
    events = read_events(path, log, "ann")
    assert events.table.rows() == [(t, x, y, "drag", "ann", 0) for t, x, y in rows]
    assert events.dropped == {}
