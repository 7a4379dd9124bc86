"""Detectors as ONNX graphs, and the runtime that serves them."""
