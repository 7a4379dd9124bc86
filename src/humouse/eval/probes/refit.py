"""Logistic regressions of many labellings of the same rows, for a permutation test with the fit inside.

Each minimises ½|w|² + C Σ log(1 + exp(−y (w·x + b))), as scikit-learn's `LogisticRegression` does.
Under permuted labels the answers stay near ½, where the curvature is p(1 − p) ≈ ¼: with ¼ in its place
(Böhning & Lindsay 1988, doi:10.1007/BF00049423) one matrix, factored once, serves every labelling at
every step, each of which lowers the objective.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.special import expit

_C = 1.0
_STEPS = 300
_TOLERANCE = 1e-4
_BLOCK = 256
"""Rows at a time: what all labellings' answers to them take stays in the cache."""


def refit_logistic(
    x: Float[np.ndarray, "n F"], labels: Bool[np.ndarray, "P n"]
) -> Float[np.ndarray, "P G"]:
    """Return [P, F + 1] weights and the intercept, last, of each labelling.

    Args:
        x: [n, F] standardised rows.
        labels: [P, n].
    """
    rows = np.concatenate([x, np.ones((len(x), 1))], 1)
    penalty = np.append(np.full(x.shape[1], 1 / _C), 1e-9)
    curvature = rows.T @ rows / 4 + np.diag(penalty)
    step = np.linalg.inv(curvature)
    asked = labels.astype(rows.dtype) @ rows
    blocks = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
    weights = np.zeros((len(labels), rows.shape[1]))
    ahead, momentum = weights, 1.0
    for _ in range(_STEPS):
        gradient = ahead * penalty - asked
        for block in blocks:
            answer = torch.from_numpy(ahead @ block.T).sigmoid_()  # several times as fast as expit
            gradient += answer.numpy() @ block
        change = gradient @ step
        new = ahead - change
        after = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = new + (momentum - 1) / after * (new - weights)
        weights, momentum = new, after
        if np.abs(change).max() < _TOLERANCE:
            break
    return weights


def answers(
    x: Float[np.ndarray, "n F"], weights: Float[np.ndarray, "P G"]
) -> Float[np.ndarray, "P n"]:
    """Return [P, n] the probability of being real that each fit gives each row."""
    return expit(x @ weights[:, :-1].T + weights[:, -1]).T
