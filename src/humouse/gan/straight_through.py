"""Generated steps rounded to the recorder's grid, so that a discriminator learns nothing from rounding."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from humouse.codec import Codec, EventCodec


def on_grid(
    x: Float[Tensor, "B T C"], mask: Bool[Tensor, "B T"], codec: Codec
) -> Float[Tensor, "B T C"]:
    """Return [B, T, C] the steps as decoding rounds them: whole px and ms, at least 1 ms.

    Recordings lie on a grid; unrounded numbers alone would identify generated movements. The gradient
    ignores the rounding (straight-through estimator: Bengio et al. 2013, arXiv:1308.3432). The
    canonical codec has no grid: x is returned unchanged.
    """
    if not isinstance(codec, EventCodec):
        return x
    with torch.no_grad():
        snapped = torch.where(mask[..., None], codec.on_grid(x), x.new_zeros(()))
    return x + (snapped - x).detach()
