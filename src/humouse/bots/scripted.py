"""Bots that run errands: the base of every mover whose path is written down rather than recorded."""

from abc import abstractmethod

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.bots.bot import Bot, check_request, recorded_order
from humouse.bots.chance import BLOCK, Chance, made_together
from humouse.bots.errand import Errand, Errands, conditions
from humouse.errors import InputError
from humouse.trajectories import Trajectories


class ScriptedBot(Bot):
    """A bot that goes where a person went, in that person's time, along a path of its own.

    A subclass says where it is at the end of each step. Positions are rounded to whole pixels and
    then differenced, so that the end is exact.

    Args:
        people: Recorded movements that goals, durations, starts and clocks are drawn from, all of
            one gesture for each movement made.
        tick_ms: Time between the reports of a naive clock, at least 1; None has the human one, which
            reports when the drawn person's device did.

    Raises:
        InputError: A setting is out of range, or no recorded movement leads anywhere.
    """

    def __init__(self, people: Trajectories, *, tick_ms: float | None = None) -> None:
        if tick_ms is not None and not 1 <= tick_ms < torch.inf:
            raise InputError(f"tick_ms={tick_ms:g}: must be at least 1")
        self._errands = Errands(people, tick_ms=tick_ms)

    @abstractmethod
    def _path(self, errand: Errand, chance: Chance) -> Float[Tensor, "B T 2"]:
        """Return [B, T, 2] where it is at the end of each step, from the start (px).

        The last step leads to the goal whatever is returned for it. Row i may depend on row i of
        the errand and of the draws alone, and not on T.
        """

    def followed(self, n: int, *, seed: int) -> Int[Tensor, "n"]:
        """Return [n] the numbers of the recordings that are followed; see `Bot.followed`."""
        order = recorded_order(len(self._errands), n, seed, self.name)
        return self._errands.recording[order]

    def sample(
        self,
        n: int,
        *,
        seq_len: int | None = None,
        cond: Float[Tensor, "*n K"] | None = None,
        seed: int,
    ) -> Trajectories:
        """Return n movements, in whole px and ms; see `Bot.sample`, and `Errands.draw` for `cond`."""
        check_request(n, seq_len, cond, seed)
        blocks = -(-n // BLOCK)
        order = recorded_order(len(self._errands), blocks * BLOCK, seed, self.name)
        # Past n nothing is asked for: the rest of a block is as it would be for a greater n.
        given: list[Tensor | None] = [None] * blocks
        if cond is not None:
            rest = torch.full((blocks * BLOCK - n, 4), torch.nan)
            given = list(torch.cat([conditions(cond, n), rest]).split(BLOCK))
        errands = []
        for number, asked in enumerate(given):
            first = number * BLOCK
            rows = order[first : first + made_together(n - first)]
            errands.append(
                self._errands.draw(rows, None if asked is None else asked[: len(rows)], seq_len)
            )
        lengths = torch.cat([errand.lengths for errand in errands])[:n]
        deltas = torch.zeros(n, int(lengths.max()), 3)
        for number, errand in enumerate(errands):
            into = deltas[number * BLOCK : (number + 1) * BLOCK]
            steps = self._steps(errand, Chance(seed, self.name, number, rows=len(errand.lengths)))
            T = min(steps.shape[1], into.shape[1])
            into[:, :T] = steps[: len(into), :T]
        start = torch.cat([errand.start_px for errand in errands])[:n]
        return Trajectories(deltas, lengths, start, None, self.name)

    def _steps(self, errand: Errand, chance: Chance) -> Float[Tensor, "B T 3"]:
        """Return [B, T, 3] the steps of a block; what lies past a movement's end is not zeroed."""
        path = self._path(errand, chance).round()
        ended = torch.arange(path.shape[1]) >= errand.lengths[:, None] - 1
        path = torch.where(ended[..., None], errand.goal_px[:, None], path)
        points = torch.cat([path, errand.times_ms[..., None]], -1)
        return points.diff(dim=1, prepend=points.new_zeros(len(points), 1, 3))


def check_not_negative(**settings: float) -> None:
    """Raise InputError for the first setting that is negative or no number."""
    for name, value in settings.items():
        if not 0 <= value < torch.inf:
            raise InputError(f"{name}={value:g}: must be a number, at least 0")
