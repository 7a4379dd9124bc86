"""Metrics: pure functions of two feature matrices, each with its interval."""
