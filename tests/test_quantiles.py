"""Quantile maps: the quantiles of a column, and what must not be in them."""

import numpy as np
import pytest

from humouse.quantiles import QuantileMap


def bands(column: np.ndarray) -> QuantileMap:
    return QuantileMap.of_bands(column, knots=257, least_rows=8, tail_share=0.001)


def test_quantiles_are_those_of_the_column_and_invert() -> None:
    column = np.random.default_rng(0).lognormal(size=20_000)
    table = bands(column)
    shares = np.linspace(0.05, 0.95, 19)
    assert table.value(shares) == pytest.approx(np.quantile(column, shares), rel=0.01)
    assert table.level(table.value(shares)) == pytest.approx(shares, abs=1e-6)
    assert np.isfinite(table.normal_score(np.array([-1e9, 1e9]))).all()


def test_a_normal_column_is_its_own_score() -> None:
    column = np.random.default_rng(0).normal(size=50_000)
    inner = np.linspace(-2, 2, 9)
    assert bands(column).normal_score(inner) == pytest.approx(inner, abs=0.05)


@pytest.mark.parametrize("n", [1, 5, 40, 3000])
def test_knots_rise_whatever_the_column(n: int) -> None:
    for column in (
        np.full(n, 3.0),
        np.arange(n) // 7 * 1.0,
        np.random.default_rng(1).normal(size=n),
    ):
        table = bands(column)
        assert (np.diff(table.values) >= 0).all()
        assert (np.diff(table.levels) >= 0).all()
        assert table.value(table.level(column)) == pytest.approx(column, abs=np.ptp(column) + 1e-9)


def test_no_single_value_is_a_knot() -> None:
    column = np.random.default_rng(0).normal(size=400)
    assert np.abs(column[:, None] - bands(column).values).min() > 1e-9


def test_unknown_values_stay_unknown() -> None:
    table = bands(np.arange(100.0))
    assert np.isnan(table.level(np.array([np.nan, 1.0]))).tolist() == [True, False]
    assert np.isnan(table.value(np.array([np.nan, 0.5]))).tolist() == [True, False]
