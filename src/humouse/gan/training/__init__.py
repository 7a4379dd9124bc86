"""Training the GAN: batches, objective, learner."""
