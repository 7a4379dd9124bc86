"""The area under the ROC curve of weighted rows, for many sets of weights at once (Mann–Whitney's U)."""

import numpy as np
from jaxtyping import Float


def weighted_auc(
    positive: Float[np.ndarray, "N"],
    negative: Float[np.ndarray, "M"],
    positive_weights: Float[np.ndarray, "K N"],
    negative_weights: Float[np.ndarray, "K M"],
) -> Float[np.ndarray, "K"]:
    """Return [K] the chance that a positive row scores higher than a negative one; ties count half.

    Sums of whole weights are exact, so equal sets read exactly ½. 0 where one set weighs nothing.

    Args:
        positive: [N] scores.
        negative: [M] scores.
        positive_weights: [K, N] how often each positive row counts.
        negative_weights: [K, M] how often each negative row counts.
    """
    scores = np.concatenate([positive, negative])
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    none_here = np.zeros_like(negative_weights), np.zeros_like(positive_weights)
    won = _at_values([positive_weights, none_here[0]], order, starts)
    lost = _at_values([none_here[1], negative_weights], order, starts)
    below = lost.cumsum(1) - lost
    wins = (won * (below + lost / 2)).sum(1)
    pairs = won.sum(1) * lost.sum(1)
    return wins / np.maximum(pairs, 1e-300)


def _at_values(weights: list[np.ndarray], order: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return [K, V] the weight at each of V values; every value has a row, of weight 0 perhaps.

    Args:
        weights: Of the rows of both sets.
        order: [N + M] the rows by their value.
        starts: [V] where each value begins in that order.
    """
    return np.add.reduceat(np.concatenate(weights, 1)[:, order], starts, axis=1)
