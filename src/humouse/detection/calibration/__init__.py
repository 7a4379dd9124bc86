"""From a detector's scores to probabilities and thresholds, learnt on people alone."""
