"""Group normalisation, FiLM and SiLU with torch's own operations, one trimmed sequence at a time."""

import torch
from torch import Tensor
from torch.nn import functional as F


def norm_film_silu(
    y: Tensor, lengths: list[int], gain: Tensor, shift: Tensor, groups: int
) -> Tensor:
    """Return [B, T, C] SiLU(gain · normalised + shift) of y's first `lengths` steps, else 0."""
    out = torch.zeros_like(y)
    for b, length in enumerate(lengths):
        if length:
            grouped = y[b, :length].unflatten(1, (groups, -1))
            variance, mean = torch.var_mean(grouped, (0, 2), correction=0, keepdim=True)
            normed = ((grouped - mean) / (variance + 1e-5).sqrt()).flatten(1)
            out[b, :length] = F.silu(normed * gain[b] + shift[b])
    return out
