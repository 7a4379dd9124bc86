"""One recording in every form that people keep it in: the same events come out."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humouse.data.reading.layout import Layout
from humouse.data.reading.records import read_records
from humouse.data.sources import make_source
from humouse.errors import InputError

ROWS = [(8 * k + 3, 40 * k % 300, 5 * k, "press" if k == 20 else "move") for k in range(40)]
NAMES = ("t", "x", "y", "state")
PLAIN = "\n".join([",".join(NAMES), *(",".join(map(str, row)) for row in ROWS)]) + "\n"
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]


def read(path, **options):
    columns = {"state": "state", **options.pop("columns", {})}
    source = make_source("csv", root=path, columns=columns, **options)
    return source.events(source.files()[0])


def expect(events):
    assert events.table.select("t_ms", "x_px", "y_px", "state").rows() == ROWS
    assert not events.dropped


def lines(separator=",", before="", names=NAMES, end="\n"):
    rows = [separator.join(map(str, row)) for row in ROWS]
    return before + end.join([*([separator.join(names)] if names else []), *rows]) + end


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-be"),
        PLAIN.replace("\n", "\r\n").encode(),
        gzip.compress(PLAIN.encode()),
        gzip.compress(PLAIN.encode("utf-16")),
        lines(";").encode(),
        lines("\t").encode(),
        lines("|").encode(),
        lines(" ").encode(),
        lines(", ").encode(),
        lines(";", before="sep=;\n").encode(),
        lines(before="# made on 3,4,5\n# by ü\n".encode().decode()).encode("latin-1"),
        lines(before="Recorder 3\n\nscreen,1920,1080\n").encode(),
        lines(names=('"t"', '"x"', '"y"', '"state"')).encode(),
        lines(names=("T (ms)", "X [px]", "Y [px]", "State")).encode(),
        json.dumps(RECORDS).encode(),
        json.dumps({"user": "ann", "events": RECORDS}).encode(),
        "\n".join(map(json.dumps, RECORDS)).encode(),
        b"\xef\xbb\xbf" + "\r\n".join(map(json.dumps, RECORDS)).encode("utf-8"),
    ],
)
def test_the_same_events_come_out(tmp_path, content):
    (tmp_path / "u.csv").write_bytes(content)
    expect(read(tmp_path / "u.csv"))


def test_parquet_and_zstd(tmp_path):
    frame = pl.DataFrame(RECORDS)
    frame.write_parquet(tmp_path / "u.parquet")
    expect(read(tmp_path / "u.parquet"))
    frame.lazy().sink_csv(tmp_path / "u.csv.zst", compression="zstd")
    assert (tmp_path / "u.csv.zst").read_bytes()[:4] == b"\x28\xb5\x2f\xfd"
    expect(read(tmp_path / "u.csv.zst"))


def test_decimal_commas(tmp_path):
    text = lines(";").replace("\n", ",0;\n").replace("state,0;", "state")
    rows = [f"{t / 1000:.3f}".replace(".", ",") + f";{x},0;{y};{s}" for t, x, y, s in ROWS]
    text = "\n".join(["t;x;y;state", *rows])
    (tmp_path / "u.csv").write_text(text)
    expect(read(tmp_path / "u.csv", time_unit="s"))


def test_columns_by_number(tmp_path):
    (tmp_path / "u.csv").write_text(lines(names=()))
    with pytest.raises(InputError, match=r"holds no names.*columns\.t=1"):
        read(tmp_path / "u.csv")
    expect(read(tmp_path / "u.csv", columns={"t": "1", "x": "2", "y": "3", "state": "4"}))


@pytest.mark.parametrize("separator", ["tab", "\\t", "\t"])
def test_a_separator_may_be_said_in_words(tmp_path, separator):
    (tmp_path / "u.csv").write_text(lines("\t"))
    expect(read(tmp_path / "u.csv", separator=separator))


@pytest.mark.parametrize(
    "date",
    [
        "2024-03-31T01:59:{:06.3f}+01:00",
        "2024-03-31T00:59:{:06.3f}Z",
        "2024-03-31 01:59:{:06.3f}",
        "31.03.2024 01:59:{:06.3f}",
    ],
)
@pytest.mark.parametrize("comma", [False, True])
def test_dates(tmp_path, date, comma):
    def stamp(t):
        text = date.format(t / 1000)
        return text.replace(".", ",") if comma and "." in text[-11:] and date[2] != "." else text

    rows = [(f'"{stamp(t)}"', *rest) for t, *rest in ROWS]
    (tmp_path / "u.csv").write_text(
        "\n".join([",".join(NAMES), *(",".join(map(str, r)) for r in rows)])
    )
    table = read(tmp_path / "u.csv").table
    assert (table["t_ms"] - table["t_ms"][0]).to_list() == [row[0] - 3 for row in ROWS]


def test_clocks_put_forward_do_not_move_dates_with_a_zone(tmp_path):
    text = "t,x,y\n2024-03-31T01:59:59.990+01:00,1,2\n2024-03-31T03:00:00.000+02:00,3,4\n"
    (tmp_path / "u.csv").write_text(text)
    table = read(tmp_path / "u.csv", columns={"state": None}).table
    assert table["t_ms"].diff().to_list() == [None, 10]


def test_lists_in_cells(tmp_path):
    def cell(column):
        return '"' + ",".join(str(row[column]) for row in ROWS) + '"'

    text = f'kind,ts,px,py\nhello,"","",""\ntrial,{cell(0)},{cell(1)},{cell(2)}\n'
    (tmp_path / "u.csv").write_text(text)
    events = read(tmp_path / "u.csv", columns={"t": "ts", "x": "px", "y": "py", "state": None})
    assert events.table.select("t_ms", "x_px", "y_px").rows() == [row[:3] for row in ROWS]
    assert not events.dropped


def test_a_stray_quote_costs_its_own_row(tmp_path):
    text = PLAIN.replace("t,x,y,state", '"t","x","y","state"')
    rows = text.split("\n")
    rows[5] = rows[5] + '"'
    (tmp_path / "u.csv").write_text("\n".join(rows))
    events = read(tmp_path / "u.csv")
    assert events.dropped == {"damaged row": 1}
    assert events.table.height == 39


@pytest.mark.parametrize(
    "content", [b"{", b"[{]", b"\x1f\x8b\x08 cut", b"PAR1 cut", b"\x00\xff" * 50]
)
def test_what_is_none_of_these_is_an_error_that_names_the_file(tmp_path, content):
    (tmp_path / "u.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"u\.csv: ") as caught:
        read(tmp_path / "u.csv")
    assert "\n" not in str(caught.value)


_NUMBER = st.integers(-(2**40), 2**40) | st.floats(-1e6, 1e6, width=32)
_CELLS = {
    "t": st.none() | _NUMBER,
    "state": st.none() | st.sampled_from(["", "move", "3", "é", "[1, 2]", "a\nb"]),
    "down": st.none() | st.booleans(),
}
_RECORDS = st.fixed_dictionaries({}, optional=_CELLS)
_NESTED = st.fixed_dictionaries({"y": _NUMBER}, optional={**_CELLS, "data": _RECORDS})


@pytest.mark.slow
@given(records=st.lists(_NESTED, min_size=1, max_size=6), damaged=st.booleans())
def test_records_are_read_alike_at_once_and_one_by_one(records: list[dict], damaged: bool):
    """A damaged line has them all read one by one; it costs itself alone."""
    lines = [json.dumps(record) for record in records]
    raw = "\n".join([*lines, *['{"x": '] * damaged]).encode()
    frame, lost = read_records(Path("a.ndjson"), raw, Layout({}))
    alone = [read_records(Path("a.json"), f"[{line}]".encode(), Layout({}))[0] for line in lines]
    assert lost.rows == damaged
    assert {name for one in alone for name in one.columns} <= set(frame.columns)
    for name in frame.columns:
        expected = [one[name][0] if name in one.columns else None for one in alone]
        assert frame[name].to_list() == expected
