"""Any movement as a model's codec can take it, where only those that fit were trained on."""

from dataclasses import replace

import torch

from humouse.data.codec import Codec, EventCodec
from humouse.detector.steps import check_steps
from humouse.trajectories import Trajectories

_LEAST_DT_MS = 1.0


def as_codec_takes(codec: Codec, movements: Trajectories) -> Trajectories:
    """Return the movements changed as little as lets the codec encode all of them.

    Steps that move nothing join the next one, if the event codec does so; a movement that never
    moves gets one step of one pixel to the right; the event codec's steps take at least 1 ms, a
    whole movement takes it in any codec; no more than the codec's `sequence_length` first steps are
    kept, unless it resamples.

    Raises:
        InputError: A movement has no steps.
    """
    check_steps(movements)
    if isinstance(codec, EventCodec):
        taken = _moving(codec.canonicalize(movements), movements)
        deltas = taken.deltas.clone()
        deltas[..., 2].clamp_(min=_LEAST_DT_MS)
        taken = replace(taken, deltas=deltas)  # what it clamped at padding goes back to zero
    else:
        taken = _moving(movements, movements)
    kept = codec.sequence_length
    if not bool(codec.fits(taken).all()):
        taken = replace(taken, deltas=taken.deltas[:, :kept], lengths=taken.lengths.clamp(max=kept))
    return taken


def _moving(taken: Trajectories, movements: Trajectories) -> Trajectories:
    """Return `taken` with a pixel and a millisecond where a movement has no path or no duration."""
    still, timeless = taken.path_px <= 0, taken.duration_ms <= 0
    if not bool((still | timeless).any()):
        return taken
    deltas = taken.deltas.clone()
    one = torch.where(still, 1, taken.lengths)
    deltas[:, 0, 0] = torch.where(still, 1.0, deltas[:, 0, 0])
    whole_ms = torch.where(still, movements.duration_ms, deltas[:, 0, 2])
    deltas[:, 0, 2] = torch.where(
        timeless | still, whole_ms.clamp(min=_LEAST_DT_MS), deltas[:, 0, 2]
    )
    return replace(taken, deltas=deltas, lengths=one)
