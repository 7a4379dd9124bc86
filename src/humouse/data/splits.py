"""Splits people, rather than gestures, into train, val and test."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from humouse.data.names import natural_key
from humouse.errors import InputError

SPLITS = ("train", "val", "test")
PEOPLE, SESSIONS, TIME = "people", "sessions", "time"


def held_out_gestures(n: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return which of n train gestures are trained on, and which are held out for evaluation.

    The same for every model and seed, so that no model has been trained on what another is evaluated by.

    Args:
        n: Number of gestures of the train people.
        share: Share of them that is held out, below 1.
    """
    order = np.random.default_rng(n).permutation(n)
    held_out = round(share * n)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def split_users(
    users: Iterable[str], *, val: float = 0.2, test: float = 0.2, seed: int
) -> dict[str, list[str]]:
    """Return the people of "train", "val" and "test": disjoint, and together everybody.

    The order of `users` does not matter. val and test get their share rounded to whole people, at least
    one each; train gets the rest.

    Args:
        users: Names of the people.
        val: Share of the people that go to val.
        test: Share of the people that go to test.
        seed: Seed of the shuffle.

    Raises:
        InputError: There are fewer than three people, or a share leaves a split empty.
    """
    names = sorted(set(users), key=natural_key)
    for setting, share in (("val_fraction", val), ("test_fraction", test)):
        if not 0 < share < 1:
            raise InputError(f"{setting}={share}: must lie between 0 and 1")
    if len(names) < len(SPLITS):
        raise InputError(
            f"{len(names)} people with gestures ({', '.join(names) or 'none'}): train, val and "
            "test need at least one each; add recordings of more people, loosen the gesture rules, or "
            "divide the same people's recordings: split.by=sessions or split.by=time"
        )
    val_count = max(1, round(val * len(names)))
    test_count = max(1, round(test * len(names)))
    if val_count + test_count >= len(names):
        raise InputError(
            f"val_fraction={val}, test_fraction={test}: nobody of {len(names)} people is left to "
            "train on; lower them"
        )
    shuffled = [names[i] for i in np.random.default_rng(seed).permutation(len(names))]
    ends = {"val": shuffled[:val_count], "test": shuffled[val_count : val_count + test_count]}
    parts = {"train": shuffled[val_count + test_count :], **ends}
    return {split: sorted(parts[split], key=natural_key) for split in SPLITS}


def divide(
    sources: Sequence[tuple[str, str]],
    source_of: np.ndarray,
    *,
    by: str,
    val: float,
    test: float,
    seed: int,
) -> np.ndarray:
    """Return [N] which of `SPLITS` each gesture goes to.

    By people, whole people are drawn (`split_users`). By sessions, whole sessions of each person are
    drawn in the same way, and a person with fewer than three sessions is in train alone. By time, each
    person's gestures are divided in the order of recording: train first, then val, then test.

    Args:
        sources: The person and session of each source.
        source_of: [N] the source of each gesture, in the order of recording.
        by: "people", "sessions" or "time".
        val: Share that goes to val.
        test: Share that goes to test.
        seed: Seed of what is drawn.

    Raises:
        InputError: There is too little to divide, or a share leaves a split empty.
    """
    if by not in (PEOPLE, SESSIONS, TIME):
        raise InputError(f"split.by={by}: choose {PEOPLE}, {SESSIONS} or {TIME}")
    user = np.array([user for user, _ in sources])[source_of]
    people = np.unique(user)
    if by == PEOPLE:
        return _numbers(split_users(people, val=val, test=test, seed=seed), user)
    number = np.zeros(len(user), np.int64)
    for name in people:
        rows = np.flatnonzero(user == name)
        if by == TIME:
            ends = np.round(np.cumsum([1 - val - test, val]) * len(rows)).astype(int)
            number[rows] = np.searchsorted(ends, np.arange(len(rows)), side="right")
            continue
        session = np.array([session for _, session in sources])[source_of[rows]]
        names = np.unique(session)
        if len(names) >= len(SPLITS):
            drawn = split_users(names, val=val, test=test, seed=seed)
            number[rows] = _numbers(drawn, session)
    if len(np.unique(number)) < len(SPLITS):
        other = "split.by=time divides one session" if by == SESSIONS else "record more"
        raise InputError(
            f"split.by={by}: too little to divide ({len(people)} people, {len(sources)} sessions, "
            f"{len(user)} gestures); {other}"
        )
    return number


def _numbers(parts: Mapping[str, Sequence[str]], names: np.ndarray) -> np.ndarray:
    """Return [N] the number of the part that holds each name."""
    number = np.zeros(len(names), np.int64)
    for at, split in enumerate(SPLITS):
        number[np.isin(names, list(parts[split]))] = at
    return number
