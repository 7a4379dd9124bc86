"""Codecs: `Trajectories` ⇄ the normalised tensors that models use. A codec owns all fitted statistics.

`CanonicalCodec` is the specification's frame (§1): recentred, rotated to +x, resampled to a fixed
clock, unit path and duration. `EventCodec` keeps the recorded events: whole pixels and milliseconds,
companded so that moves of one pixel and of a hundred are both resolved.
"""

from collections.abc import Mapping
from typing import Any

from humouse.codec.band import resample
from humouse.codec.base import Codec
from humouse.codec.canonical import CanonicalCodec
from humouse.codec.coerce import coerce_to_codec
from humouse.codec.event import EventCodec, merge_zero_moves
from humouse.codec.frame import (
    CONDITION_GROUPS,
    TARGET_CONDITIONS,
    Frame,
    check_condition_values,
    condition_vector,
    in_pixels,
    valid_steps,
)
from humouse.codec.priors.empirical import EmpiricalPrior
from humouse.codec.priors.learned import LearnedPrior
from humouse.codec.priors.setups import SetupPrior
from humouse.settings.choices import CONDITIONS

__all__ = [
    "CODECS",
    "CONDITIONS",
    "CONDITION_GROUPS",
    "TARGET_CONDITIONS",
    "CanonicalCodec",
    "Codec",
    "EmpiricalPrior",
    "EventCodec",
    "Frame",
    "LearnedPrior",
    "SetupPrior",
    "check_condition_values",
    "codec_from_state",
    "coerce_to_codec",
    "condition_vector",
    "in_pixels",
    "merge_zero_moves",
    "of_earlier_frame",
    "resample",
    "valid_steps",
]

CODECS: dict[str, type[Codec]] = {codec.name: codec for codec in (CanonicalCodec, EventCodec)}


def of_earlier_frame(state: Mapping[str, Any]) -> bool:
    """Return whether a `state_dict` is of the canonical frame before it had modes."""
    base = state.get("base", state)
    settings = base.get("settings") if isinstance(base, dict) else None
    if not isinstance(settings, dict):
        return False
    return bool(settings.get("canonicalize_duration")) and "modes" not in settings


def codec_from_state(state: Mapping[str, Any]) -> Codec:
    """Return the fitted codec that `Codec.state_dict` described.

    Raises:
        ValueError: It is no such state.
    """
    try:
        codec = CODECS[state["name"]](**state["settings"])
        codec.load(state)
        codec.rehearse()
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError) as error:
        raise ValueError(f"its codec cannot be right: {error}") from error
    return codec
