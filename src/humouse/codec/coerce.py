"""Changes any movement so that it fits a codec."""

from dataclasses import replace

import torch
from jaxtyping import Bool
from torch import Tensor

from humouse.codec.base import Codec
from humouse.codec.event import EventCodec
from humouse.trajectories import Trajectories


def coerce_to_codec(movements: Trajectories, codec: Codec) -> Trajectories:
    """Return the movements with the least changes that let each of them fit the codec.

    Event codec: zero moves are merged, the first T of the remaining steps are kept, and a step takes at
    least 1 ms. Canonical codec: a movement takes at least 1 ms, and the first T of native steps are
    kept. A movement without a path becomes a single step of 1 px.
    """
    codec = codec.native
    still = movements.path_px <= 0
    if bool(still.any()):
        movements = _nudged(movements, still)
    if isinstance(codec, EventCodec):
        movements = _cut(codec.canonicalize(movements), codec.sequence_length)
        deltas = movements.deltas.clone()
        deltas[..., 2].clamp_(min=1)
        return replace(movements, deltas=deltas)
    if codec.channels == 3:
        movements = _cut(movements, codec.sequence_length)
    timeless = movements.duration_ms <= 0
    deltas = movements.deltas.clone()
    deltas[timeless, 0, 2] = 1.0
    return replace(movements, deltas=deltas)


def _cut(movements: Trajectories, T: int) -> Trajectories:
    return replace(
        movements, deltas=movements.deltas[:, :T], lengths=movements.lengths.clamp(max=T)
    )


def _nudged(movements: Trajectories, still: Bool[Tensor, "B"]) -> Trajectories:
    deltas = movements.deltas
    if not deltas.shape[1]:
        deltas = deltas.new_zeros(len(deltas), 1, 3)
    nudge = torch.zeros_like(deltas[:1])
    nudge[0, 0] = torch.tensor([1.0, 0.0, 1.0])
    return replace(
        movements,
        deltas=torch.where(still[:, None, None], nudge, deltas),
        lengths=torch.where(still, 1, movements.lengths),
    )
