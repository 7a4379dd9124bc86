"""From a detector's scores to probabilities and thresholds, from people whom it was not fitted on."""
