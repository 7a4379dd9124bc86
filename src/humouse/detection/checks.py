"""The check that every detector makes: a movement has at least two points."""

import numpy as np

from humouse.errors import InputError
from humouse.steps import Steps
from humouse.trajectories import Trajectories


def check_steps(movements: Trajectories | Steps) -> None:
    """Raise InputError, naming the row, for a movement of less than two points."""
    empty = np.flatnonzero(movements.as_steps().lengths < 1).tolist()
    if empty:
        of = f" ({movements.origin})" if isinstance(movements, Trajectories) else ""
        more = f", and so have {len(empty) - 1:,} more" if empty[1:] else ""
        raise InputError(
            f"movements{of}: row {empty[0]} has one point and no step{more}; "
            "leave out movements of less than two points"
        )
