"""`Forest`: the nodes of all trees of an ensemble in flat arrays, as ONNX wants them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees whose output is `base` plus the sum of the leaves that a row falls into.

    Args:
        tree: [N] number of each node's tree.
        node: [N] its number in the tree; 0 is the root.
        feature: [N] the column that it splits, −1 at a leaf.
        cut: [N] rows of at most this value go left.
        left: [N] number of the node to the left; 0 at a leaf.
        right: [N] number of the node to the right; 0 at a leaf.
        value: [N] what a leaf adds to the sum.
        base: Added to every row's sum.
    """

    tree: Int[np.ndarray, "N"]
    node: Int[np.ndarray, "N"]
    feature: Int[np.ndarray, "N"]
    cut: Float[np.ndarray, "N"]
    left: Int[np.ndarray, "N"]
    right: Int[np.ndarray, "N"]
    value: Float[np.ndarray, "N"]
    base: float

    @classmethod
    def of_boosting(cls, model: "HistGradientBoostingClassifier") -> "Forest":
        """Return the trees of a fitted two-class gradient boosting; their output is its logit."""
        grown = [predictor.nodes for (predictor,) in model._predictors]
        parts = [
            (
                np.where(nodes["is_leaf"] == 1, -1, nodes["feature_idx"]),
                nodes["num_threshold"],
                nodes["left"],
                nodes["right"],
                nodes["value"],
            )
            for nodes in grown
        ]
        return cls._joined(parts, float(np.squeeze(model._baseline_prediction)))

    @classmethod
    def _joined(cls, parts: Sequence[tuple[np.ndarray, ...]], base: float) -> "Forest":
        """Return one forest from each tree's (feature, cut, left, right, value)."""
        sizes = [len(part[0]) for part in parts]
        feature, cut, left, right, value = (np.concatenate(one) for one in zip(*parts, strict=True))
        return cls(
            np.repeat(np.arange(len(sizes)), sizes),
            np.concatenate([np.arange(size) for size in sizes]),
            feature.astype(np.int64),
            cut.astype(np.float64),
            left.astype(np.int64),
            right.astype(np.int64),
            value.astype(np.float64),
            base,
        )
