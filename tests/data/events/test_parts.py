"""Long recordings are read in parts: the same events come out as of the whole."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.data.events.event import joined
from humouse.data.events.read import read_events, read_parts
from humouse.data.gestures import cut_gestures, cut_parts
from humouse.data.inspection import inspect
from humouse.data.prepare import prepare
from humouse.data.sources.definitions import definition
from humouse.data.sources.recordings import Recordings
from humouse.errors import InputError
from humouse.gestures import GestureRules

RULES = GestureRules(min_events=5)
KNOWN = definition("csv", {"columns": {"state": "state"}})
STATES = ("move", "drag", "press", "release", "scroll", "keydown", "nonsense", "")
ORDINARY = 60
BLOCK_BYTES = 1200


def rows(seed, n=600, slowest_ms=20):
    """Return rows of a recording with all that happens to rows: (t, x, y, state) as text."""
    rng = np.random.default_rng(seed)
    step_ms = rng.choice([0, 1, 8, slowest_ms, 300], n, p=[0.05, 0.15, 0.4, 0.35, 0.05])
    t = 1000 + step_ms.cumsum()
    at = 500 + (rng.normal(size=(n, 2)) * 4).cumsum(0)
    at[rng.random(n) < 0.03] = 0, 0
    at[rng.random(n) < 0.02] += 5000
    stays = rng.random(n) < 0.1
    at[1:][stays[1:]] = at[:-1][stays[1:]]
    state = np.where(rng.random(n) < 0.85, "move", rng.choice(STATES, n)).astype(object)
    state[:ORDINARY], at[:ORDINARY] = "move", 500 + np.arange(ORDINARY)[:, None] * 3
    order = np.arange(n) + np.where(
        np.arange(n) > ORDINARY, rng.choice([0, 4], n, p=[0.97, 0.03]), 0
    )
    t = t[np.minimum(order, n - 1)]
    if rng.random() < 0.5:  # a clock that was set back
        t[rng.integers(ORDINARY, n) :] -= 900
    cells = [
        [f"{a:g}", f"{x:.0f}", f"{y:.0f}", s] for a, (x, y), s in zip(t, at, state, strict=True)
    ]
    for bad in ("", "nan", "99999", "1,5x", "-"):
        cells[rng.integers(ORDINARY, n)][rng.integers(3)] = bad.replace(",", ".")
    return cells


def csv(cells):
    return "\n".join(["t,x,y,state", *map(",".join, cells)]) + "\n"


def ndjson(cells):
    def value(cell):
        try:
            return json.loads(cell)
        except ValueError:
            return cell

    return "".join(
        json.dumps(dict(zip(("t", "x", "y", "state"), map(value, row), strict=True))) + "\n"
        for row in cells
    )


def written(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("long") / "ann.csv"
    path.write_text(text)
    return path


@given(
    form=st.sampled_from([csv, ndjson]),
    options=st.sampled_from([{}, {"thin_to_hz": 20}, {"polled": True}]),
    seed=st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=15)
def test_parts_are_the_whole(tmp_path_factory, form, options, seed):
    known = replace(KNOWN, **{"thin_to_hz": None, **options})
    path = written(tmp_path_factory, form(rows(seed)))
    whole = read_events(path, known, "ann")
    parts = list(read_parts(path, known, "ann", BLOCK_BYTES * (3 if form is ndjson else 1)))
    assert len(parts) > 3
    found = joined(parts)
    assert found.table.equals(whole.table)
    assert (found.dropped, found.repaired) == (whole.dropped, whole.repaired)
    assert [part.warnings for part in parts[:-1]] == [()] * (len(parts) - 1)


def test_a_clock_that_was_set_back_costs_no_point_of_before(tmp_path):
    """The ticks that are thinned to come once more after that; each of them keeps its own last point."""
    ahead = [f"{4 * k},{3 * k},{k},move" for k in range(200)]
    again = [f"{4 * k + 200},{3 * k + 700},{k},move" for k in range(200)]
    path = tmp_path / "u.csv"
    kept = {}
    for name, body in (("both", [*ahead, *again]), ("ahead", ahead)):
        path.write_text("\n".join(["t,x,y,state", *body]))
        table = read_events(path, replace(KNOWN, thin_to_hz=20), "ann").table
        kept[name] = table.filter(pl.col("x_px") < 600).height
    assert kept["both"] == kept["ahead"] == 16


def test_what_has_to_be_seen_whole_is(tmp_path):
    """A newest row that stands first, several people, moves since the row above."""
    lines = [f"{8 * k},{3 * k % 500},{k % 400},{'ab'[k % 2]}" for k in range(400)]
    moves = [f"{8 * k},{k % 3},{k % 2},a" for k in range(400)]
    path = tmp_path / "u.csv"
    people = definition("csv", {"columns": {"user": "user"}})
    for known, body in (
        (KNOWN, lines[::-1]),
        (people, lines),
        (replace(KNOWN, relative=True), moves),
    ):
        path.write_text("\n".join(["t,x,y,user", *body]))
        known = replace(known, columns={**known.columns, "state": None})
        (part,) = read_parts(path, known, "ann", 500)
        assert part.table.height == 400


def test_a_file_most_of_which_is_faulty_is_refused_at_its_end(tmp_path):
    path = tmp_path / "u.csv"
    good = [f"{8 * k},{3 * k % 500},{k % 400},move" for k in range(200)]
    path.write_text("\n".join(["t,x,y,state", *good, *["x,x,x,move"] * 300]))
    with pytest.raises(InputError, match=r"u\.csv: 60% of its 500 rows cannot be used"):
        list(read_parts(path, KNOWN, "ann", 500))


def test_a_letter_that_is_no_utf8_costs_its_block_alone(tmp_path):
    path = tmp_path / "u.csv"
    known = replace(KNOWN, states={"move": ("bewegt \N{LATIN SMALL LETTER U WITH DIAERESIS}",)})
    lines = [f"{8 * k},{3 * k % 500},{k % 400},bewegt ü\n".encode() for k in range(400)]
    lines[300] = "2400,5,5,bewegt ü\n".encode("latin-1")
    path.write_bytes(b"t,x,y,state\n" + b"".join(lines))
    events = joined(list(read_parts(path, known, "ann", 2000)))
    assert 0 < events.dropped["unknown state"] < 110
    assert events.table.height > 290


@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(0, 500), max_size=6))
@settings(deadline=None, max_examples=30)
def test_gestures_of_parts_are_those_of_the_whole(tmp_path_factory, seed, cuts):
    events = read_events(written(tmp_path_factory, csv(rows(seed))), KNOWN, "ann")
    ends = [0, *sorted(cuts), events.table.height]
    parts = [replace(events, table=events.table[begin:end]) for begin, end in pairwise(ends)]
    found = list(cut_parts(parts, RULES))
    whole = cut_gestures(events.table, RULES)
    assert pl.concat([part.table for part, _ in found]).equals(events.table)
    for name in ("steps", "lengths", "start", "user"):
        joint = np.concatenate([getattr(gestures, name) for _, gestures in found])
        np.testing.assert_array_equal(joint, getattr(whole, name))
    for name in ("merged_events", "still_events"):
        assert sum(getattr(gestures, name) for _, gestures in found) == getattr(whole, name)
    for reason in ("few events", "many events", "short path"):
        counts = [gestures.dropped.get(reason, 0) for _, gestures in found]
        assert sum(counts) == whole.dropped.get(reason, 0)
    moving_ms = np.sum([gestures.moving_ms for _, gestures in found], 0)
    assert moving_ms.tolist() == list(whole.moving_ms)


class InParts(Recordings):
    """Recordings of which little is read at a time."""

    def parts(self, file):
        return read_parts(file.path, self.definition, file.user, BLOCK_BYTES)


def test_what_is_prepared_and_inspected_does_not_depend_on_the_parts(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    for seed, name in enumerate(("ann", "bob", "eve")):
        (folder / f"{name}.csv").write_text(csv(rows(seed, n=2000)))
    known = replace(KNOWN, thin_to_hz=None)
    whole, parts = (
        prepare(kind(known, folder), out_dir=tmp_path / kind.__name__, rules=RULES)
        for kind in (Recordings, InParts)
    )
    assert whole.manifest["counts"]["gestures"] > 100
    for key in ("counts", "moving_ms", "files", "splits"):
        assert parts.manifest[key] == whole.manifest[key]
    lines = [inspect(kind(known, folder), RULES).lines for kind in (Recordings, InParts)]
    told = [[line for line in one if not line.startswith("while")] for one in lines]
    assert told[0] == told[1]
