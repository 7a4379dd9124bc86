"""Normal scores of a column, through a table of its quantiles that holds no single row's number."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from scipy.special import ndtri
from torch import Tensor

_POINTS = 257
_TAIL_SHARE = 0.001
_LEAST_ROWS = 8  # that a point of the table is the mean of, where there are as many


class QuantileTable:
    """A monotone map between a column's values and shares in (0, 1).

    Each point is the mean over a band of consecutive order statistics, so that what is stored
    belongs to a crowd. Between points the map is linear; beyond the last ones it is flat.

    Args:
        shares: [P] ascending, in (0, 1).
        values: [P] ascending.
    """

    def __init__(self, shares: Float[np.ndarray, "P"], values: Float[np.ndarray, "P"]) -> None:
        self.shares, self.values = shares, values
        # np.interp needs strictly rising abscissas, and a column may hold one value only.
        step = 1e-12 * (1 + np.abs(values).max())
        self._rising = values + step * np.arange(len(values))

    @classmethod
    def fit(cls, column: Float[np.ndarray, "n"]) -> "QuantileTable":
        """Return the table of a column of numbers."""
        column = np.sort(column)
        n = len(column)
        bands = np.linspace(0, n, max(1, min(_POINTS - 2, n // _LEAST_ROWS)) + 1).astype(int)
        values = np.add.reduceat(column, bands[:-1]) / np.diff(bands)
        shares = (bands[:-1] + bands[1:]) / 2 / n
        tail = min(n, max(_LEAST_ROWS, int(n * _TAIL_SHARE)))
        shares = np.concatenate([[tail / 2 / n], shares, [1 - tail / 2 / n]])
        values = np.concatenate([[column[:tail].mean()], values, [column[-tail:].mean()]])
        order = np.argsort(shares, kind="stable")
        return cls(shares[order], np.maximum.accumulate(values[order]))

    def share(self, values: Float[np.ndarray, "*S"]) -> Float[np.ndarray, "*S"]:
        """Return the share of the column that lies below each value; NaN stays NaN."""
        return np.interp(values, self._rising, self.shares)

    def score(self, values: Float[np.ndarray, "*S"]) -> Float[np.ndarray, "*S"]:
        """Return Φ⁻¹ of the share: the values as if they were normally distributed."""
        return ndtri(self.share(values))

    def value(self, shares: Float[np.ndarray, "*S"]) -> Float[np.ndarray, "*S"]:
        """Return the values below which these shares of the column lie."""
        return np.interp(shares, self.shares, self.values)

    def state(self) -> dict[str, Tensor]:
        """Return the table as tensors."""
        return {"shares": torch.from_numpy(self.shares), "values": torch.from_numpy(self.values)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "QuantileTable":
        """Return the table that `state` described."""
        return cls(state["shares"].numpy(), state["values"].numpy())
