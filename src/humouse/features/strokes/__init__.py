"""Lognormal strokes (the sigma-lognormal model): decomposition of movements, and features."""
