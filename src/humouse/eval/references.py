"""The references of every score: other people, the same people, replay, and two simple bots."""

from typing import NamedTuple

import numpy as np

from humouse.bots import BOTS
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories


class Reference(NamedTuple):
    """Two sets to compare, as a generator's movements are compared with people's.

    Args:
        standard: People's movements.
        judged: Those compared with them.
        train: What the judged may have copied.
    """

    standard: Trajectories
    judged: Trajectories
    train: Trajectories


def reference(name: str, people: Trajectories, train: Trajectories, n: int, seed: int) -> Reference:
    """Return one reference, at most n movements in each set.

    Other people are train gestures; the rest of the train split is the set that they may have copied,
    so the baseline of copying is how near new gestures of the train people come to it.

    Args:
        name: Which of `choices.REFERENCES`.
        people: Those that everything is compared with.
        train: Other people.
        n: How many movements.
        seed: Of every draw.
    """
    rng = np.random.default_rng(derive_seed(seed, "reference", name))
    if name == "same_people":
        return Reference(*halves(people, n, rng), train)
    if name == "other_people":
        shuffled = rng.permutation(len(train))
        chosen, rest = np.sort(shuffled[:n]), np.sort(shuffled[n:])
        return Reference(people, train[chosen], train[rest])
    made = BOTS[name](train if name == "replay" else people).sample(n, seed=seed)
    return Reference(people, made, train)


def halves(
    people: Trajectories, n: int, rng: np.random.Generator
) -> tuple[Trajectories, Trajectories]:
    """Return two disjoint halves of each person's gestures, at most n in each."""
    shuffled = rng.permutation(len(people))
    if people.user is not None:  # alternately within each person, after a shuffle
        shuffled = shuffled[np.argsort(people.user[shuffled], kind="stable")]
    first, second = (_few(shuffled[start::2], n, rng) for start in (0, 1))
    return people[first], people[second]


def _few(rows: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.permutation(rows)[:n])
