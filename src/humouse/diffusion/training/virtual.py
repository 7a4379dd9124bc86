"""Virtual people: people of the train split, as they would have been recorded on other devices."""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from humouse.codec import Codec
from humouse.data.devices import DeviceRules, through_devices
from humouse.ragged import Movements, Ragged
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories

_DEVICES = 3
_GESTURES = 150
_AT_A_TIME = 4096
_RULES = DeviceRules(
    paced=0.3,
    pace=(0.8, 1.25),
    clocked=1.0,
    clock_ms=(5.0, 40.0),
    fast=0.0,
    slow=0.05,
    smooth=0.8,
    held=0.7,
    late=0.2,
    late_ms=3.0,
    whole_ms=1.0,
    coarse=0.1,
    rounded=1.0,
    floored=0.0,
)
"""Devices with a clock of their own, in whole px and ms; most see a smooth curve, as a finer clock would."""


def virtual_people(train: Movements, codec: Codec, seed: int) -> tuple[Ragged, Int[Tensor, "M"]]:
    """Return gestures of each person on some random devices, and the rows that they were made of.

    Each device makes another person, of a set-up of its own: there is nobody whose style is alike.

    Args:
        train: The train split.
        codec: What does not fit it is left out.
        seed: Of the devices and of the gestures chosen.
    """
    train = Ragged.of(train)
    people = train.person
    g = np.random.default_rng(derive_seed(seed, "virtual people"))
    rows: list[np.ndarray] = []
    device: list[np.ndarray] = []
    user: list[str] = []
    for person in np.unique(people):
        own = np.flatnonzero(people == person)
        for number in range(_DEVICES):
            chosen = g.permutation(own)[:_GESTURES]
            device.append(np.full(len(chosen), len(device)))
            rows.append(chosen)
            user += [f"{person} on device {number}/virtual"] * len(chosen)
    source, on = torch.from_numpy(np.concatenate(rows)), np.concatenate(device)
    names = np.array(user)
    made, kept = [], []
    for some in torch.arange(len(source)).split(_AT_A_TIME):
        seen = through_devices(train[source[some]].as_steps(), _RULES, seed, on[some])
        virtual = replace(Trajectories.from_padded(seen, train.origin), user=names[some])
        fits = codec.fits(virtual)
        made.append(Ragged.of(virtual[fits].trimmed()))
        kept.append(source[some][fits])
    return Ragged.joined(made), torch.cat(kept)
