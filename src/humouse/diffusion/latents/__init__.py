"""Latent diffusion (§6): a tiny temporal autoencoder, and the codec that it makes of another codec."""
