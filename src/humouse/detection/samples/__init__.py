"""What detectors are fitted on and look at: people, negatives, feature views."""
