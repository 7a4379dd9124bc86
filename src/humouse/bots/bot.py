"""What every mover is: made from recorded people, it answers `sample`."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.codec import ERRAND, check_condition_values
from humouse.errors import InputError
from humouse.randomness import generator
from humouse.trajectories import Trajectories

MOST_STEPS = 4096
"""No movement is longer: a slip in a unit should be an error, not a full memory."""


class Bot(ABC):
    """A mover made from a sample of recorded people.

    `name` is its key in `BOTS` and the origin of what it makes; movers of one `family` are variants
    of one another, to be held out together.
    """

    name: ClassVar[str]
    family: ClassVar[str]

    @abstractmethod
    def __init__(self, people: Trajectories) -> None: ...

    @abstractmethod
    def sample(
        self,
        n: int,
        *,
        seq_len: int | None = None,
        cond: Float[Tensor, "*n K"] | None = None,
        seed: int,
    ) -> Trajectories:
        """Return n movements, in px and ms.

        Args:
            n: How many.
            seq_len: Steps of each; None has as many as the drawn recording, or as its time asks for.
            cond: [K] or [n, K], the first K of goal_dx_px, goal_dy_px, duration_ms, path_px; NaN
                where not given. Takes the place of what was drawn.
            seed: Movement i depends on the mover, the seed, its conditions and i alone; 0 or more.

        Raises:
            InputError: An argument is out of range, or this mover cannot obey it.
        """

    @abstractmethod
    def followed(self, n: int, *, seed: int) -> Int[Tensor, "n"]:
        """Return [n] the numbers of the recordings that the movements of this seed follow.

        `people.user[bot.followed(n, seed=seed)]` names whose errands they run.
        """


def recorded_order(people: int, n: int, *key: int | str) -> Int[Tensor, "n"]:
    """Return [n] which of `people` recordings each movement follows: none twice until all had a turn.

    A prefix does not depend on n; `key` is the seed and the mover's name.
    """
    shuffled = torch.randperm(people, generator=generator(*key, "people"))
    return shuffled[torch.arange(n) % people]


def check_request(n: int, seq_len: int | None, cond: Tensor | None, seed: int) -> None:
    """Raise InputError, naming the argument, for the first that no mover can serve."""
    if n < 1:
        raise InputError(f"n={n}: ask for at least 1 movement")
    if seed < 0:
        raise InputError(f"seed={seed}: must be at least 0")
    if seq_len is not None and not 1 <= seq_len <= MOST_STEPS:
        raise InputError(f"seq_len={seq_len}: must lie in 1…{MOST_STEPS}")
    if cond is not None:
        _check_condition(n, cond)


def _check_condition(n: int, cond: Tensor) -> None:
    if cond.ndim not in (1, 2):
        raise InputError(f"cond: {cond.ndim} dimensions; give [K], or [n, K]")
    K = cond.shape[-1]
    if not 1 <= K <= len(ERRAND):
        raise InputError(f"cond: {K} conditions given; the known ones are {', '.join(ERRAND)}")
    check_condition_values(cond, n)
