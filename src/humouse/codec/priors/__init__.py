"""Priors: joint distributions of lengths, starts and conditions that a codec draws frames from."""
