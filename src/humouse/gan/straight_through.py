"""Generated steps on the recorder's grid, so that rounding is nothing to tell them by."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from humouse.codec import Codec, EventCodec


def on_grid(
    x: Float[Tensor, "B T C"], mask: Bool[Tensor, "B T"], codec: Codec
) -> Float[Tensor, "B T C"]:
    """Return [B, T, C] the steps as they come out of decoding: whole px and ms, at least 1 ms.

    Recordings lie on a grid, and a discriminator would need no more than that to tell a generator's
    real numbers. The gradient passes through the rounding as if it were not there (the
    straight-through estimator: Bengio et al. 2013, arXiv:1308.3432). The canonical codec has no
    grid: x comes back unchanged.
    """
    if not isinstance(codec, EventCodec):
        return x
    with torch.no_grad():
        snapped = torch.where(mask[..., None], codec.on_grid(x), x.new_zeros(()))
    return x + (snapped - x).detach()
