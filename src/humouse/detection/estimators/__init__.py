"""The detectors, as scikit-learn has estimators: fit, decision_function."""
