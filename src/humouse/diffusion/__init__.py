"""The diffusion model: schedule, network, objective, samplers, training, sampling."""
