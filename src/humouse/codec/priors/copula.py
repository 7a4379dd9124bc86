"""A Gaussian-mixture copula: any marginals, tied together by a mixture of normal scores."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.special import ndtr
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from humouse.codec.priors.quantiles import QuantileTable

_ROWS_A_COMPONENT = 40
_GRID_POINTS = 2049


class Copula:
    """Columns as normal scores, a full Gaussian mixture on them, conditional draws in closed form.

    The mixture's own marginals are not exactly normal; a drawn score goes through the mixture's
    marginal distribution function before the quantile table, so that each column is drawn as it was
    seen. (Tewari, Giering and Raghunathan, "Parametric Characterization of Multimodal Distributions
    with Non-gaussian Modes", ICDM workshops 2011.)

    Args:
        tables: The columns' quantiles, d of them.
        weights: [K] of the mixture's components.
        means: [K, d] of the scores.
        covariances: [K, d, d] of the scores.
    """

    def __init__(
        self,
        tables: list[QuantileTable],
        weights: Float[np.ndarray, "K"],
        means: Float[np.ndarray, "K d"],
        covariances: Float[np.ndarray, "K d d"],
    ) -> None:
        self.tables, self.weights = tables, weights
        self.means, self.covariances = means, covariances
        spread = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
        self._grid = np.linspace(-8, 8, _GRID_POINTS)
        scaled = (self._grid[:, None, None] - means) / spread
        self._shares = (ndtr(scaled) * weights[:, None]).sum(1).T

    @classmethod
    def fit(
        cls, columns: Float[np.ndarray, "n d"], *, components: int, iterations: int, seed: int
    ) -> "Copula":
        """Return the copula of continuous columns (dequantise ties before).

        Args:
            columns: [n, d], n ≥ 2.
            components: Of the mixture; fewer where rows are few.
            iterations: Of expectation-maximisation, at most.
            seed: Of the mixture's start.
        """
        tables = [QuantileTable.fit(column) for column in columns.T]
        scores = np.stack([t.score(c) for t, c in zip(tables, columns.T, strict=True)], 1)
        mixture = GaussianMixture(
            max(1, min(components, len(scores) // _ROWS_A_COMPONENT)),
            reg_covar=1e-3,
            max_iter=iterations,
            random_state=seed,
        )
        with warnings.catch_warnings():  # a mixture short of its optimum is a mixture all the same
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(scores)
        return cls(tables, mixture.weights_, mixture.means_, mixture.covariances_)

    def draw(
        self,
        given: Float[np.ndarray, "n d"],
        uniform: Float[np.ndarray, "n M"],
        normal: Float[np.ndarray, "n M d"],
    ) -> Float[np.ndarray, "n M d"]:
        """Return M draws for each row of what is given of it.

        Args:
            given: [n, d] the columns' values, NaN where they are to be drawn.
            uniform: [n, M] noise that chooses the components, in [0, 1).
            normal: [n, M, d] noise within a component.
        """
        scores = np.stack([self._score(j, column) for j, column in enumerate(given.T)], 1)
        drawn = np.empty_like(normal)
        patterns, row_pattern = np.unique(np.isnan(scores), axis=0, return_inverse=True)
        for i, free in enumerate(patterns):
            rows = np.flatnonzero(row_pattern.reshape(-1) == i)
            drawn[rows] = self._conditional(scores[rows], free, uniform[rows], normal[rows])
        for j, table in enumerate(self.tables):
            drawn[..., j] = table.value(np.interp(drawn[..., j], self._grid, self._shares[j]))
        return drawn

    def _score(self, j: int, values: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        return np.interp(self.tables[j].share(values), self._shares[j], self._grid)

    def _conditional(
        self,
        scores: Float[np.ndarray, "n d"],
        free: Bool[np.ndarray, "d"],
        uniform: Float[np.ndarray, "n M"],
        normal: Float[np.ndarray, "n M d"],
    ) -> Float[np.ndarray, "n M d"]:
        """Return scores drawn from the mixture given those that are not free.

        p(k | g) ∝ w_k N(g; μ_k, Σ_k), then u | g, k ~ N(μ_u + Σ_ug Σ_gg⁻¹ (g − μ_g), Σ_uu|g).
        Products are sums over the last axis: a row's bits do not depend on how many there are.
        """
        known = ~free
        off = scores[:, None, known] - self.means[:, known]  # [n, K, g]
        root = np.linalg.cholesky(self.covariances[:, known][:, :, known])
        inverse = np.linalg.inv(root)
        white = (inverse * off[:, :, None, :]).sum(-1)
        heights = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(-1)
        logits = np.log(self.weights) - heights - (white**2).sum(-1) / 2
        k = chosen(logits[:, None], uniform)  # [n, M]
        cross = self.covariances[:, free][:, :, known] @ inverse.transpose(0, 2, 1)
        rest = self.covariances[:, free][:, :, free] - cross @ cross.transpose(0, 2, 1)
        spread = np.linalg.cholesky(rest)
        of_k = np.take_along_axis(white, k[..., None], 1)
        moved = (cross[k] * of_k[..., None, :]).sum(-1)
        noise = (spread[k] * normal[..., None, free]).sum(-1)
        drawn = np.empty_like(normal)
        drawn[..., known] = scores[:, None, known]
        drawn[..., free] = self.means[:, free][k] + moved + noise
        return drawn

    def state(self) -> dict[str, Any]:
        """Return everything needed to make this copula again: plain values and tensors."""
        parts = {name: getattr(self, name) for name in ("weights", "means", "covariances")}
        return {
            "tables": [table.state() for table in self.tables],
            **{name: torch.from_numpy(part) for name, part in parts.items()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Copula":
        """Return the copula that `state` described."""
        tables = [QuantileTable.from_state(table) for table in state["tables"]]
        return cls(tables, *(state[n].numpy() for n in ("weights", "means", "covariances")))


def chosen(logits: Float[np.ndarray, "*S K"], uniform: Float[np.ndarray, "*R"]) -> np.ndarray:
    """Return for each uniform number in [0, 1) the index that it chooses with p ∝ exp(logits).

    Args:
        logits: [..., K], broadcast against `uniform` but for the last axis.
        uniform: [...].
    """
    likely = np.exp(logits - logits.max(-1, keepdims=True))
    upto = likely.cumsum(-1)
    index = (uniform[..., None] >= upto / upto[..., -1:]).sum(-1)
    return np.minimum(index, logits.shape[-1] - 1)
