"""Feature matrices as the metrics want them: float64, finite, on a common scale."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Real = Float[Tensor, "N F"] | Float[np.ndarray, "N F"]
"""[N, F] features of the standard, a row each."""

Fake = Float[Tensor, "M G"] | Float[np.ndarray, "M G"]
"""[M, F] features of those to judge."""


def checked_pair(real: Real, fake: Fake) -> tuple[Float[Tensor, "N F"], Float[Tensor, "M F"]]:
    """Return both as float64 tensors.

    Raises:
        ValueError: They differ in width, one has fewer than two rows, a value is NaN or infinite.
    """
    real, fake = torch.as_tensor(real), torch.as_tensor(fake)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f"real has {real.shape[1]} features but fake has {fake.shape[1]}")
    if real.shape[1] == 0:
        raise ValueError("there are no features to compare")
    for name, values in (("real", real), ("fake", fake)):
        if len(values) < 2:
            raise ValueError(f"{name} has {len(values)} rows; a comparison needs at least 2")
        if not values.isfinite().all():
            raise ValueError(f"{name} holds NaN or infinite features")
    return real.double(), fake.double()


@dataclass(frozen=True, eq=False)
class RobustScale:
    """Brings features of any unit and tail to a common scale: z = asinh((x − centre) / width).

    The centre is the median, the width the interquartile range over 1.349 (the standard deviation
    of a Gaussian with that range). About linear within two widths, logarithmic beyond: one
    jerk a thousand times the others neither sets the scale, as it would set a standard deviation,
    nor vanishes, as it would when clipped. A feature whose quartiles are equal (mostly 0, say) is
    scaled by its standard deviation instead; a constant one by 1.

    Args:
        centre: [F] float64.
        width: [F] float64, above 0.
    """

    centre: Float[Tensor, "F"]
    width: Float[Tensor, "F"]

    @classmethod
    def fit(cls, values: Float[Tensor, "N F"]) -> "RobustScale":
        """Return the scale of [N, F] features."""
        values = values.double()
        low, centre, high = (_order_statistic(values, q) for q in (0.25, 0.5, 0.75))
        width = (high - low) / 1.349
        spread = values.std(0, correction=0)
        # Below rounding of the values themselves a range is no range.
        least = 1e-9 * values.abs().amax(0)
        width = torch.where(width > least, width, spread)
        return cls(centre, torch.where(width > least, width, 1.0))

    def __call__(self, values: Float[Tensor, "N F"]) -> Float[Tensor, "N F"]:
        """Return [N, F] float64 features on the common scale."""
        return ((values.double() - self.centre) / self.width).asinh()


def common_scale(real: Real, fake: Fake) -> tuple[Float[Tensor, "N F"], Float[Tensor, "M F"]]:
    """Return both on the scale of the real one, so that scores of several fakes compare."""
    real, fake = checked_pair(real, fake)
    scale = RobustScale.fit(real)
    return scale(real), scale(fake)


def _order_statistic(values: Float[Tensor, "N F"], q: float) -> Float[Tensor, "F"]:
    # kthvalue, since torch.quantile refuses more than 16M elements.
    return values.kthvalue(1 + round(q * (len(values) - 1)), dim=0).values


def evenly(values: Float[Tensor, "N F"], n: int) -> Float[Tensor, "K F"]:
    """Return at most n rows, spread evenly over all of them."""
    if len(values) <= n:
        return values
    return values[torch.linspace(0, len(values) - 1, n, device=values.device).round().long()]
