"""Mutated files: every reader gives a result or one line that says what is wrong, at once."""

import json
import random
import resource
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from examples.limits import at_once
from examples.mutated_files import mutated_parquet, mutated_text
from examples.recordings import FILES, POINTS
from humouse.data.events.event import EVENT_SCHEMA
from humouse.data.gestures import cut_gestures
from humouse.data.inspection import inspect
from humouse.data.movement_file import read_log, read_movements
from humouse.data.prepare import prepare
from humouse.data.sources import make_source
from humouse.errors import InputError
from humouse.gestures import GestureRules
from humouse.point_cells import PointColumns
from humouse.trajectories import Trajectories

_RULES = GestureRules(min_events=5)
_FEW, _MANY = 6, 10_000
_MOST_KB = 300_000
_COLUMNS = PointColumns("t", "x", "y")
_TABLE = pl.DataFrame(POINTS, schema=["t", "x", "y"], orient="row")
_NAMED = _TABLE.with_columns(movement=pl.int_range(pl.len()) // 15, user=pl.lit("ann"))
_TRIALS = _TABLE.group_by(pl.lit(7).alias("subject_nr")).agg(
    timestamps_get_response="t", xpos_get_response="x", ypos_get_response="y"
)
_LISTS = ",".join(f'"{values[0].to_list()}"' for values in _TRIALS.drop("subject_nr"))
_CSV = ("u.csv", _TABLE.write_csv())
_TEXTS = {
    **FILES,
    "csv": _CSV,
    "csv semicolons": ("u.csv", _TABLE.write_csv(separator=";").replace(".", ",")),
    "csv json": ("u.json", json.dumps(_TABLE.to_dicts())),
    "csv ndjson": ("u.ndjson", _TABLE.write_ndjson()),
    "kh2017": ("raw_data.csv", f"{','.join(_TRIALS.columns)}\n" + f"7,{_LISTS}\n" * 6),
}

Make = Callable[[random.Random], tuple[str, bytes]]
Read = Callable[[Path], object]


def text(name: str) -> Make:
    """Return what makes a mutated file of a form."""
    place, content = _TEXTS[name]
    return lambda draw: (place, mutated_text(content, draw))


def any_text(draw: random.Random) -> tuple[str, bytes]:
    return text(draw.choice(list(_TEXTS)))(draw)


def points(draw: random.Random) -> tuple[str, bytes]:
    """Return a mutated table of points with names, of any form."""
    kind = draw.choice(("csv", "json", "ndjson", "parquet"))
    if kind == "parquet":
        return "u.parquet", mutated_parquet(_NAMED, draw)
    whole = {
        "csv": _NAMED.write_csv,
        "json": lambda: json.dumps(_NAMED.to_dicts()),
        "ndjson": _NAMED.write_ndjson,
    }
    return f"u.{kind}", mutated_text(whole[kind](), draw)


def own(draw: random.Random) -> tuple[str, bytes]:
    """Return a mutated file of humouse's own movements."""
    table = pl.DataFrame(
        {
            "user": ["ann", "bob"],
            "start_x_px": [1.0, 2.0],
            "start_y_px": [3.0, 4.0],
            **{name: [[1.0, 2.0, 3.0], [4.0, 5.0]] for name in ("dx_px", "dy_px", "dt_ms")},
        },
        schema_overrides={"start_x_px": pl.Float32, "start_y_px": pl.Float32},
    )
    named = table.with_columns(movement=pl.Series(["a", "b"])) if draw.random() < 0.3 else table
    return "u.parquet", mutated_parquet(named, draw)


def source(name: str, **options: object) -> Read:
    """Return what reads a file by a source's name, and cuts its gestures."""

    def read(path: Path) -> None:
        made = make_source(name, root=path, user_from="file", **options)
        for file in made.files():
            events = made.events(file)
            assert events.table.schema == EVENT_SCHEMA
            assert all(count > 0 for count in events.dropped.values())
            cut_gestures(events.table, _RULES)

    return read


def prepared(path: Path) -> None:
    """Prepare a folder in which the file stands beside two whole ones."""
    for name, step in (("bob", 7), ("eve", 5)):
        others = _TABLE.with_columns(x=pl.col("x") // 9 * step)
        others.write_csv(path.parent / f"{name}.csv")
    made = make_source("csv", root=path.parent, pattern="*.csv", user_from="file")
    prepare(made, out_dir=path.parent.parent / "out", rules=_RULES)


def inspected(path: Path) -> None:
    inspect(make_source("auto", root=path, user_from="file"), _RULES)


def log(path: Path) -> None:
    found = read_log(path, PointColumns("t", "x", "y", "movement", "user"))
    assert len(found.movements) + len(found.left_out)


def stream(path: Path) -> None:
    read_log(path, _COLUMNS)


def samples(path: Path) -> None:
    made = read_movements(path, x="x", y="y")
    assert isinstance(made, Trajectories)
    assert made.deltas.isfinite().all()


READERS: dict[str, tuple[Make, Read]] = {
    **{name: (text(name), source(name.split()[0])) for name in _TEXTS},
    "parquet": (
        lambda draw: ("u.parquet", mutated_parquet(_NAMED, draw)),
        source("csv", columns={"user": "user", "session": "movement"}),
    ),
    "lists in parquet": (
        lambda draw: ("u.parquet", mutated_parquet(_TRIALS, draw)),
        source("kh2017"),
    ),
    "auto": (any_text, source("auto")),
    "data prepare": (text("csv"), prepared),
    "data inspect": (any_text, inspected),
    "detect score": (points, log),
    "detect score, a stream": (points, stream),
    "detect score, own": (own, log),
    "eval samples": (points, samples),
    "eval samples, own": (own, samples),
}


def refusal(reader: str, path: Path) -> str | None:
    """Let a reader read a file; return what it says where it refuses it."""
    try:
        with at_once():
            READERS[reader][1](path)
    except InputError as error:
        return str(error)
    return None


def attack(reader: str, seeds: range, folder: Path) -> int:
    """Let a reader read a mutated file for each seed; return how many gave a result."""
    refused = 0
    for seed in seeds:
        name, content = READERS[reader][0](random.Random(f"{reader} {seed}"))
        path = folder / "in" / Path(name).name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        try:
            said = refusal(reader, path)
        except BaseException as error:
            error.add_note(f"reader {reader!r}, seed {seed}: {path}")
            raise
        if said is not None:
            refused += 1
            assert said.isprintable(), (seed, said)
            assert len(said) < 1200, (seed, said)
            assert str(folder) in said or "people with gestures" in said, (seed, said)
    return len(seeds) - refused


@pytest.mark.parametrize("reader", READERS)
def test_mutated_files(reader: str, tmp_path: Path):
    attack(reader, range(_FEW), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_ten_thousand_mutated_files(reader: str, tmp_path: Path):
    attack(reader, range(_MANY, _MANY + 500), tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    attack(reader, range(_MANY + 500, 2 * _MANY), tmp_path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < _MOST_KB


# What mutated files have shown to be a fault: each of them once more, and by itself.
_DEEP = '{"a":' * 500 + "1" + "}" * 500
_FOUND = {
    "a number that no float holds": (
        "csv json",
        '[{"t":1,"x":2.5,"y":3},{"t":1,"x":1' + "0" * 400 + ',"y":3}]',
    ),
    "half of a pair of signs": ("csv json", '[{"t":"\\ud800","x":2,"y":3}]'),
    "numbers whose sum overflows": (
        "csv",
        "t,x,y\n" + "".join(f"{t},1e308,1\n" for t in range(40)),
    ),
    "nested deeper than records are": (
        "csv json",
        '[{"t":1,"x":2,"y":' + '{"a":' * 500 + "1" + "}" * 501 + "]",
    ),
    "a deep record among rows of two kinds": (
        "browser",
        '{"type":"mousemove","timeStamp":40,"clientX":1,"clientY":3}\n' * 20
        + '{"a":' * 500
        + "1"
        + "}" * 500
        + '\n{"type":"mousedown","timeStamp":400,"clientX":{"a":1},"clientY":1}\n',
    ),
    "brackets in a name": ("csv", "t,x," + "[(" * 15_000 + "\n1,2,3\n"),
    "lists beside single values": ("csv json", '[{"t":[1,2],"x":2,"y":"[1,2]"}]'),
    "a name of two lines": ("csv", 't,x,"y\nz"\n1,2,3\n'),
    "integers of more than 64 bits": (
        "detect score",
        "".join(
            f'{{"t":{2**70 if t == 9 else 40 * t},"x":{9 * t},"y":1,"movement":{2**80},"user":"ann"}}\n'
            for t in range(20)
        ),
    ),
    "a quote that holds nothing, in a column of numbers": (
        "balabit",
        'record timestamp,client timestamp,button,state,x,y\n0,0"112,NoButton,Move,181,"\n',
    ),
    "a cell of five thousand signs": (
        "eval samples",
        f"movement,t,x,y\n1,{'x' * 5000},2,3\n1,9,3,4\n",
    ),
}


@pytest.mark.parametrize("name", _FOUND)
def test_what_was_found(name: str, tmp_path: Path):
    reader, content = _FOUND[name]
    path = tmp_path / "u.csv"
    path.write_text(content)
    said = refusal(reader, path) or "read"
    assert said.isprintable()
    assert len(said) < 400
