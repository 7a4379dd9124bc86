"""The check that every detector makes: a movement has at least two points."""

from humouse.errors import InputError
from humouse.trajectories import Trajectories


def check_steps(movements: Trajectories) -> None:
    """Raise InputError, naming the row, for a movement of less than two points."""
    empty = (movements.lengths < 1).nonzero()[:, 0].tolist()
    if empty:
        more = f", and so have {len(empty) - 1:,} more" if empty[1:] else ""
        raise InputError(
            f"movements ({movements.origin}): row {empty[0]} has one point and no step{more}; "
            "leave out movements of less than two points"
        )
