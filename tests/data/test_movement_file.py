"""Movements of another library, from files as they come and as they are broken."""

import gzip
import json

import polars as pl
import pytest
import torch

from humouse.data.movement_file import read_log, read_movements
from humouse.errors import InputError
from humouse.point_cells import PointColumns
from humouse.points import MOST_STEPS
from humouse.trajectories import Trajectories

POINTS = {
    "movement": ["b", "b", "b", "a", "a"],
    "t": [1.7e12, 1.7e12 + 8.4, 1.7e12 + 16.0, 5.0, 22.0],
    "x_px": [10.0, 12.4, 20.0, 0.0, -7.0],
    "y_px": [5.0, 5.0, 4.6, 1.0, 1.0],
}


def changed(**columns):
    return pl.DataFrame({**POINTS, **columns})


def written(tmp_path, frame, kind="csv"):
    path = tmp_path / f"library.{kind}"
    (frame.write_csv if kind == "csv" else frame.write_parquet)(path)
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_points_become_movements(tmp_path, kind):
    made = read_movements(written(tmp_path, pl.DataFrame(POINTS), kind))
    assert made.origin == "library"
    assert made.lengths.tolist() == [2, 1]
    assert made.start.tolist() == [[10, 5], [0, 1]]
    assert made.deltas[0].tolist() == [[2, 0, 8], [8, 0, 8]]
    assert made.deltas[1, 0].tolist() == [-7, 0, 17]
    assert made.user is None


def test_columns_and_units_can_be_named(tmp_path):
    frame = pl.DataFrame(
        {"id": [1, 1, 2, 2], "time": [0.0, 0.5, 3.0, 3.25], "x": 0, "y": [0, 9, 0, 9]}
    )
    path = written(tmp_path, frame)
    made = read_movements(
        path, movement="id", t="time", x="x", y="y", time_unit="s", origin="their library"
    )
    assert made.duration_ms.tolist() == [500, 250]
    assert made.origin == "their library"


@pytest.mark.parametrize("kind", ["semicolons", "commas", "gzip", "utf-16", "json", "lines"])
def test_the_table_may_have_any_form(tmp_path, kind):
    text = pl.DataFrame(POINTS).write_csv()
    records = pl.DataFrame(POINTS).to_dicts()
    content = {
        "semicolons": text.replace(",", ";").encode(),
        "commas": text.replace(",", ";").replace(".", ",").encode(),
        "gzip": gzip.compress(text.encode()),
        "utf-16": text.encode("utf-16"),
        "json": json.dumps(records).encode(),
        "lines": "\n".join(map(json.dumps, records)).encode(),
    }[kind]
    (tmp_path / "library").write_bytes(content)
    made = read_movements(tmp_path / "library")
    assert made.lengths.tolist() == [2, 1]
    assert made.deltas[0].tolist() == [[2, 0, 8], [8, 0, 8]]


def test_points_of_movements_may_alternate(tmp_path):
    frame = pl.DataFrame(
        {"movement": [2, 1, 2, 1], "t": [0, 5, 90, 95], "x_px": 0, "y_px": [0, 1, 2, 9]}
    )
    made = read_movements(written(tmp_path, frame))
    assert made.deltas[:, 0].tolist() == [[0, 2, 90], [0, 8, 90]]


def test_our_own_files_are_read_as_they_are(tmp_path):
    steps = torch.arange(90.0).reshape(3, 10, 3)
    own = Trajectories(steps, torch.tensor([10, 0, 4]), torch.ones(3, 2), None, "made up")
    own[[0, 2]].save(tmp_path / "own.parquet")
    made = read_movements(tmp_path / "own.parquet")
    assert torch.equal(made.deltas, own[[0, 2]].deltas)
    assert made.origin == "made up"
    own[:2].save(tmp_path / "own.parquet")
    with pytest.raises(InputError, match="movement 1 has a single point"):
        read_movements(tmp_path / "own.parquet")


def test_a_movement_of_our_own_files_may_lack_its_name(tmp_path):
    """Whether it can be used or not."""
    steps = {name: [[8.0, 9.0], [None, None], [8.0, 9.0]] for name in ("dx_px", "dy_px", "dt_ms")}
    table = pl.DataFrame(
        {
            "user": "ann",
            "start_x_px": 1.0,
            "start_y_px": 2.0,
            **steps,
            "movement": [None, None, "c"],
        }
    )
    table.write_parquet(tmp_path / "own.parquet")
    found = read_log(tmp_path / "own.parquet", PointColumns("t", "x", "y"))
    assert found.movements.places.movement.tolist() == ["", "c"]
    assert found.left_out.select("movement", "row").rows() == [(None, 1)]


@pytest.mark.parametrize(
    ("frame", "complaint"),
    [
        (pl.DataFrame(POINTS).rename({"x_px": "xpx"}), "no column 'x_px'; .* columns.x=xpx"),
        (changed(t=[0.0, 20.0, 10.0, 5.0, 22.0]), "movement 'b' has a time that runs backwards"),
        (
            changed(movement=["b", "b", "b", "b", "a"], t=list(range(5))),
            "movement 'a' has a single",
        ),
        (changed(x_px=[0.0, 1.0, float("nan"), 3.0, 4.0]), "'x_px', row 2: .*not a finite number"),
        (
            changed(y_px=[0.0, float("inf"), 2.0, None, 4.0]),
            "'y_px', row 1: .*, and 1 more rows have faults",
        ),
        (changed(t=["0", "8", "soon", "0", "9"]), "'t', row 2: 'soon' is not a finite number"),
        (changed(movement=["b", "b", "b", None, None]), "row 3 names no movement, and 1 more"),
        (pl.DataFrame(POINTS).clear(), "holds no movement"),
        (changed(t=[0.0, 0.2, 0.5, 0.0, 0.7]), "longest movement takes 0.7 ms; .*time_unit=s"),
        (
            pl.DataFrame({"movement": 1, "t": range(MOST_STEPS + 1), "x_px": 0, "y_px": 0}),
            f"movement '1' has more than {MOST_STEPS} points",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_faults_are_named(tmp_path, frame, complaint, kind):
    path = written(tmp_path, frame, kind)
    with pytest.raises(InputError, match=f"library.{kind}: .*{complaint}"):
        read_movements(path)


def test_files_that_are_none(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_movements(tmp_path / "missing.csv")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(InputError, match="empty"):
        read_movements(tmp_path / "empty.csv")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="not a readable table"):
        read_movements(tmp_path / "broken.parquet")
    with pytest.raises(InputError, match="time_unit='min'"):
        read_movements(written(tmp_path, pl.DataFrame(POINTS)), time_unit="min")
