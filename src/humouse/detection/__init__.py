"""Detectors of bots: samples, feature views, estimators, calibration, ONNX and the benchmark."""
