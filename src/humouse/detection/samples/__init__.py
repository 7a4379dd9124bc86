"""The inputs of detectors: people, negatives and feature views."""
