"""Selecting columns and rows, saving, and tables that cannot be."""

import numpy as np
import pytest

from humouse.errors import InputError
from humouse.features import FeatureTable

TABLE = FeatureTable(
    np.arange(6, dtype=np.float32).reshape(2, 3),
    ("speed_mean", "speed_max", "path"),
    ("px/s", "px/s", "px"),
    np.array(["ann", "bob"]),
)


def test_selection_keeps_units_and_users():
    part = TABLE.select(("path", "speed_mean"))
    assert part.names == ("path", "speed_mean")
    assert part.units == ("px", "px/s")
    assert part.values.tolist() == [[2, 0], [5, 3]]
    assert part.user.tolist() == ["ann", "bob"]
    assert TABLE["speed_max"].tolist() == [1, 4]


@pytest.mark.parametrize("ask", [lambda: TABLE["spede"], lambda: TABLE.select(["path", "spede"])])
def test_a_missing_column_is_named(ask):
    with pytest.raises(KeyError, match="spede"):
        ask()


def test_rows_keep_their_users():
    part = TABLE.rows(np.array([1, 0, 1]))
    assert part["path"].tolist() == [5, 2, 5]
    assert part.user.tolist() == ["bob", "ann", "bob"]


@pytest.mark.parametrize("user", [TABLE.user, None])
def test_a_table_comes_back_from_its_file(tmp_path, user):
    table = FeatureTable(TABLE.values / 3, TABLE.names, TABLE.units, user)
    table.save(tmp_path / "features.parquet")
    again = FeatureTable.load(tmp_path / "features.parquet")
    assert np.array_equal(again.values, table.values)
    assert (again.names, again.units) == (table.names, table.units)
    assert (again.user is None) if user is None else (again.user == user).all()


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(InputError, match="no such table of features"):
        FeatureTable.load(tmp_path / "gone.parquet")
    (tmp_path / "text.parquet").write_text("no Parquet")
    with pytest.raises(InputError, match=r"text.parquet: not a readable table"):
        FeatureTable.load(tmp_path / "text.parquet")


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ((np.ones((2, 2), np.float32), ("a",), ("px",)), "2 names"),
        ((np.array([[1.0, np.nan]], np.float32), ("a", "b"), ("px", "px")), "feature b"),
        ((np.ones((2, 1), np.float32), ("a",), ("px",), np.array(["ann"])), "2 users"),
    ],
)
def test_tables_that_cannot_be(parts, complaint):
    with pytest.raises(ValueError, match=complaint):
        FeatureTable(*parts)
