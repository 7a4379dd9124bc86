"""`humouse.diffusion.latents.autoencoder` under the specification's name."""

from humouse.diffusion.latents.autoencoder import TemporalAutoencoder

__all__ = ["TemporalAutoencoder"]
