"""Linear interpolation of computed paths at the times of a device's clock."""

import torch
from jaxtyping import Float
from torch import Tensor


def interpolate(
    points: Float[Tensor, "B N 2"], place: Float[Tensor, "B T"]
) -> Float[Tensor, "B T 2"]:
    """Return [B, T, 2] positions on straight lines from each point to the next.

    Args:
        points: [B, N, 2] at least two points.
        place: [B, T] fractional indices of points, 0 to N − 1.
    """
    steps = torch.nn.functional.pad(points.diff(dim=1), (0, 0, 0, 1))
    # Point and step side by side: one look-up finds both.
    found, since = look_up(torch.cat([points, steps], 2), place)
    return found[..., :2] + since * found[..., 2:]


def look_up(
    table: Float[Tensor, "B N C"], place: Float[Tensor, "B T"]
) -> tuple[Float[Tensor, "B T C"], Float[Tensor, "B T 1"]]:
    """Return the row of each movement's table at or before each place, and the distance past it.

    Args:
        table: [B, N, C] rows that begin at 0, 1, … N − 1.
        place: [B, T] 0 to N; beyond the last row the last one is used.
    """
    B, N, C = table.shape
    before = place.floor().clamp_(0, N - 1)
    number = before.long() + N * torch.arange(B)[:, None]
    found = table.flatten(0, 1).index_select(0, number.flatten()).view(B, -1, C)
    return found, (place - before)[..., None]
