"""The cell of each coded value: all values of the scale that decode to the same pixel or ms."""

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.codec import Codec, EventCodec
from humouse.codec.companding import companded, uncompanded


def cells(
    codec: Codec, x0: Float[Tensor, "B T C"]
) -> tuple[Float[Tensor, "B T C"], Float[Tensor, "B T C"]] | None:
    """Return the lower and the upper end of each value's cell, on the codec's scale.

    None for a codec without a grid. The shortest and the longest time step have no outer end.

    Args:
        codec: Fitted.
        x0: [B, T, C] as it encodes movements.
    """
    if not isinstance(codec, EventCodec):
        return None
    mean, std = codec.mean.to(x0), codec.std.to(x0)
    x = x0 * std + mean
    unit_px = codec.companding_px
    px = uncompanded(x[..., :2], unit_px).round()
    low, high = (companded(px + half, unit_px) for half in (-0.5, 0.5))
    first, last = _clock_cells(codec, x[..., 2:])
    lower, upper = torch.cat([low, first], -1), torch.cat([high, last], -1)
    return (lower - mean) / std, (upper - mean) / std


def _clock_cells(codec: EventCodec, code: Tensor) -> tuple[Tensor, Tensor]:
    if codec.clock == "quantile":
        return codec.clock_scale.cells(codec.clock_scale.decode(code))
    ms = code.exp().round()
    return (ms - 0.5).log(), (ms + 0.5).log()
