"""`humouse.diffusion.models.unet1d` under the specification's name."""

from humouse.diffusion.models.unet1d import UNet1D

__all__ = ["UNet1D"]
