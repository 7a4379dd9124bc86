"""Networks: a noisy batch [B, T, C], its noise level and its mask in, a prediction [B, T, C] out."""

from humouse.diffusion.models.unet1d import UNet1D

__all__ = ["UNet1D"]
