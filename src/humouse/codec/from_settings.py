"""The codec that settings describe."""

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
        modes=data.modes,
        companding=data.companding,
        normalize=data.normalize_sequences,
    )


def codec_differences(codec: Codec, data: DataSettings) -> str:
    """Return what a codec has otherwise than a run's data settings; empty where they agree."""
    wanted = make_codec(data)
    theirs = {"codec": codec.name, **codec.settings()}
    ours = {"codec": wanted.name, **wanted.settings()}
    return "; ".join(
        f"{key}: {theirs.get(key)}, here {ours[key]}"
        for key in ours
        if theirs.get(key) != ours[key]
    )
