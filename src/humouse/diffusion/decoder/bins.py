"""Whole numbers as a few hundred bins: one number each while small, then groups of growing width."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


class Bins:
    """Whole numbers 0 … `most` ⇄ bins; a bin is one number, or several consecutive ones.

    Args:
        exact: The greatest number that has a bin of its own.
        growth: Each later bin begins at this multiple of the start of the one before.
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
        """Return the bins of whole numbers; numbers outside get the first or the last."""
        edges = self._edges.to(values.device)
        index = torch.bucketize(values.long().contiguous(), edges, right=True) - 1
        return index.clamp(0, len(self) - 1)

    def of_signed(self, values: Float[Tensor, "*S"]) -> Int[Tensor, "*S"]:
        """Return bins of whole numbers of either sign, with 0 in the middle of 2·len − 1 of them."""
        index, middle = self.of(values.abs()), len(self) - 1
        return torch.where(values < 0, middle - index, middle + index)

    def draw(self, bins: Int[Tensor, "*S"], uniform: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
        """Return a number of each bin, uniformly drawn by `uniform` in [0, 1)."""
        edges = self._edges.to(bins.device)
        low, width = edges[bins], edges[bins + 1] - edges[bins]
        return (low + (uniform * width).long().clamp(max=width - 1)).to(uniform.dtype)
