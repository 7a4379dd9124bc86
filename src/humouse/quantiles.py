"""`QuantileMap`: rising piecewise-linear maps between a column's values and its quantile levels."""

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri


class QuantileMap:
    """A rising map between values and levels: linear between knots, level beyond the outer ones.

    Levels are shares in (0, 1), or any rising function of them, such as normal scores Φ⁻¹(share).

    Args:
        values: [P] knots, ascending.
        levels: [P] the level of each knot, ascending.
        break_ties: Move tied values apart by about 1e-12 before values are looked up, so that a value
            that is tied has one level. Otherwise it gets the level of one of them.
    """

    def __init__(
        self,
        values: Float[np.ndarray, "P"],
        levels: Float[np.ndarray, "P"],
        *,
        break_ties: bool = False,
    ) -> None:
        self.values, self.levels = values, levels
        self._knots = values
        if break_ties:
            step = 1e-12 * (1 + np.abs(values).max())
            self._knots = values + step * np.arange(len(values))

    @classmethod
    def of_bands(
        cls,
        column: Float[np.ndarray, "n"],
        *,
        knots: int,
        least_rows: int,
        tail_share: float,
    ) -> "QuantileMap":
        """Return the map to shares of a column, in which no single row's value is a knot.

        Each knot is the mean over a band of consecutive order statistics, so that what is stored
        belongs to many rows; the outermost two are means over the tails.

        Args:
            column: [n] numbers, n ≥ 1.
            knots: How many at most, the two of the tails included.
            least_rows: Rows that a knot is the mean of, where there are as many.
            tail_share: Share of the rows that a tail's knot is the mean of.
        """
        column = np.sort(column)
        n = len(column)
        bands = np.linspace(0, n, max(1, min(knots - 2, n // least_rows)) + 1).astype(int)
        values = np.add.reduceat(column, bands[:-1]) / np.diff(bands)
        shares = (bands[:-1] + bands[1:]) / 2 / n
        tail = min(n, max(least_rows, int(n * tail_share)))
        shares = np.concatenate([[tail / 2 / n], shares, [1 - tail / 2 / n]])
        values = np.concatenate([[column[:tail].mean()], values, [column[-tail:].mean()]])
        order = np.argsort(shares, kind="stable")
        return cls(np.maximum.accumulate(values[order]), shares[order], break_ties=True)

    def level(self, values: Float[np.ndarray, "*S"]) -> Float[np.ndarray, "*S"]:
        """Return the level of each value; NaN stays NaN."""
        return np.interp(values, self._knots, self.levels)

    def normal_score(self, values: Float[np.ndarray, "*S"]) -> Float[np.ndarray, "*S"]:
        """Return Φ⁻¹ of the level, where levels are shares: the values as if normally distributed."""
        return ndtri(self.level(values))

    def value(self, levels: Float[np.ndarray, "*S"]) -> Float[np.ndarray, "*S"]:
        """Return the value at each level; NaN stays NaN."""
        return np.interp(levels, self.levels, self.values)
