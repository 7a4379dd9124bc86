"""`WhatIf`: what a forest would answer if one feature of a row had another value.

A tree's answer changes only if the leaf that a row falls into cannot be reached with the other value. For
each leaf and feature it is known beforehand where on the way there the paths part: only from there on,
and only in these trees, is the row followed again. That is one pair of tree and feature in twenty-five.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from humouse.detection.forest import Forest

# Whose numbers a CPU's cache holds.
_ROWS_AT_A_TIME = 64
# After so many, what has come to a leaf is taken out: that costs half as much as a level.
_LEVELS_AT_A_TIME = 3


@dataclass(frozen=True, eq=False)
class WhatIf:
    """A forest, and another value for each feature.

    Args:
        instead: [F] the other values.
        roots: [T] node at the top of each tree; all trees' nodes are numbered together.
        inner: [N] whether a node has children.
        feature: [N] the column that it splits.
        cut: [2N] its cut, twice.
        child: [2N] the node to its left, and to its right; a leaf itself.
        value: [N] what a leaf adds to the sum.
        first: [N+1] where each leaf's ways out begin among the W ways.
        other: [W] a feature whose other value leads past the leaf.
        part: [W] the node by which it does.
    """

    instead: Float[np.ndarray, "F"]
    roots: Int[np.ndarray, "T"]
    inner: np.ndarray
    feature: Int[np.ndarray, "N"]
    cut: Float[np.ndarray, "_"]
    child: Int[np.ndarray, "_"]
    value: Float[np.ndarray, "N"]
    first: Int[np.ndarray, "_"]
    other: Int[np.ndarray, "W"]
    part: Int[np.ndarray, "W"]

    @classmethod
    def of(cls, forest: Forest, instead: Float[np.ndarray, "F"]) -> "WhatIf":
        """Return a forest prepared for these values, in float32 as detectors take them."""
        instead = instead.astype(np.float32).astype(np.float64)
        inner = forest.feature >= 0
        roots = np.flatnonzero(forest.node == 0)
        root = roots[np.searchsorted(roots, np.arange(len(inner)), "right") - 1]
        child = np.stack([root + forest.left, root + forest.right], 1)
        child[~inner] = np.flatnonzero(~inner)[:, None]
        right = inner & (instead[forest.feature] > forest.cut)
        ways: list[dict[int, int]] = [{} for _ in inner]
        for node in np.flatnonzero(inner).tolist():  # each stands before its children
            column, turn = int(forest.feature[node]), int(right[node])
            taken, left_out = child[node, turn], child[node, 1 - turn]
            ways[taken] = ways[node]
            ways[left_out] = {column: int(taken)} | ways[node]
        ways = [{} if more else own for more, own in zip(inner, ways, strict=True)]
        return cls(
            instead,
            roots,
            inner,
            np.maximum(forest.feature, 0),
            np.repeat(forest.cut, 2),
            child.ravel(),
            forest.value,
            np.cumsum([0, *map(len, ways)]),
            np.array([column for own in ways for column in own], np.int64),
            np.array([node for own in ways for node in own.values()], np.int64),
        )

    def contributions(self, values: Float[np.ndarray, "n F"]) -> Float[np.ndarray, "n F"]:
        """Return [n, F] by how much a row's sum falls if each feature alone gets its other value."""
        answer = np.zeros(values.shape)
        for first in range(0, len(values), _ROWS_AT_A_TIME):
            part = slice(first, first + _ROWS_AT_A_TIME)
            answer[part] = self._contributions(np.ascontiguousarray(values[part]))
        return answer

    def _contributions(self, values: Float[np.ndarray, "n F"]) -> Float[np.ndarray, "n F"]:
        n, F = values.shape
        at = np.repeat(np.arange(n) * F, len(self.roots))  # where each row's values begin
        leaf = self._followed(np.tile(self.roots, n), values, at)
        count = self.first[leaf + 1] - self.first[leaf]
        again = np.repeat(np.arange(len(leaf)), count)
        way = np.arange(len(again)) + np.repeat(self.first[leaf] - count.cumsum() + count, count)
        at, leaf, other = at[again], leaf[again], self.other[way]
        added = self.value[leaf] - self.value[self._followed(self.part[way], values, at, other)]
        return np.bincount(at + other, added, n * F).reshape(n, F)

    def _followed(
        self,
        nodes: Int[np.ndarray, "k"],
        values: Float[np.ndarray, "n F"],
        at: Int[np.ndarray, "k"],
        other: Int[np.ndarray, "k"] | None = None,
    ) -> Int[np.ndarray, "k"]:
        """Return the leaves that rows fall into from these nodes.

        Args:
            nodes: [k] where each begins.
            values: [n, F] the rows.
            at: [k] the place among all values where the row of each begins.
            other: [k] the feature that has its other value.
        """
        leaves = nodes.copy()
        going = np.flatnonzero(self.inner.take(nodes))
        while len(going):
            node, begins = leaves.take(going), at.take(going)
            own = None if other is None else other.take(going)
            for _ in range(_LEVELS_AT_A_TIME):
                feature = self.feature.take(node)
                value = values.take(begins + feature)
                if own is not None:
                    same = np.flatnonzero(feature == own)
                    value[same] = self.instead.take(feature.take(same))
                node *= 2
                node += value > self.cut.take(node)
                node = self.child.take(node)
            leaves[going] = node
            going = going[self.inner.take(node)]
        return leaves
