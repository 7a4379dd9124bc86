"""Latent diffusion (§6): a tiny temporal autoencoder, and the codec built from it and another codec."""
