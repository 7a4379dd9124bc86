"""Halving and doubling the number of steps, without parameters or influence of the padding."""

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.diffusion.models.validity import Validity


def halve(x: Float[Tensor, "B T C"], validity: Validity) -> Float[Tensor, "B T//2 C"]:
    """Return the mean over the valid steps of each pair (stride 2); x must be zero at padding."""
    first, second = x.unflatten(1, (-1, 2)).unbind(2)
    if validity.full:
        return (first + second).mul_(0.5)
    valid = validity.mask.unflatten(1, (-1, 2)).sum(2).clamp(min=1)
    return (first + second) * valid.reciprocal().to(x.dtype)


def double_and_add(
    x: Float[Tensor, "B T C"], skip: Float[Tensor, "B 2*T C"], validity: Validity
) -> Float[Tensor, "B 2*T C"]:
    """Repeat each step of x, add `skip` and zero the padding; `validity` is the skip's.

    Without gradients it works in place: the skip is overwritten.
    """
    pairs = skip.unflatten(1, (-1, 2))
    pairs = pairs + x.unsqueeze(2) if torch.is_grad_enabled() else pairs.add_(x.unsqueeze(2))
    return validity.zeroed(pairs.flatten(1, 2))
