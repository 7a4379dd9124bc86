"""Evaluations as pages: one file each, with everything inside."""

from humouse.report.comparison.page import write_comparison
from humouse.report.evaluation.page import write_report

__all__ = ["write_comparison", "write_report"]
