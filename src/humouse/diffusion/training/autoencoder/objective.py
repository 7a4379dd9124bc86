"""The autoencoder's objective: squared error, and the distance to the right pixel and ms."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

Cells = tuple[Float[Tensor, "B T C"], Float[Tensor, "B T C"]]


def reconstruction_errors(
    decoded: Float[Tensor, "B T C"],
    x0: Float[Tensor, "B T C"],
    mask: Bool[Tensor, "B T"],
    cells: Cells | None,
    *,
    softness: float,
) -> Float[Tensor, "B T C"]:
    """Return the loss of each value, zero at padding.

    (x̂ − x)² + s · [softplus((x̂ − high)/s) + softplus((low − x̂)/s)]: beside the squared error, minus
    the logarithm (but for a constant) of the probability that a logistic of scale s around x̂ gives to
    the value's cell (Salimans et al. 2017, arXiv:1701.05517, §2.1). It is flat inside the cell, where
    rounding makes the answer exact, and linear outside of it, whatever the cell's size.

    Args:
        decoded: [B, T, C] x̂.
        x0: [B, T, C] x.
        mask: [B, T] True where valid.
        cells: Lower and upper end of each value's cell; None for a codec without a grid.
        softness: s, on the codec's scale; 0 for the squared error alone.
    """
    error = (decoded - x0).square()
    if cells is not None and softness > 0:
        low, high = cells
        over, under = (
            F.softplus((decoded - high) / softness),
            F.softplus((low - decoded) / softness),
        )
        error = error + softness * (over + under)
    return torch.where(mask[..., None], error, error.new_zeros(()))


def noisy(
    latents: Float[Tensor, "B t K"],
    valid: Bool[Tensor, "B t"],
    noise: Float[Tensor, "B t K"],
    share: float,
) -> Float[Tensor, "B t K"]:
    """Return the latents with noise of `share` times each channel's standard deviation.

    Decoding must tolerate the noise that diffusion leaves. The deviation is taken over the valid
    steps and not differentiated, so that no scale of the latents escapes the noise.

    Args:
        latents: [B, t, K].
        valid: [B, t] True where valid.
        noise: [B, t, K] standard normal numbers.
        share: Size of the noise.
    """
    spread = latents.detach()[valid].std(0, correction=0)
    return latents + share * spread * noise
