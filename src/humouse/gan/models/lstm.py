"""BeCAPTCHA-Mouse's GAN: generator and discriminator of two LSTM layers, 128 and 64 units.

Acien, Morales, Fierrez, Vera-Rodriguez 2022, arXiv:2005.00890, §IV-B. Theirs makes movements of one
length; here both networks get each step's position in the movement, so that lengths can differ.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from humouse.gan.models.interface import (
    Discriminator,
    Generator,
    Latent,
    condition_channels,
    place_channels,
)

_PLACE = 4


class _TwoLayers(nn.Module):
    """An LSTM on an LSTM, [B, T, taken] → [B, T, widths[1]]."""

    def __init__(self, taken: int, widths: tuple[int, int]) -> None:
        super().__init__()
        self.first = nn.LSTM(taken, widths[0], batch_first=True)
        self.second = nn.LSTM(widths[0], widths[1], batch_first=True)

    def forward(self, x: Float[Tensor, "B T taken"]) -> Float[Tensor, "B T W"]:
        """Return the second layer's state after each step."""
        return self.second(self.first(x)[0])[0]


class LSTMGenerator(Generator):
    """Two LSTM layers and a linear one; every step gets the same latent vector and conditions.

    Args:
        channels: C, channels of the data.
        widths: Units of the two layers.
        latent_dim: Z, normal numbers for each movement.
        cond_dim: K, conditions; 0 for none.
    """

    def __init__(
        self,
        channels: int,
        *,
        widths: tuple[int, int] = (128, 64),
        latent_dim: int = 100,
        cond_dim: int = 0,
    ) -> None:
        super().__init__(latent_dim=latent_dim, step_noise=0)
        self.cond_dim = cond_dim
        self.layers = _TwoLayers(latent_dim + 2 * cond_dim + _PLACE, widths)
        self.out = nn.Linear(widths[1], channels)

    def forward(
        self,
        latent: Latent,
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Return [B, T, C]; see `Generator.forward`."""
        z = latent.movement
        same = torch.cat([z, condition_channels(cond, z, self.cond_dim)], 1)
        repeated = same[:, None].expand(-1, mask.shape[1], -1)
        # Padding comes after the last step, so it does not affect valid steps.
        h = self.layers(torch.cat([repeated, place_channels(mask)], 2))
        return self.out(h) * mask[..., None]


class LSTMDiscriminator(Discriminator):
    """Two LSTM layers; the second's state after the last step is the penultimate feature vector.

    Args:
        channels: C, channels of the data.
        widths: Units of the two layers; the second is D.
        cond_dim: K, conditions; 0 for none.
    """

    def __init__(
        self, channels: int, *, widths: tuple[int, int] = (128, 64), cond_dim: int = 0
    ) -> None:
        super().__init__(feature_dim=widths[1])
        self.cond_dim = cond_dim
        self.layers = _TwoLayers(channels + 2 * cond_dim + _PLACE, widths)

    def features(
        self,
        x: Float[Tensor, "B T C"],
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None = None,
    ) -> Float[Tensor, "B D"]:
        """Return [B, D]; see `Discriminator.features`."""
        x = torch.where(mask[..., None], x, x.new_zeros(()))
        same = condition_channels(cond, x[:, 0], self.cond_dim)
        repeated = same[:, None].expand(-1, mask.shape[1], -1)
        h = self.layers(torch.cat([x, repeated, place_channels(mask)], 2))
        last = (mask.sum(1) - 1).clamp(min=0)[:, None, None].expand(-1, 1, h.shape[2])
        return h.gather(1, last).squeeze(1)
