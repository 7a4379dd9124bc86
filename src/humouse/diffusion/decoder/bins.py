"""Whole milliseconds as a few hundred levels: each by itself while small, then in growing groups."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


class Bins:
    """Whole numbers 0 … `most` ⇄ levels; a level is one number, or a group of similar ones.

    Args:
        exact: The greatest number that has a level of its own.
        growth: Each later level begins at this multiple of the one before.
        most: The greatest number.
    """

    def __init__(self, *, exact: int, growth: float, most: int) -> None:
        edges = list(range(exact + 2))
        while edges[-1] <= most:
            wider = max(edges[-1] + 1, round(edges[-1] * growth))
            edges.append(min(wider, most + 1))
        self.most = most
        self._edges = torch.tensor(edges)

    def __len__(self) -> int:
        return len(self._edges) - 1

    def of(self, values: Float[Tensor, "*S"]) -> Int[Tensor, "*S"]:
        """Return the levels of whole numbers; what lies outside gets the first or the last."""
        edges = self._edges.to(values.device)
        place = torch.bucketize(values.long().contiguous(), edges, right=True) - 1
        return place.clamp(0, len(self) - 1)

    def of_signed(self, values: Float[Tensor, "*S"]) -> Int[Tensor, "*S"]:
        """Return levels of whole numbers of either sign, 0 in the middle of 2·len − 1 of them."""
        level, middle = self.of(values.abs()), len(self) - 1
        return torch.where(values < 0, middle - level, middle + level)

    def draw(self, levels: Int[Tensor, "*S"], share: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
        """Return a number of each level, evenly drawn: `share` in [0, 1) says which."""
        edges = self._edges.to(levels.device)
        low, width = edges[levels], edges[levels + 1] - edges[levels]
        return (low + (share * width).long().clamp(max=width - 1)).to(share.dtype)
