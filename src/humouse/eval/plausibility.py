"""Checks of the movements behind a score, as warnings for its reader."""

import math

import numpy as np

from humouse.errors import InputError
from humouse.trajectories import Trajectories

FEWEST = 20
ENOUGH = 200
_FEW_USERS = 5
# A hand's gestures have a mean speed of some 100 to 3,000 px/s; screens differ by a factor of a few.
_SPEED_PX_S = (20.0, 30_000.0)


def with_steps(movements: Trajectories) -> tuple[Trajectories, list[str]]:
    """Return the movements that have a step, and a warning if some have none."""
    moving = movements.lengths > 0
    empty = int((~moving).sum())
    if not empty:
        return movements, []
    warning = f"{movements.origin}: {empty:,} of {len(movements):,} movements are empty; left out"
    return movements[moving.nonzero()[:, 0]], [warning]


def check_size(real: Trajectories, fake: Trajectories, most: int | None = None) -> list[str]:
    """Return a warning where so few can be compared that a score says little.

    Args:
        real: People's movements.
        fake: The judged ones.
        most: Largest number of each that is compared.

    Raises:
        InputError: They are fewer than 20; the side that is short is named.
    """
    counts = [int((side.lengths > 0).sum()) for side in (real, fake)]
    for side, count in zip((real, fake), counts, strict=True):
        if count < FEWEST:
            empty = f" ({len(side) - count:,} more are empty)" if len(side) > count else ""
            raise InputError(
                f"{side.origin}: {count} movements{empty}; at least {FEWEST} are needed to compare"
            )
    n = min(*counts, most or counts[0])
    if n < FEWEST:
        raise InputError(
            f"{n} movements per set are too few to compare; at least {FEWEST} are needed"
        )
    if n >= ENOUGH:
        return []
    # Hanley & McNeil 1982: the area of two equal sets has the variance (2n + 1) / 12n².
    width = 1.96 * math.sqrt((2 * n + 1) / 12) / n
    return [
        f"only {n} movements per set: the AUC of two equal sets can fall anywhere within "
        f"0.5 ± {width:.2f}; compare {ENOUGH} or more (2,000 give ± 0.02)"
    ]


def warnings_about(real: Trajectories, fake: Trajectories) -> list[str]:
    """Return what is odd about either set: its unit, its people, copies between them."""
    return [*_unit(real), *_unit(fake), *_people(real), *_copies(real, fake)]


def _unit(movements: Trajectories) -> list[str]:
    seconds = movements.duration_ms.double().clamp(min=1e-9) / 1000
    speeds = (movements.path_px.double() / seconds).cpu().numpy()
    median = float(np.median(speeds))
    low, high = _SPEED_PX_S
    if low <= median <= high:
        return []
    path = float(movements.path_px.median())
    if path < 10:
        guess = "positions look like shares of the screen or inches, not px"
    elif median > high:
        guess = "times look like seconds, not ms"
    else:
        guess = "times look like µs, not ms"
    return [
        f"{movements.origin}: the median speed is {median:.3g} px/s, which no hand reaches; {guess} "
        "(dx and dy must be px, dt ms)"
    ]


def _people(real: Trajectories) -> list[str]:
    if real.user is None:
        return [
            f"{real.origin}: people are not named: no person is held out, and the intervals treat "
            "gestures as independent, which those of one person are not"
        ]
    names = np.unique(real.user)
    if len(names) == 1:
        return [
            f"{real.origin}: all gestures are {names[0]}'s: no person can be held out, and the "
            "intervals say nothing about other people"
        ]
    if len(names) < _FEW_USERS:
        return [
            f"{real.origin}: only {len(names)} people: the intervals are rough, and there are few folds"
        ]
    return []


def _copies(real: Trajectories, fake: Trajectories) -> list[str]:
    """Return a warning where movements stand on both sides."""
    originals, copies = set(_as_bytes(real)), _as_bytes(fake)
    common = sum(movement in originals for movement in copies)
    if not common:
        return []
    if common == len(fake) and originals == set(copies):
        return [
            f"{real.origin} and {fake.origin} are the same movements: every score is at its ideal "
            "because of that alone"
        ]
    return [
        f"{common:,} of {len(fake):,} movements of {fake.origin} are also among those of "
        f"{real.origin}: its scores look better than they are"
    ]


def _as_bytes(movements: Trajectories) -> list[bytes]:
    steps = movements.deltas.cpu().numpy()
    lengths = movements.lengths.cpu().tolist()
    return [row[:n].tobytes() for row, n in zip(steps, lengths, strict=True)]
