"""The observed sets and all draws of people as one stack of weights, so that a score is taken once."""

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.eval.statistics.resampling import Resampling


def whole_and_draws(
    resampling: Resampling | None, real: Float[Tensor, "N F"], fake: Float[Tensor, "M F"]
) -> tuple[Float[Tensor, "K N"], Float[Tensor, "K M"]]:
    """Return the weights of every row: in row 0 the sets as they are, then in each draw.

    Args:
        resampling: D draws, so that K = 1 + D; None for none.
        real: [N, F].
        fake: [M, F].

    Returns:
        [K, N] and [K, M] float64 on the rows' device.

    Raises:
        ValueError: The draws are of sets of another size.
    """
    ones = [side.new_ones(1, len(side), dtype=torch.float64) for side in (real, fake)]
    if resampling is None:
        return ones[0], ones[1]
    sizes = resampling.real.shape[1], resampling.fake.shape[1]
    if sizes != (len(real), len(fake)):
        raise ValueError(
            f"the draws are of {sizes[0]} and {sizes[1]} rows, the sets have "
            f"{len(real)} and {len(fake)}"
        )
    first, second = (
        torch.cat([one, drawn.to(one)])
        for one, drawn in zip(ones, (resampling.real, resampling.fake), strict=True)
    )
    return first, second
