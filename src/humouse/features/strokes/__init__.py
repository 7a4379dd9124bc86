"""Lognormal strokes (the sigma-lognormal model) and the features that sum them up."""
