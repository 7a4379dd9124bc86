"""From tables of pointer events to gestures, and from gestures to `Trajectories`."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from humouse.data.events.event import STATES
from humouse.gestures import GestureRules, Gestures, cut
from humouse.trajectories import Trajectories


def cut_gestures(events: pl.DataFrame, rules: GestureRules) -> Gestures:
    """Return the gestures in a table of events.

    Only moves and drags are points; scrolls are ignored. A gesture ends at a press or release, at a pause
    longer than `gap_ms`, where time runs backwards and where another run begins.

    Args:
        events: In the form of `humouse.data.sources.EVENT_SCHEMA`.
        rules: What counts as a gesture.

    Returns:
        The gestures; `first` numbers rows of the table.
    """
    state = events["state"].to_physical().to_numpy()
    motion = state <= STATES.index("drag")
    button = (state == STATES.index("press")) | (state == STATES.index("release"))
    cuts = (button & rules.cut_at_presses).cumsum()[motion]
    run = events["run"].to_numpy()[motion]
    t_ms = events["t_ms"].to_numpy()[motion]
    position_px = events.select("x_px", "y_px").to_numpy()[motion]
    user = events["user"].to_numpy()[motion]

    apart = (np.diff(cuts) != 0) | (run[1:] != run[:-1])
    found = cut(t_ms, position_px, user, apart, rules)
    return replace(found, first=np.flatnonzero(motion)[found.first])


def to_trajectories(parts: Sequence[Gestures], origin: str) -> Trajectories:
    """Return the gestures of all `parts` as one batch, padded to the longest.

    Args:
        parts: At least one.
        origin: The dataset's name.
    """
    return Trajectories.from_steps(
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.lengths for part in parts]),
        np.concatenate([part.start for part in parts]),
        np.concatenate([part.user for part in parts]),
        origin,
    )
