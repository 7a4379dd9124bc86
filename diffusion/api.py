"""`humouse.diffusion.api` under the specification's name."""

from humouse.diffusion.api import denormalize, generate_diffusion_samples

__all__ = ["denormalize", "generate_diffusion_samples"]
