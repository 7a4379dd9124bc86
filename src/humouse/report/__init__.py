"""Evaluations as pages: one file each, with everything inside."""

from humouse.report.compare import write_comparison
from humouse.report.html import write_report

__all__ = ["write_comparison", "write_report"]
