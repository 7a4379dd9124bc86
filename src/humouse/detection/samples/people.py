"""People in roles: who a detector is fitted on, calibrated on, evaluated on."""

from dataclasses import replace

import numpy as np

from humouse.errors import InputError
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories

ROLES = FIT, CALIBRATE, EVALUATE, ACROSS = "fit", "calibrate", "evaluate", "across"
"""`ACROSS` is for the people of another dataset."""


def split_by_user(
    train: Trajectories, calibration_share: float, seed: int
) -> tuple[Trajectories, Trajectories]:
    """Return the movements of the people to fit on, and of those to calibrate on.

    Raises:
        InputError: The share is out of range, the people have no names, or there are not two of them.
    """
    if not 0 < calibration_share < 1:
        raise InputError(f"calibration_share={calibration_share}: must lie between 0 and 1")
    names = people_of(train)
    if len(names) < 2:
        raise InputError(
            f"{train.origin}: {len(names)} people to fit and calibrate on; at least 2 are needed, so "
            "that thresholds come from people that the detector has not seen"
        )
    count = min(len(names) - 1, max(1, round(calibration_share * len(names))))
    rng = np.random.default_rng(derive_seed(seed, "calibration people"))
    held_out = np.isin(np.asarray(train.user), rng.permutation(names)[:count])
    return train[np.flatnonzero(~held_out)], train[np.flatnonzero(held_out)]


def people_of(movements: Trajectories) -> np.ndarray:
    """Return the names of the people, each once; empty where people have no names."""
    return np.empty(0, str) if movements.user is None else np.unique(movements.user)


def subsample(people: Trajectories, n: int, seed: int) -> Trajectories:
    """Return n movements drawn without replacement, in recorded order, or all there are."""
    order = np.random.default_rng(derive_seed(seed, "gestures")).permutation(len(people))
    return people[np.sort(order[:n])].trimmed()


def named_apart(people: Trajectories, setup: str) -> Trajectories:
    """Return the movements with the set-up's name before each person's: another one's may be alike."""
    if people.user is None:
        return people
    return replace(people, user=np.char.add(f"{setup}/", people.user.astype(str)))
