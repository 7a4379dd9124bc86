"""What detectors learn from and look at: people, negatives, feature views."""
