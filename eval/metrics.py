"""`humouse.eval.metrics` under the specification's name."""

from humouse.eval.metrics import c2st, mmd_rbf, prd

__all__ = ["c2st", "mmd_rbf", "prd"]
