"""The codec that settings ask for, fitted on a train split."""

from humouse.codec import CanonicalCodec, Codec, EventCodec
from humouse.settings import DataSettings


def make_codec(data: DataSettings) -> Codec:
    """Return the unfitted codec that a run's data settings describe."""
    if data.codec == EventCodec.name:
        return EventCodec(
            sequence_length=data.sequence_length,
            companding_px=data.companding_px,
            clock=data.clock,
            merge_zero_moves=data.merge_zero_moves,
            normalize=data.normalize_sequences,
        )
    return CanonicalCodec(
        sequence_length=data.sequence_length,
        canonicalize_path=data.canonicalize_path,
        canonicalize_duration=data.canonicalize_duration,
        rotate_to_plus_x=data.rotate_to_plus_x,
        normalize=data.normalize_sequences,
    )
