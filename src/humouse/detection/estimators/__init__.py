"""The detectors as scikit-learn estimators (`fit`, `decision_function`)."""
