"""Scores with intervals, bootstrap over people, ROC curves."""
