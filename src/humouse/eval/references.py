"""What stands beside every score: other people, the same people, replay, and two simple bots."""

import numpy as np

from humouse.bots import BOTS
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories

REFERENCES = ("other_people", "same_people", "replay", "line", "bezier")
"""other_people: the train people, the floor of every score. same_people: two halves of the people's
own gestures. replay: train gestures again, the ceiling of realism and the alarm for copying. line,
bezier: bots that move between people's own endpoints, in their time, with their clocks."""


def reference(
    name: str, people: Trajectories, train: Trajectories, n: int, seed: int
) -> tuple[Trajectories, Trajectories]:
    """Return (standard, judged) movements of one reference, at most n of each.

    Args:
        name: Which of `REFERENCES`.
        people: Those that everything is compared with.
        train: Other people.
        n: How many movements.
        seed: Of every draw.
    """
    rng = np.random.default_rng(derive_seed(seed, "reference", name))
    if name == "same_people":
        return halves(people, n, rng)
    if name == "other_people":
        return people, train[np.sort(rng.permutation(len(train))[:n])]
    if name == "replay":
        return people, BOTS["replay"](train).sample(n, seed=seed)
    return people, BOTS[name](people).sample(n, seed=seed)


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
