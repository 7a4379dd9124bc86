"""Training the diffusion model: batches, learner, validation."""
