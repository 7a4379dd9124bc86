"""What the gate says of an autoencoder: whether people who went through it are told from themselves."""

from collections.abc import Mapping
from pathlib import Path

GOOD_AUC, WARNED_AUC = 0.52, 0.55
"""What a good reconstruction reaches, and what is warned of."""


def verdict(gate: Mapping[str, float], path: str | Path) -> str:
    """Return one line about an autoencoder: its numbers, and a warning where they are bad.

    Args:
        gate: "gate_PROBE_auc" of each probe and, of a codec with a grid, "exact_steps"; empty where
            the training was interrupted before it could tell.
        path: Its checkpoint.
    """
    areas = {name: value for name, value in gate.items() if name.startswith("gate_")}
    if not areas:
        return f"warning: {path} was not finished: nobody knows how well it gives movements back"
    told = ", ".join(f"{name} {value:.3f}" for name, value in gate.items())
    if max(areas.values()) > WARNED_AUC:
        return (
            f"warning: {path}: people who went through it are told from themselves ({told}; at most "
            f"{GOOD_AUC} is good), and so will be all that a model on it makes; give it more epochs or "
            "more latent_channels"
        )
    return f"reconstruction of {path}: {told} (at most {GOOD_AUC} is good)"
