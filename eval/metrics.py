"""`humouse.eval.api` under the specification's name."""

from humouse.eval.api import c2st, mmd_rbf, prd

__all__ = ["c2st", "mmd_rbf", "prd"]
