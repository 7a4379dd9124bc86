"""`Ragged`: movements without padding, for what holds many and looks at some of them at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float32, Int, Int64
from torch import Tensor

from humouse.movement_table import read_table
from humouse.trajectories import Trajectories, person_of, setup_of

_ROWS_AT_A_TIME = 1024


@dataclass(frozen=True, eq=False)
class Ragged:
    """Movements whose steps stand one after the other; some at a time are padded.

    Padding can show in the last bits of what is summed over steps. So every batch is padded to the same
    `width`, and the numbers of a movement do not depend on those beside it.

    Args:
        steps: [S, 3] dx (px), dy (px), dt (ms, never negative); shared by all selections of movements.
        first: [N] which of them is each movement's first.
        lengths: [N] number of steps of each movement.
        start: [N, 2] position of the first point (px).
        user: [N] names of the people, or None.
        origin: Name of the dataset or generator that the movements come from.
        width: T of every batch: no movement has more steps.
    """

    steps: Float32[Tensor, "S 3"]
    first: Int64[Tensor, "N"]
    lengths: Int64[Tensor, "N"]
    start: Float32[Tensor, "N 2"]
    user: np.ndarray | None
    origin: str
    width: int

    @classmethod
    def load(cls, path: str | Path) -> "Ragged":
        """Read movements written by `Trajectories.save`.

        Raises:
            InputError: A file is missing, damaged, or not a file of trajectories.
        """
        stored = read_table(path)
        steps, lengths, start = map(
            torch.from_numpy, (stored.steps, stored.lengths, np.ascontiguousarray(stored.start))
        )
        width = int(stored.lengths.max(initial=0))
        return cls(steps, _first(lengths), lengths, start, stored.user, stored.origin, width)

    @classmethod
    def of(cls, movements: "Movements") -> "Ragged":
        """Return the movements without padding; ragged ones as they are."""
        if isinstance(movements, Ragged):
            return movements
        lengths = movements.lengths.long()
        return cls(
            movements.deltas[movements.mask],
            _first(lengths),
            lengths,
            movements.start,
            movements.user,
            movements.origin,
            movements.deltas.shape[1],
        )

    @classmethod
    def joined(cls, parts: "Sequence[Ragged]") -> "Ragged":
        """Return all movements of `parts`, as wide as the widest; users only if every part names them."""
        before = np.cumsum([0, *(len(part.steps) for part in parts)]).tolist()
        users = [part.user for part in parts if part.user is not None]
        return cls(
            torch.cat([part.steps for part in parts]),
            torch.cat([part.first + count for part, count in zip(parts, before, strict=False)]),
            torch.cat([part.lengths for part in parts]),
            torch.cat([part.start for part in parts]),
            np.concatenate(users) if len(users) == len(parts) else None,
            parts[0].origin,
            max(part.width for part in parts),
        )

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, rows: Int[Tensor, "B"]) -> Trajectories:
        """Return the movements of these numbers, in that order, padded to `width`."""
        lengths = self.lengths[rows]
        inside = torch.arange(self.width) < lengths[:, None]
        deltas = self.steps.new_zeros(len(rows), self.width, 3)
        deltas[inside] = self.steps[(self.first[rows, None] + torch.arange(self.width))[inside]]
        user = None if self.user is None else self.user[rows.numpy()]
        return Trajectories(deltas, lengths, self.start[rows], user, self.origin)

    def only(self, rows: Int[Tensor, "B"]) -> "Ragged":
        """Return the movements of these numbers, in that order, on the same steps."""
        return replace(
            self,
            first=self.first[rows],
            lengths=self.lengths[rows],
            start=self.start[rows],
            user=None if self.user is None else self.user[rows.numpy()],
        )

    def blocks(self) -> Iterator[Trajectories]:
        """Yield all movements in their order, some at a time; of none, one empty block."""
        return (self[rows] for rows in torch.arange(len(self)).split(_ROWS_AT_A_TIME))

    @property
    def person(self) -> np.ndarray:
        """[N] the name of each movement's person; see `Trajectories.person`."""
        return person_of(self.user, len(self))

    @property
    def setup(self) -> np.ndarray:
        """[N] the set-up that each movement was recorded on; see `Trajectories.setup`."""
        return setup_of(self.person)


Movements: TypeAlias = Trajectories | Ragged
"""Movements, padded or not."""


def _first(lengths: Int64[Tensor, "N"]) -> Int64[Tensor, "N"]:
    """Return where each movement's steps begin if they all stand one after the other."""
    return lengths.cumsum(0) - lengths
