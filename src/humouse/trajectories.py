"""`Trajectories`: the one type in which human and synthetic movements meet, in pixels and ms."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch
from jaxtyping import Bool, Float, Float32, Int, Int64
from torch import Tensor

from humouse.errors import InputError
from humouse.extras import require
from humouse.gestures import GestureRules
from humouse.movement_table import StoredMovements, read_table, write_table
from humouse.point_cells import PointColumns
from humouse.points import FoundMovements, Places, movements_of
from humouse.steps import Steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_DRAWN = 24


@dataclass(frozen=True, eq=False)
class Trajectories:
    """A batch of movements as steps between consecutive recorded points.

    The mask is derived from the lengths, so it cannot have holes; padding always holds zeros. A
    movement of n recorded points has n − 1 steps.

    Args:
        deltas: [B, T, 3] steps: dx (px), dy (px), dt (ms, never negative).
        lengths: [B] number of valid steps of each movement, 0 to T.
        start: [B, 2] position of the first point (px).
        user: [B] names of the people, or None.
        origin: Name of the dataset or generator that the movements come from.
        places: Where they stand in the table that they were read from, or None.

    Raises:
        ValueError: The parts disagree in size, a valid step or a start is not finite, or time runs
            backwards.
    """

    deltas: Float[Tensor, "B T 3"]
    lengths: Int[Tensor, "B"]
    start: Float[Tensor, "B 2"]
    user: np.ndarray | None
    origin: str
    places: Places | None = None

    def __post_init__(self) -> None:
        B, T = self.deltas.shape[:2]
        if len(self.lengths) != B or len(self.start) != B:
            raise ValueError(f"{B} rows of deltas need {B} lengths and {B} starts")
        if self.user is not None and self.user.shape != (B,):
            raise ValueError(f"{B} movements need {B} users, not shape {self.user.shape}")
        if self.places is not None and len(self.places) != B:
            raise ValueError(f"{B} movements need {B} places, not {len(self.places)}")
        if B and not (int(self.lengths.min()) >= 0 and int(self.lengths.max()) <= T):
            raise ValueError(f"lengths must lie in 0…{T}")
        padded = torch.where(self.mask[..., None], self.deltas, self.deltas.new_zeros(()))
        if not _all_finite(padded):
            raise ValueError("a valid step is NaN or infinite")
        if not _all_finite(self.start):
            raise ValueError("a start is NaN or infinite")
        if padded.numel() and float(padded[..., 2].amin()) < 0:
            raise ValueError("a step has a negative dt_ms: time runs backwards")
        object.__setattr__(self, "deltas", padded)

    def __len__(self) -> int:
        return len(self.deltas)

    def __getitem__(
        self, index: int | np.integer | slice | Sequence[int] | Sequence[bool] | np.ndarray | Tensor
    ) -> "Trajectories":
        """Return the chosen movements, in that order, at the same padded length.

        Args:
            index: A number, a slice, several numbers, or True and False for each movement.

        Raises:
            IndexError: There is no such movement.
        """
        if isinstance(index, int | np.integer):
            number = int(index)
            if not -len(self) <= number < len(self):
                raise IndexError(f"movement {number} of {len(self)}")
            index = [number]
        chosen: slice | Tensor
        if isinstance(index, slice):
            chosen = index
        else:  # an empty list would become a tensor of floats
            chosen = torch.as_tensor(index) if len(index) else torch.zeros(0, dtype=torch.long)
        rows = chosen.cpu().numpy() if isinstance(chosen, Tensor) else chosen
        return replace(
            self,
            deltas=self.deltas[chosen],
            lengths=self.lengths[chosen],
            start=self.start[chosen],
            user=None if self.user is None else self.user[rows],
            places=None if self.places is None else self.places[rows],
        )

    def __iter__(self) -> Iterator["Trajectories"]:
        """Yield each movement, as a batch of one."""
        return (self[number] for number in range(len(self)))

    def __repr__(self) -> str:
        people = "" if self.user is None else f" of {_counted(len(set(self.user)), 'person')}"
        first = f"Trajectories: {_counted(len(self), 'movement')}{people}, origin {self.origin!r}"
        if not len(self):
            return f"{first}\n  no steps"
        measured = (
            ("steps", self.lengths.double()),
            ("ms", self.duration_ms),
            ("px of path", self.path_px),
        )
        spans = (f"{_span(values)} {name}" for name, values in measured)
        return f"{first}\n  lowest, median and highest: {', '.join(spans)}"

    def _repr_html_(self) -> str:
        """Return the words of `repr` and a drawing of the first movements, for notebooks."""
        words = "<br>".join(escape(line) for line in repr(self).split("\n"))
        return f"<p>{words}</p>{''.join(map(_drawn, self[:_MOST_DRAWN]))}"

    def plot(self, ax: "Axes | None" = None, *, most: int = 50) -> "Axes":
        """Draw the paths of the first movements.

        Args:
            ax: Where to draw; a new figure of pyplot by default.
            most: How many movements at most.

        Raises:
            InputError: The extra `report` is not installed.
        """
        if ax is None:
            require("a picture", "report")
            from matplotlib import pyplot

            ax = pyplot.subplots()[1]
            ax.invert_yaxis()  # as on a screen
        for path, length in zip(self[:most].positions_px().cpu(), self.lengths, strict=False):
            ax.plot(*path[: int(length) + 1].T, linewidth=1, alpha=0.7)
        ax.set(xlabel="x (px)", ylabel="y (px)", aspect="equal", title=self.origin)
        return ax

    @property
    def mask(self) -> Bool[Tensor, "B T"]:
        """[B, T] True where a step is valid."""
        steps = torch.arange(self.deltas.shape[1], device=self.deltas.device)
        return steps < self.lengths[:, None]

    @property
    def person(self) -> np.ndarray:
        """[B] the name of each movement's person, empty where nobody is named."""
        return person_of(self.user, len(self))

    @property
    def setup(self) -> np.ndarray:
        """[B] the set-up that each movement was recorded on, empty where the person's name tells none.

        `humouse data combine` writes it before the name, with a slash between.
        """
        return setup_of(self.person)

    @property
    def duration_ms(self) -> Float[Tensor, "B"]:
        """[B] time from the first point to the last (ms)."""
        return self.deltas[..., 2].sum(1)

    @property
    def net_px(self) -> Float[Tensor, "B 2"]:
        """[B, 2] vector from the first point to the last (px)."""
        return self.deltas[..., :2].sum(1)

    @property
    def path_px(self) -> Float[Tensor, "B"]:
        """[B] length of the path travelled (px)."""
        return self.deltas[..., :2].norm(dim=-1).sum(1)

    def positions_px(self) -> Float[Tensor, "B points 2"]:
        """Return [B, T+1, 2] positions (px); past the end the last one is repeated."""
        # float64 sums: screen coordinates are exact in it, whatever the number of steps.
        path = self.deltas[..., :2].double().cumsum(1)
        path = torch.cat([path.new_zeros(len(self), 1, 2), path], 1)
        return (path + self.start[:, None].double()).to(self.deltas.dtype)

    def times_ms(self) -> Float[Tensor, "B points"]:
        """Return [B, T+1] times since the first point (ms); past the end the last is repeated."""
        times = self.deltas[..., 2].double().cumsum(1)
        return torch.cat([times.new_zeros(len(self), 1), times], 1).to(self.deltas.dtype)

    def to(self, device: torch.device | str) -> "Trajectories":
        """Return the same movements on another device."""
        return replace(
            self,
            deltas=self.deltas.to(device),
            lengths=self.lengths.to(device),
            start=self.start.to(device),
        )

    def trimmed(self) -> "Trajectories":
        """Return the same movements with no more padding than the longest one needs."""
        longest = int(self.lengths.max()) if len(self) else 0
        if longest == self.deltas.shape[1]:
            return self
        return replace(self, deltas=self.deltas[:, :longest])

    def to_frame(self) -> pl.DataFrame:
        """Return the movements as a table of points: movement, user, t_ms, x_px, y_px.

        Times start at 0 in each movement. `from_points` reads it again.
        """
        row = np.repeat(np.arange(len(self)), self.lengths.cpu().numpy() + 1)
        inside = torch.cat([self.mask.new_ones(len(self), 1), self.mask], 1)
        position_px = self.positions_px()[inside].cpu().numpy()
        user = [None] * len(row) if self.user is None else self.user[row].astype(str)
        return pl.DataFrame(
            {
                "movement": row,
                "user": pl.Series(user, dtype=pl.String),
                "t_ms": self.times_ms()[inside].cpu().numpy(),
                "x_px": position_px[:, 0],
                "y_px": position_px[:, 1],
            }
        )

    @classmethod
    def from_points(
        cls,
        points: Any,
        *,
        t: str = "t_ms",
        x: str = "x_px",
        y: str = "y_px",
        movement: str | None = None,
        user: str | None = None,
        time_unit: str = "ms",
        rules: GestureRules | None = None,
        origin: str = "points",
        where: str = "points",
        rounded: bool = True,
    ) -> "Trajectories":
        """Return the movements in a table of points, one row per point, on whole px and ms.

        >>> from humouse import Trajectories
        >>> log = {"time": [0.0, 0.1, 0.2], "x": [0, 30, 80], "y": [5, 5, 9], "move": ["a", "a", "a"]}
        >>> Trajectories.from_points(log, t="time", x="x", y="y", movement="move", time_unit="s")
        Trajectories: 1 movement, origin 'points'
          lowest, median and highest: 2/2/2 steps, 200/200/200 ms, 80/80/80 px of path

        Args:
            points: A frame of polars or pandas, or a dict of columns.
            t: Column of the time, from whatever moment.
            x: Column of the horizontal position (px).
            y: Column of the vertical position (px, downwards).
            movement: Column of the movement's number or name. By default the stream of each person is
                cut into gestures: it ends at pauses, and what is too short or too long is left out.
            user: Column of the person's name.
            time_unit: Unit of the times: "s", "ms" or "us".
            rules: What counts as a gesture; those of `humouse data prepare` by default.
            origin: Name of the dataset or generator.
            where: What errors call the table.
            rounded: Whether positions and times are rounded to whole px and ms; otherwise positions stay as
                they are, and times have a resolution of 1 us.

        Raises:
            InputError: A column is missing or holds something that is no finite number; a movement's
                time runs backwards, or it has a single point or too many; no gesture is left; the unit
                of time is unknown or cannot be right.
        """
        columns = PointColumns(t=t, x=x, y=y, movement=movement, user=user)
        found = movements_of(
            points, columns, time_unit=time_unit, rules=rules, where=where, rounded=rounded
        )
        return cls.from_found(found, origin, named=user is not None)

    @classmethod
    def from_found(cls, found: FoundMovements, origin: str, *, named: bool) -> "Trajectories":
        """Return the movements that were found in a table of points.

        Args:
            found: What `movements_of` returned.
            origin: Name of the dataset or generator.
            named: Whether the table names the people.
        """
        return cls.from_padded(Steps.from_found(found, named=named), origin)

    @classmethod
    def from_steps(
        cls,
        steps: Float32[np.ndarray, "S 3"],
        lengths: Int64[np.ndarray, "B"],
        start: Float32[np.ndarray, "B 2"],
        user: np.ndarray | None,
        origin: str,
        places: Places | None = None,
    ) -> "Trajectories":
        """Return movements whose steps stand one after the other, padded to the longest.

        Args:
            steps: [S, 3] dx (px), dy (px), dt (ms).
            lengths: [B] steps of each movement.
            start: [B, 2] first point (px).
            user: [B] who moved, or None.
            origin: Name of the dataset or generator.
            places: Where they stand in the table that they were read from, or None.
        """
        first = np.ascontiguousarray(start)
        return cls.from_padded(Steps.padded(steps, lengths, first, user, places), origin)

    def as_steps(self) -> Steps:
        """Return the same movements in numpy, sharing their memory where they are on the CPU."""
        return Steps(
            self.deltas.cpu().float().numpy(),
            self.lengths.cpu().long().numpy(),
            self.start.cpu().float().numpy(),
            self.user,
            self.places,
        )

    @classmethod
    def from_padded(cls, steps: Steps, origin: str) -> "Trajectories":
        """Return the movements of `Steps`.

        Args:
            steps: B movements.
            origin: Name of the dataset or generator.
        """
        deltas, lengths, start = map(torch.from_numpy, (steps.deltas, steps.lengths, steps.start))
        return cls(deltas, lengths, start, steps.user, origin, steps.places)

    def __reduce__(self) -> tuple[Callable[..., "Trajectories"], tuple[Any, ...]]:
        """Return how another process makes the same: of valid steps, since most of a batch is padding."""
        valid = self.deltas[self.mask].cpu().numpy()
        places = self.lengths.cpu().numpy(), self.start.cpu().numpy()
        return _padded, (valid, self.deltas.shape[1], *places, self.user, self.origin, self.places)

    def save(self, path: str | Path) -> None:
        """Write the movements to a Parquet file, one row each, whole or not at all.

        Columns: user, start_x_px, start_y_px, and the lists dx_px, dy_px, dt_ms; where movements were
        read from a table of points also movement, start_t and start_row, their places there. The
        origin is in the file's metadata under "humouse.origin".

        Raises:
            InputError: The file cannot be written.
        """
        stored = StoredMovements(
            self.deltas.cpu()[self.mask.cpu()].numpy(),
            self.lengths.cpu().numpy(),
            self.start.cpu().numpy(),
            self.user,
            self.origin,
            self.places,
        )
        write_table(path, stored)

    @classmethod
    def load(cls, path: str | Path) -> "Trajectories":
        """Read movements written by `save`: of a file, or of a folder's files in the order of their names.

        Raises:
            InputError: A file is missing, damaged, or not a file of trajectories.
        """
        stored = read_table(path)
        try:
            return cls.from_steps(*stored)
        except ValueError as error:
            raise InputError(f"{path}: {error}") from error


def _padded(
    steps: np.ndarray,
    T: int,
    lengths: np.ndarray,
    start: np.ndarray,
    user: np.ndarray | None,
    origin: str,
    places: Places | None,
) -> Trajectories:
    """Return the movements, padded to T, whose valid steps [S, 3] stand one after the other."""
    deltas = torch.zeros(len(lengths), T, 3, dtype=torch.from_numpy(steps).dtype)
    sizes = torch.from_numpy(lengths)
    deltas[torch.arange(T) < sizes[:, None]] = torch.from_numpy(steps)
    return Trajectories(deltas, sizes, torch.from_numpy(start), user, origin, places)


def person_of(user: np.ndarray | None, count: int) -> np.ndarray:
    """Return [B] the names of the people of so many movements; see `Trajectories.person`."""
    return np.full(count, "") if user is None else user.astype(str)


def setup_of(person: np.ndarray) -> np.ndarray:
    """Return [B] the set-ups of these people; see `Trajectories.setup`."""
    return np.array([name.rpartition("/")[0] for name in person], dtype=np.str_)


def _all_finite(values: Float[Tensor, "..."]) -> bool:
    """Whether no value is NaN or infinite; in one pass, as every batch is checked at each change."""
    return not values.numel() or all(isfinite(float(limit)) for limit in values.aminmax())


def _counted(count: int, noun: str) -> str:
    plural = {"person": "people"}.get(noun, f"{noun}s")
    return f"{count:,} {noun if count == 1 else plural}"


def _span(values: Tensor) -> str:
    return "/".join(f"{float(one):.0f}" for one in (values.min(), values.median(), values.max()))


def _drawn(movement: Trajectories) -> str:
    """Return a small drawing of one movement as SVG."""
    path = movement.positions_px()[0, : int(movement.lengths[0]) + 1]
    size = float((path.amax(0) - path.amin(0)).max().clamp(min=1))
    points = ((path - path.amin(0)) * 72 / size + 4).tolist()
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        '<svg width="80" height="80" role="img" aria-label="a movement">'
        f'<polyline points="{line}" fill="none" stroke="currentColor"/></svg>'
    )


def concatenate(parts: Sequence[Trajectories], origin: str | None = None) -> Trajectories:
    """Return all movements of `parts` in one batch, padded to the longest.

    Users are kept only if every part names them.
    """
    T = max(part.deltas.shape[1] for part in parts)
    pad = torch.nn.functional.pad
    named = all(part.user is not None for part in parts)
    return Trajectories(
        torch.cat([pad(part.deltas, (0, 0, 0, T - part.deltas.shape[1])) for part in parts]),
        torch.cat([part.lengths for part in parts]),
        torch.cat([part.start for part in parts]),
        np.concatenate([part.user for part in parts if part.user is not None]) if named else None,
        parts[0].origin if origin is None else origin,
    )
