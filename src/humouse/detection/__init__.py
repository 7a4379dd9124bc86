"""Detectors of bots: what they learn from, how they decide, and how they do on bots never seen."""
