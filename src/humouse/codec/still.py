"""Points without motion: what some recorders write while the pointer rests between two moves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64

from humouse.codec.style import FEWEST_PEOPLE
from humouse.ragged import Movements, Ragged
from humouse.randomness import generator
from humouse.steps import Steps, merge_zero_moves
from humouse.trajectories import Trajectories


@dataclass(frozen=True, eq=False)
class StillPoints:
    """How often recorders write a point where their clock ticks between two moves, and nothing has moved.

    Args:
        share: [R] of all movements, those of each of R recorders that write such points; the rest hold none.
        rate: [R] share of the ticks between two moves at which each of them writes one.
    """

    share: Float64[np.ndarray, "R"]
    rate: Float64[np.ndarray, "R"]

    @classmethod
    def fit(cls, movements: Movements) -> "StillPoints":
        """Return those of movements as they were recorded; each person has one recorder."""
        blocks = [_counts(block.as_steps()) for block in Ragged.of(movements).blocks()]
        written, ticks = (np.concatenate(part) for part in zip(*blocks, strict=True))
        _, person = np.unique(movements.person, return_inverse=True)
        some = (written > 0) & (ticks > 0)
        writers = np.unique(person[some])
        share, rate = np.zeros(len(writers)), np.zeros(len(writers))
        for place, one in enumerate(writers):
            own = person == one
            rate[place] = min(1.0, written[own & some].sum() / ticks[own & some].sum())
            # A movement of this rate may come to hold none.
            holding = 1 - (1 - rate[place]) ** ticks[own]
            share[place] = own.mean() * min(1.0, some[own].mean() / holding.mean())
        return cls(share, rate)

    def pooled(self) -> "StillPoints":
        """Return means over the recorders of five people or more each; none where there are fewer."""
        groups = np.array_split(np.argsort(self.rate), max(1, len(self.rate) // FEWEST_PEOPLE))
        groups = [group for group in groups if len(group) >= FEWEST_PEOPLE]
        share = np.array([self.share[group].sum() for group in groups])
        rate = [np.average(self.rate[group], weights=self.share[group]) for group in groups]
        return StillPoints(share, np.array(rate, float))

    def written(
        self, movements: Trajectories, rows: Int64[np.ndarray, "B"], seed: int
    ) -> Trajectories:
        """Return movements with points without motion, as these recorders write them.

        Args:
            movements: Whose steps all move.
            rows: [B] their numbers: what is written depends on the movement, its number and the seed.
            seed: See `rows`.
        """
        ticks = _ticks_between(movements.as_steps())
        ends = self.share.cumsum()
        steps, lengths = [], []
        for place, row in enumerate(rows.tolist()):
            n = int(movements.lengths[place])
            own, between = movements.deltas[place, :n].double().numpy(), ticks[place, :n]
            chance = torch.rand(1 + int(between.sum()), generator=generator(seed, "still", row))
            recorder = int(np.searchsorted(ends, float(chance[0]), side="right"))
            if recorder < len(self.rate) and between.any():
                own = _with_points(own, between, chance[1:].numpy() < self.rate[recorder])
            steps.append(own)
            lengths.append(len(own))
        return Trajectories.from_steps(
            np.concatenate(steps).astype(np.float32),
            np.array(lengths),
            movements.start.numpy(),
            movements.user,
            movements.origin,
        )

    def state(self) -> dict[str, Any]:
        """Return everything needed to make them again: plain values."""
        return {"share": self.share.tolist(), "rate": self.rate.tolist()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "StillPoints":
        """Return the ones that `state` described.

        Raises:
            ValueError: They are not as many shares as rates, each from 0 to 1.
        """
        share, rate = np.array(state["share"], float), np.array(state["rate"], float)
        if share.ndim != 1 or share.shape != rate.shape:
            raise ValueError("its points without motion have other shares than rates")
        if not all(((part >= 0) & (part <= 1)).all() for part in (share, rate)):
            raise ValueError("its points without motion have a share or rate that is none")
        return cls(share, rate)


def _counts(movements: Steps) -> tuple[Int64[np.ndarray, "B"], Int64[np.ndarray, "B"]]:
    """Return [B] each movement's points without motion before its end, and [B] the ticks between moves."""
    moving = movements.deltas[..., :2].any(-1) & movements.mask
    before_end = np.flip(np.maximum.accumulate(np.flip(moving, 1), 1), 1)
    ticks = _ticks_between(merge_zero_moves(movements))
    return (before_end & ~moving).sum(1), ticks.sum(1)


def _ticks_between(movements: Steps) -> Int64[np.ndarray, "B T"]:
    """Return [B, T] how often a movement's usual time step fits into each step, beyond once."""
    dt_ms = movements.deltas[..., 2]
    if not dt_ms.shape[1]:
        return dt_ms.astype(np.int64)
    ascending = np.sort(np.where(movements.mask, dt_ms, np.inf), 1)
    middle = (movements.lengths - 1).clip(0) // 2
    usual_ms = ascending[np.arange(len(middle)), middle].clip(1)
    return (
        (np.where(movements.mask, dt_ms, 0) / usual_ms[:, None] - 1)
        .round()
        .clip(0)
        .astype(np.int64)
    )


def _with_points(
    steps: Float[np.ndarray, "n 3"], ticks: Int64[np.ndarray, "n"], written: np.ndarray
) -> Float[np.ndarray, "m 3"]:
    """Return the steps of a movement, with points without motion at those of its ticks that are written.

    Args:
        steps: dx, dy (px) and dt (ms).
        ticks: [n] between the points of each step.
        written: Of each tick, one step after the other.
    """
    of_step = np.repeat(np.arange(len(steps)), ticks)[written]
    number = np.concatenate([np.arange(1, 1 + k) for k in ticks])[written]
    begins_ms = steps[:, 2].cumsum() - steps[:, 2]
    at_ms = begins_ms[of_step] + (steps[of_step, 2] * number / (1 + ticks[of_step])).round()
    still = np.column_stack([np.zeros((len(at_ms), 2)), at_ms])
    points = np.column_stack([steps[:, :2], steps[:, 2].cumsum()])
    both = np.concatenate([still, points])
    both = both[np.lexsort([np.arange(len(both)), both[:, 2]])]
    both[:, 2] = np.diff(both[:, 2], prepend=0)
    return both
