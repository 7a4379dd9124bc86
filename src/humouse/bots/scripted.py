"""The base of every bot that computes its path to a target instead of replaying a recording."""

from abc import abstractmethod

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.bots.bot import Bot, check_request, recorded_order
from humouse.bots.random_streams import BLOCK, RandomStreams, rows_to_make
from humouse.bots.target import Target, TargetSampler, conditions
from humouse.codec import TARGET_CONDITIONS
from humouse.errors import InputError
from humouse.trajectories import Trajectories


class ScriptedBot(Bot):
    """A bot with a person's start, goal and timing, and a path of its own.

    A subclass returns the position at the end of each step. Positions are rounded to whole pixels and
    then differenced, so that the end is exact.

    Args:
        people: Recorded movements. Each movement made takes the goal, duration, start and clock of
            one of them.
        tick_ms: Constant time between steps, at least 1; None uses the recorded times.

    Raises:
        InputError: A setting is out of range, or no recorded movement has a displacement.
    """

    def __init__(self, people: Trajectories, *, tick_ms: float | None = None) -> None:
        if tick_ms is not None and not 1 <= tick_ms < torch.inf:
            raise InputError(f"tick_ms={tick_ms:g}: must be at least 1")
        self._targets = TargetSampler(people, tick_ms=tick_ms)

    @abstractmethod
    def _path(self, target: Target, streams: RandomStreams) -> Float[Tensor, "B T 2"]:
        """Return [B, T, 2] the position at the end of each step, from the start (px).

        The last step ends at the goal whatever is returned for it. Row i may depend only on row i
        of the target and of the draws, and not on T.
        """

    def source_indices(self, n: int, *, seed: int) -> Int[Tensor, "n"]:
        """Return [n] indices of the recordings behind the targets; see `Bot.source_indices`."""
        order = recorded_order(len(self._targets), n, seed, self.name)
        return self._targets.recording[order]

    def sample(
        self,
        n: int,
        *,
        seq_len: int | None = None,
        cond: Float[Tensor, "*n K"] | None = None,
        seed: int,
    ) -> Trajectories:
        """Return n movements, in whole px and ms; see `Bot.sample`, and `TargetSampler.draw` for `cond`."""
        check_request(n, seq_len, cond, seed)
        targets = self._draw_targets(n, seq_len, cond, seed)
        lengths = torch.cat([target.lengths for target in targets])[:n]
        deltas = torch.zeros(n, int(lengths.max()), 3)
        for block, target in enumerate(targets):
            into = deltas[block * BLOCK : (block + 1) * BLOCK]
            streams = RandomStreams(seed, self.name, block, rows=len(target.lengths))
            steps = self._steps(target, streams)
            T = min(steps.shape[1], into.shape[1])
            into[:, :T] = steps[: len(into), :T]
        start = torch.cat([target.start_px for target in targets])[:n]
        return Trajectories(deltas, lengths, start, None, self.name)

    def _draw_targets(
        self, n: int, seq_len: int | None, cond: Tensor | None, seed: int
    ) -> list[Target]:
        """Return the targets of each block of n movements, with a few rows more in the last."""
        blocks = -(-n // BLOCK)
        order = recorded_order(len(self._targets), blocks * BLOCK, seed, self.name)
        wanted: list[Tensor | None] = [None] * blocks
        if cond is not None:  # rows past n have no conditions: they do not depend on n
            rest = torch.full((blocks * BLOCK - n, len(TARGET_CONDITIONS)), torch.nan)
            wanted = list(torch.cat([conditions(cond, n), rest]).split(BLOCK))
        targets = []
        for block, asked in enumerate(wanted):
            first = block * BLOCK
            rows = order[first : first + rows_to_make(n - first)]
            asked = None if asked is None else asked[: len(rows)]
            targets.append(self._targets.draw(rows, asked, seq_len))
        return targets

    def _steps(self, target: Target, streams: RandomStreams) -> Float[Tensor, "B T 3"]:
        """Return [B, T, 3] the steps of a block; past a movement's end they are not zeroed."""
        path = self._path(target, streams).round()
        ended = torch.arange(path.shape[1]) >= target.lengths[:, None] - 1
        path = torch.where(ended[..., None], target.goal_px[:, None], path)
        points = torch.cat([path, target.times_ms[..., None]], -1)
        return points.diff(dim=1, prepend=points.new_zeros(len(points), 1, 3))


def check_not_negative(**settings: float) -> None:
    """Raise InputError for the first setting that is negative or no number."""
    for name, value in settings.items():
        if not 0 <= value < torch.inf:
            raise InputError(f"{name}={value:g}: must be a number, at least 0")
