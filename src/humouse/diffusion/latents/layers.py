"""Layers of the autoencoder: residual convolutions, and learned halving and doubling of length.

Every layer takes and returns zeros at padding, so that a valid step depends on valid steps alone.
"""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from humouse.diffusion.models.convolution import StepConv
from humouse.diffusion.models.validity import Validity


class ResidualConv(nn.Module):
    """x + conv(SiLU(conv(norm(x)))), each convolution three steps wide.

    The norm is over the channels of one step. A norm over the sequence would remove the sizes of
    moves.

    Args:
        width: Channels in and out.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first = StepConv(width, width)
        self.second = StepConv(width, width)
        nn.init.zeros_(self.second.weight)  # at first the block passes x on
        if self.second.bias is not None:
            nn.init.zeros_(self.second.bias)

    def forward(self, x: Float[Tensor, "B T C"], validity: Validity) -> Float[Tensor, "B T C"]:
        """Return [B, T, C], zero at padding."""
        inner = validity.zeroed(F.silu(self.first(validity.zeroed(self.norm(x)))))
        return validity.zeroed(x + self.second(inner))


class PairConv(nn.Linear):
    """Convolution over time of two taps and stride 2: each pair of steps becomes one."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(2 * in_channels, out_channels)

    def forward(self, x: Float[Tensor, "B T Cin"]) -> Float[Tensor, "B T//2 Cout"]:
        """Return [B, T/2, Cout]; T must be even."""
        return super().forward(x.unflatten(1, (-1, 2)).flatten(2))


class PairDeconv(nn.Linear):
    """Transposed convolution over time of two taps and stride 2: each step becomes a pair."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, 2 * out_channels)

    def forward(self, x: Float[Tensor, "B T Cin"]) -> Float[Tensor, "B 2*T Cout"]:
        """Return [B, 2·T, Cout]."""
        return super().forward(x).unflatten(2, (2, -1)).flatten(1, 2)
