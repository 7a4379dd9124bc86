"""Cleans movements before they are measured, in the same way for people, bots and unknown ones."""

from humouse.codec import merge_zero_moves
from humouse.trajectories import Trajectories


def preprocess(movements: Trajectories) -> Trajectories:
    """Return the movements with zero moves merged, without those that then have no step."""
    merged = merge_zero_moves(movements)
    return merged[(merged.lengths >= 1).nonzero()[:, 0]].trimmed()
