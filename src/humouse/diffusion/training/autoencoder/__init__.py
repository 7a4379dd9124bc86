"""Training the autoencoder of latent diffusion."""
