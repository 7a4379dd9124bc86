"""Device pixel ratios: how many of a screen's own pixels a px of a page is."""

import numpy as np
from jaxtyping import Bool, Float

RATIOS = (1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 3.0, 1.1, 4 / 3, 1.2, 1.8)
"""Those of common screens and zooms, above 1."""
_STRAY = 0.01
_ON_GRID_PX = 0.02  # positions are often written with two decimals


def share_between_px(positions: Float[np.ndarray, "*S 2"]) -> float:
    """Return the share of positions (px) that lie between whole px on either axis."""
    return float(_between(positions).any(-1).mean())


def pixel_ratio(positions: Float[np.ndarray, "N 2"]) -> float | None:
    """Return the ratio at which positions (px) are whole: 1 or one of `RATIOS`; None if they are at none."""
    fits = (ratio for ratio in (1.0, *RATIOS) if share_between_px(positions * ratio) < _STRAY)
    return next(fits, None)


def _between(values: Float[np.ndarray, "*S"]) -> Bool[np.ndarray, "*S"]:
    return np.abs(values - values.round()) > _ON_GRID_PX
