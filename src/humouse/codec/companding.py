"""Moves on a scale that is linear below a unit and logarithmic above it."""

import torch
from jaxtyping import Float
from torch import Tensor

_MOST = 12
"""A bound far outside any recording keeps moves finite whatever a network returns."""


def companded(moves: Float[Tensor, "*S"], unit: float) -> Float[Tensor, "*S"]:
    """Return asinh(moves / unit)."""
    return torch.asinh(moves / unit)


def uncompanded(code: Float[Tensor, "*S"], unit: float) -> Float[Tensor, "*S"]:
    """Return the moves that `companded` codes so."""
    return torch.sinh(code.clamp(-_MOST, _MOST)) * unit
