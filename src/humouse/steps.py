"""`Steps`: a batch of movements in numpy, for what has to start fast, answer fast and do without torch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int64

from humouse.movement_table import StoredMovements, read_table, write_table
from humouse.points import FoundMovements, Places

# About what a CPU's cache holds.
_STEPS_AT_A_TIME = 2**16


@dataclass(frozen=True, eq=False)
class Steps:
    """A padded batch of movements, as `Trajectories` holds them, which checks them first.

    Args:
        deltas: [B, T, 3] steps: dx (px), dy (px), dt (ms); zeros in the padding.
        lengths: [B] number of valid steps, which come first.
        start: [B, 2] position of the first point (px).
        user: [B] names of the people, or None.
        places: Where they stand in the table that they were read from, or None.
    """

    deltas: Float32[np.ndarray, "B T 3"]
    lengths: Int64[np.ndarray, "B"]
    start: Float32[np.ndarray, "B 2"]
    user: np.ndarray | None = None
    places: Places | None = None

    def __len__(self) -> int:
        return len(self.deltas)

    @classmethod
    def padded(
        cls,
        steps: Float32[np.ndarray, "S 3"],
        lengths: Int64[np.ndarray, "B"],
        start: Float32[np.ndarray, "B 2"],
        user: np.ndarray | None = None,
        places: Places | None = None,
    ) -> "Steps":
        """Return movements whose steps stand one after the other, padded to the longest.

        Args:
            steps: [S, 3] dx (px), dy (px), dt (ms).
            lengths: [B] steps of each movement.
            start: [B, 2] first point (px).
            user: [B] who moved, or None.
            places: Where they stand in the table that they were read from, or None.
        """
        deltas = np.zeros((len(lengths), int(lengths.max(initial=0)), 3), np.float32)
        deltas[np.arange(deltas.shape[1]) < lengths[:, None]] = steps
        return cls(deltas, lengths, start, user, places)

    @classmethod
    def from_found(cls, found: FoundMovements, *, named: bool) -> "Steps":
        """Return the movements that were found in a table of points.

        Args:
            found: What `humouse.points.movements_of` returned.
            named: Whether the table names the people.
        """
        cut = found.gestures
        user = cut.user if named else None
        return cls.padded(cut.steps, cut.lengths, cut.start, user, found.places)

    def as_steps(self) -> "Steps":
        """Return itself, so that what takes `Trajectories` too need not ask which it has."""
        return self

    def stored(self) -> StoredMovements:
        """Return the same movements without padding."""
        steps = self.deltas[self.mask]
        return StoredMovements(steps, self.lengths, self.start, self.user, "steps", self.places)

    def save(self, path: Path) -> None:
        """Write the movements to a Parquet file, as `Trajectories.save` does.

        Raises:
            InputError: The file cannot be written.
        """
        write_table(path, self.stored()._replace(places=None))

    @classmethod
    def load(cls, path: Path) -> "Steps":
        """Read movements written by `save`.

        Raises:
            InputError: The file is missing, damaged, or not a file of movements.
        """
        stored = read_table(path)
        return cls.padded(stored.steps, stored.lengths, stored.start, stored.user, stored.places)

    @classmethod
    def stacked(cls, parts: "Sequence[Steps]") -> "Steps":
        """Return all movements of `parts`, padded to the longest; users only if every part names them."""
        lengths = np.concatenate([part.lengths for part in parts])
        deltas = np.zeros(
            (len(lengths), max(part.deltas.shape[1] for part in parts), 3), np.float32
        )
        first = 0
        for part in parts:
            deltas[first : first + len(part), : part.deltas.shape[1]] = part.deltas
            first += len(part)
        named = [part.user for part in parts if part.user is not None]
        user = np.concatenate(named) if len(named) == len(parts) else None
        return cls(deltas, lengths, np.concatenate([part.start for part in parts]), user)

    @property
    def mask(self) -> Bool[np.ndarray, "B T"]:
        """[B, T] True where a step is valid."""
        return np.arange(self.deltas.shape[1]) < self.lengths[:, None]

    def rows(self, index: Int[np.ndarray, "b"] | slice) -> "Steps":
        """Return the movements of those numbers, in that order, at the same padded length."""
        return Steps(
            self.deltas[index],
            self.lengths[index],
            self.start[index],
            None if self.user is None else self.user[index],
            None if self.places is None else self.places[index],
        )

    def trimmed(self) -> "Steps":
        """Return the same movements with no more padding than the longest one needs."""
        longest = int(self.lengths.max(initial=0))
        if longest == self.deltas.shape[1]:
            return self
        return replace(self, deltas=self.deltas[:, :longest])


def merge_zero_moves(movements: Steps) -> Steps:
    """Merge each step without motion into the next one; drop trailing ones.

    The path stays exact, and so does the time at which each remaining point is reached.
    """
    moving = movements.deltas[..., :2].any(-1) & movements.mask
    if moving.sum() == movements.lengths.sum():
        return movements
    row, step = moving.nonzero()
    place = moving.cumsum(1)[row, step] - 1
    at_ms = movements.deltas[..., 2].cumsum(1, np.float64)[row, step]
    before_ms = np.zeros(len(at_ms))
    before_ms[1:] = np.where(place[1:] > 0, at_ms[:-1], 0.0)
    deltas = np.zeros_like(movements.deltas)
    deltas[row, place, :2] = movements.deltas[row, step, :2]
    deltas[row, place, 2] = at_ms - before_ms
    return replace(movements, deltas=deltas, lengths=moving.sum(1))


def blocks_of(ascending: Int[np.ndarray, "B"], most_steps: int) -> Iterator[slice]:
    """Yield the rows of blocks of about so many padded steps, of at least one row each.

    Args:
        ascending: [B] lengths of movements, the shortest first.
        most_steps: Of a block, its padding counted.
    """
    first = 0
    while first < len(ascending):
        typical = max(1, int(ascending[first]))
        last = min(len(ascending), first + max(1, most_steps // typical)) - 1
        longest = max(1, int(ascending[last]))
        stop = min(last + 1, first + max(1, most_steps // longest))
        yield slice(first, stop)
        first = stop


def in_blocks(
    movements: Steps,
    sizes: Float[np.ndarray, "B"] | Int[np.ndarray, "B"],
    change: Callable[[Steps, Int64[np.ndarray, "b"]], Steps],
) -> Steps:
    """Return the movements changed, in blocks of similar size, so that little work goes into padding.

    Args:
        movements: B movements.
        sizes: [B] steps that a movement takes while it is changed, at most.
        change: Given the movements of a block and their numbers, returns as many movements; it
            changes steps, lengths and starts only.

    Returns:
        The same movements with these changes, padded to the longest.
    """
    if len(sizes) * int(sizes.max(initial=0)) <= _STEPS_AT_A_TIME:
        return change(movements, np.arange(len(sizes))).trimmed()
    order = np.argsort(-sizes, kind="stable")
    parts, first = [], 0
    while first < len(order):
        longest = max(1, int(sizes[order[first]]))
        rows = order[first : first + max(1, _STEPS_AT_A_TIME // longest)]
        parts.append((rows, change(movements.rows(rows).trimmed(), rows)))
        first += len(rows)
    lengths, start = movements.lengths.copy(), movements.start.copy()
    for rows, part in parts:
        lengths[rows], start[rows] = part.lengths, part.start
    longest = int(lengths.max())
    deltas = np.zeros((len(movements), longest, 3), np.float32)
    for rows, part in parts:
        own = part.deltas[:, :longest]
        deltas[rows, : own.shape[1]] = own
    return replace(movements, deltas=deltas, lengths=lengths, start=start)
