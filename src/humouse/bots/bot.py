"""The interface of every bot: it is made from recorded people and answers `sample`."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.codec import TARGET_CONDITIONS, check_condition_values
from humouse.errors import InputError
from humouse.points import MOST_STEPS
from humouse.randomness import generator
from humouse.trajectories import Trajectories


class Bot(ABC):
    """A bot made from a sample of recorded people.

    `name` is its key in `BOTS` and the origin of its movements; bots of one `family` are variants of
    one another and are held out together.
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
            seq_len: Steps of each; None has as many as the drawn recording, or as the duration needs.
            cond: [K] or [n, K], the first K of goal_dx_px, goal_dy_px, duration_ms, path_px; NaN
                where not given. They replace what was drawn.
            seed: 0 or more. Movement i depends only on the bot, the seed, its conditions and i.

        Raises:
            InputError: An argument is out of range, or this bot cannot obey it.
        """

    @abstractmethod
    def source_indices(self, n: int, *, seed: int) -> Int[Tensor, "n"]:
        """Return [n] indices of the recordings that the movements of this seed take their targets from.

        `people.user[bot.source_indices(n, seed=seed)]` names the people whose targets
        they have.
        """


def recorded_order(people: int, n: int, *key: int | str) -> Int[Tensor, "n"]:
    """Return [n] which of `people` recordings each movement uses: none again before all were used.

    The first entries do not depend on n; `key` is the seed and the bot's name.
    """
    shuffled = torch.randperm(people, generator=generator(*key, "people"))
    return shuffled[torch.arange(n) % people]


def check_request(n: int, seq_len: int | None, cond: Tensor | None, seed: int) -> None:
    """Raise InputError, naming the argument, for the first that no bot can serve."""
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
    if not 1 <= K <= len(TARGET_CONDITIONS):
        raise InputError(
            f"cond: {K} conditions given; the known ones are {', '.join(TARGET_CONDITIONS)}"
        )
    check_condition_values(cond, n)
