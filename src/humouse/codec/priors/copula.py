"""A Gaussian-mixture copula: any marginals, tied together by a Gaussian mixture of normal scores."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from scipy.special import ndtr

from humouse.quantiles import QuantileMap
from humouse.randomness import draw_categorical

_ROWS_A_COMPONENT = 40
_GRID_POINTS = 2049
_MIXTURE = ("weights", "means", "covariances")


class Copula:
    """Columns as normal scores, a full Gaussian mixture of them, conditional draws in closed form.

    The mixture's own marginals are not exactly normal. A drawn score goes through the mixture's
    marginal distribution function, then through the column's quantiles, so that each column keeps the
    distribution it was fitted to. (Tewari, Giering and Raghunathan, "Parametric Characterization of
    Multimodal Distributions with Non-gaussian Modes", ICDM workshops 2011.)

    Args:
        columns: The d columns' values ⇄ shares.
        weights: [K] of the mixture's components.
        means: [K, d] of the scores.
        covariances: [K, d, d] of the scores.
    """

    def __init__(
        self,
        columns: list[QuantileMap],
        weights: Float[np.ndarray, "K"],
        means: Float[np.ndarray, "K d"],
        covariances: Float[np.ndarray, "K d d"],
    ) -> None:
        self.columns = columns
        self.weights, self.means, self.covariances = weights, means, covariances
        spread = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
        grid = np.linspace(-8, 8, _GRID_POINTS)
        scaled = (grid[:, None, None] - means) / spread
        shares = (ndtr(scaled) * weights[:, None]).sum(1).T
        self._scores = [QuantileMap(grid, column) for column in shares]

    @classmethod
    def fit(
        cls, columns: Float[np.ndarray, "n d"], *, components: int, iterations: int, seed: int
    ) -> "Copula":
        """Return the copula of continuous columns (dequantise ties before).

        Args:
            columns: [n, d], n ≥ 2.
            components: Of the mixture; fewer where rows are few.
            iterations: Of expectation-maximisation, at most.
            seed: Of the mixture's initialisation.
        """
        # Sampling from a saved copula needs no scikit-learn.
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        maps = [
            QuantileMap.of_bands(column, knots=257, least_rows=8, tail_share=0.001)
            for column in columns.T
        ]
        scores = np.stack([m.normal_score(c) for m, c in zip(maps, columns.T, strict=True)], 1)
        mixture = GaussianMixture(
            max(1, min(components, len(scores) // _ROWS_A_COMPONENT)),
            reg_covar=1e-3,
            max_iter=iterations,
            random_state=seed,
        )
        with warnings.catch_warnings():  # a mixture short of its optimum is good enough
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(scores)
        return cls(maps, mixture.weights_, mixture.means_, mixture.covariances_)

    def draw(
        self,
        given: Float[np.ndarray, "n d"],
        uniform: Float[np.ndarray, "n M"],
        normal: Float[np.ndarray, "n M d"],
    ) -> Float[np.ndarray, "n M d"]:
        """Return M draws for each row, given some of its columns.

        Args:
            given: [n, d] the columns' values, NaN where they are to be drawn.
            uniform: [n, M] noise that chooses the components, in [0, 1).
            normal: [n, M, d] noise within a component.
        """
        maps = list(zip(self.columns, self._scores, strict=True))
        scores = np.stack(
            [
                score.value(column.level(v))
                for (column, score), v in zip(maps, given.T, strict=True)
            ],
            1,
        )
        drawn = np.empty_like(normal)
        patterns, row_pattern = np.unique(np.isnan(scores), axis=0, return_inverse=True)
        for i, free in enumerate(patterns):
            rows = np.flatnonzero(row_pattern.reshape(-1) == i)
            drawn[rows] = self._conditional(scores[rows], free, uniform[rows], normal[rows])
        for j, (column, score) in enumerate(maps):
            drawn[..., j] = column.value(score.level(drawn[..., j]))
        return drawn

    def _conditional(
        self,
        scores: Float[np.ndarray, "n d"],
        free: Bool[np.ndarray, "d"],
        uniform: Float[np.ndarray, "n M"],
        normal: Float[np.ndarray, "n M d"],
    ) -> Float[np.ndarray, "n M d"]:
        """Return scores drawn from the mixture given those that are not free.

        p(k | g) ∝ w_k N(g; μ_k, Σ_k), then u | g, k ~ N(μ_u + Σ_ug Σ_gg⁻¹ (g − μ_g), Σ_uu|g).
        Products are sums over the last axis: a row's result does not depend on how many rows there are.
        """
        known = ~free
        off = scores[:, None, known] - self.means[:, known]  # [n, K, g]
        root = np.linalg.cholesky(self.covariances[:, known][:, :, known])
        inverse = np.linalg.inv(root)
        white = (inverse * off[:, :, None, :]).sum(-1)
        heights = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(-1)
        logits = np.log(self.weights) - heights - (white**2).sum(-1) / 2
        k = choose(logits[:, None], uniform)  # [n, M]
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
        columns = [{"shares": column.levels, "values": column.values} for column in self.columns]
        return {
            "tables": [
                {name: torch.from_numpy(part) for name, part in column.items()}
                for column in columns
            ],
            **{name: torch.from_numpy(getattr(self, name)) for name in _MIXTURE},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Copula":
        """Return the copula that `state` described."""
        columns = [
            QuantileMap(table["values"].numpy(), table["shares"].numpy(), break_ties=True)
            for table in state["tables"]
        ]
        return cls(columns, *(state[name].numpy() for name in _MIXTURE))


def choose(
    logits: Float[np.ndarray, "*S K"], uniform: Float[np.ndarray, "*R"]
) -> Int[np.ndarray, "*R"]:
    """Return `draw_categorical` of arrays."""
    return draw_categorical(torch.from_numpy(logits), torch.from_numpy(uniform)).numpy()
