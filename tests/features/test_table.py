"""Selecting and joining columns, and tables that cannot be."""

import numpy as np
import pytest
import torch

from humouse.features import FeatureTable

TABLE = FeatureTable(
    torch.arange(6.0).reshape(2, 3),
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
    assert TABLE.with_prefix("speed").names == ("speed_mean", "speed_max")
    assert TABLE.with_prefix("none").values.shape == (2, 0)


@pytest.mark.parametrize("ask", [lambda: TABLE["spede"], lambda: TABLE.select(["path", "spede"])])
def test_a_missing_column_is_named(ask):
    with pytest.raises(KeyError, match="spede"):
        ask()


def test_columns_join():
    other = FeatureTable(torch.ones(2, 1), ("jerk",), ("px/s³",))
    both = TABLE.beside(other)
    assert both.names == (*TABLE.names, "jerk")
    assert both["jerk"].tolist() == [1, 1]
    assert both.user.tolist() == ["ann", "bob"]
    with pytest.raises(ValueError, match="same name"):
        TABLE.beside(TABLE)
    with pytest.raises(ValueError, match="1 rows"):
        TABLE.beside(FeatureTable(torch.ones(1, 1), ("jerk",), ("px/s³",)))


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ((torch.ones(2, 2), ("a",), ("px",)), "2 names"),
        ((torch.tensor([[1.0, torch.nan]]), ("a", "b"), ("px", "px")), "feature b"),
        ((torch.ones(2, 1), ("a",), ("px",), np.array(["ann"])), "2 users"),
    ],
)
def test_tables_that_cannot_be(parts, complaint):
    with pytest.raises(ValueError, match=complaint):
        FeatureTable(*parts)
