"""Splits people, rather than gestures, into train, val and test."""

from collections.abc import Iterable

import numpy as np

from humouse.data.sources.folder import natural_key
from humouse.errors import InputError

SPLITS = ("train", "val", "test")


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
            "test need at least one each; add recordings of more people, or loosen the gesture "
            "rules"
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
