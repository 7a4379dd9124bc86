"""Distilling a diffusion model into one of a few network calls."""
