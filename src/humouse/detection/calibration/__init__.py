"""Calibration: probabilities and thresholds from scores of people that the detector was not fitted on."""
