"""`humouse.diffusion.api` under the specification's name."""

from humouse.diffusion.api import canonicalize, denormalize, generate_diffusion_samples

__all__ = ["canonicalize", "denormalize", "generate_diffusion_samples"]
