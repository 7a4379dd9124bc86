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
    values, place = np.unique(np.concatenate([positive, negative]), return_inverse=True)
    none_here = np.zeros_like(negative_weights), np.zeros_like(positive_weights)
    won = _at_values([positive_weights, none_here[0]], place, len(values))
    lost = _at_values([none_here[1], negative_weights], place, len(values))
    below = lost.cumsum(1) - lost
    wins = (won * (below + lost / 2)).sum(1)
    pairs = won.sum(1) * lost.sum(1)
    return wins / np.maximum(pairs, 1e-300)


def _at_values(weights: list[np.ndarray], place: np.ndarray, n: int) -> np.ndarray:
    """Return [K, n] the weight at each of n values; every value has a row, of weight 0 perhaps."""
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(n))
    return np.add.reduceat(np.concatenate(weights, 1)[:, order], starts, axis=1)
