"""`Trajectories`: the one type in which human and synthetic movements meet, in pixels and ms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from humouse.errors import InputError
from humouse.files import atomic_write

_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "user": pl.String,
    "start_x_px": pl.Float32,
    "start_y_px": pl.Float32,
    "dx_px": pl.List(pl.Float32),
    "dy_px": pl.List(pl.Float32),
    "dt_ms": pl.List(pl.Float32),
}
_STEP_COLUMNS = ("dx_px", "dy_px", "dt_ms")

MOST_STEPS = 4096
"""The longest movement, in steps. A mistaken unit then is an error instead of a full memory."""


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

    Raises:
        ValueError: The parts disagree in size, a valid step or a start is not finite, or time runs
            backwards.
    """

    deltas: Float[Tensor, "B T 3"]
    lengths: Int[Tensor, "B"]
    start: Float[Tensor, "B 2"]
    user: np.ndarray | None
    origin: str

    def __post_init__(self) -> None:
        B, T = self.deltas.shape[:2]
        if len(self.lengths) != B or len(self.start) != B:
            raise ValueError(f"{B} rows of deltas need {B} lengths and {B} starts")
        if self.user is not None and self.user.shape != (B,):
            raise ValueError(f"{B} movements need {B} users, not shape {self.user.shape}")
        if B and not (int(self.lengths.min()) >= 0 and int(self.lengths.max()) <= T):
            raise ValueError(f"lengths must lie in 0…{T}")
        padded = torch.where(self.mask[..., None], self.deltas, self.deltas.new_zeros(()))
        if not padded.isfinite().all():
            raise ValueError("a valid step is NaN or infinite")
        if not self.start.isfinite().all():
            raise ValueError("a start is NaN or infinite")
        if (padded[..., 2] < 0).any():
            raise ValueError("a step has a negative dt_ms: time runs backwards")
        object.__setattr__(self, "deltas", padded)

    def __len__(self) -> int:
        return len(self.deltas)

    def __getitem__(self, index: slice | Sequence[int] | np.ndarray | Tensor) -> "Trajectories":
        """Return the chosen movements, in that order, at the same padded length."""
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
        )

    @property
    def mask(self) -> Bool[Tensor, "B T"]:
        """[B, T] True where a step is valid."""
        steps = torch.arange(self.deltas.shape[1], device=self.deltas.device)
        return steps < self.lengths[:, None]

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
        return replace(self, deltas=self.deltas[:, :longest])

    def save(self, path: str | Path) -> None:
        """Write the movements to a Parquet file, one row each, whole or not at all.

        Columns: user, start_x_px, start_y_px, and the lists dx_px, dy_px, dt_ms; the origin is in
        the file's metadata under "humouse.origin".

        Raises:
            InputError: The file cannot be written.
        """
        mask = self.mask.cpu()
        offsets = np.concatenate([[0], self.lengths.cpu().numpy().cumsum()])
        steps = self.deltas.cpu()[mask].numpy()
        frame = pl.DataFrame(
            {
                "user": [None] * len(self) if self.user is None else self.user.astype(str),
                "start_x_px": self.start[:, 0].cpu().numpy(),
                "start_y_px": self.start[:, 1].cpu().numpy(),
                **{
                    name: _lists(np.ascontiguousarray(steps[:, column]), offsets)
                    for column, name in enumerate(_STEP_COLUMNS)
                },
            },
            schema=_COLUMNS,
        )
        with atomic_write(path) as temporary:
            try:
                frame.write_parquet(temporary, metadata={"humouse.origin": self.origin})
            except pl.exceptions.ComputeError as error:  # what polars raises on a full disk
                raise OSError(f"writing failed, most likely a full disk: {error}") from error

    @classmethod
    def load(cls, path: str | Path) -> "Trajectories":
        """Read movements written by `save`.

        Raises:
            InputError: The file is missing, damaged, or not a file of trajectories.
        """
        try:
            origin = pl.read_parquet_metadata(path).get("humouse.origin", Path(path).stem)
            frame = pl.read_parquet(path, columns=list(_COLUMNS), glob=False)
            counts = frame.select(pl.col(_STEP_COLUMNS).list.len()).to_numpy()
            frame = frame.cast(_COLUMNS)  # type: ignore[arg-type]
        except FileNotFoundError as error:
            raise InputError(f"{path}: no such file of trajectories") from error
        except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"{path}: not a readable file of trajectories ({reason}); it is Parquet with the "
                f"columns {', '.join(_COLUMNS)}, one row a movement"
            ) from error
        if frame.drop("user").null_count().sum_horizontal().item():
            raise InputError(f"{path}: a movement lacks its start or its steps; write it anew")
        if (counts != counts[:, :1]).any():
            raise InputError(f"{path}: dx_px, dy_px and dt_ms differ in length; write it anew")
        lengths = torch.from_numpy(counts[:, 0].astype(np.int64))
        T = int(lengths.max()) if len(lengths) else 0
        deltas = torch.zeros(len(lengths), T, 3)
        mask = torch.arange(T) < lengths[:, None]
        lists = (frame[name] for name in _STEP_COLUMNS)
        steps = [a.filter(a.list.len() > 0).explode().to_numpy(writable=True) for a in lists]
        deltas[mask] = torch.from_numpy(np.stack(steps, 1))
        broken = (~deltas.isfinite()).any(2).any(1).nonzero()[:, 0].tolist()
        if broken:
            raise InputError(
                f"{path}: row {broken[0]} holds a step that is NaN or infinite"
                f"{f', and {len(broken) - 1:,} more rows do' if broken[1:] else ''}; repair or remove them"
            )
        start = frame.select("start_x_px", "start_y_px").to_numpy(writable=True)
        user = None if frame["user"].null_count() else frame["user"].to_numpy().astype(str)
        try:
            return cls(deltas, lengths, torch.from_numpy(np.ascontiguousarray(start)), user, origin)
        except ValueError as error:
            raise InputError(f"{path}: {error}") from error


def _lists(values: np.ndarray, offsets: np.ndarray) -> pl.Series:
    """Return a series of lists that cuts flat `values` at `offsets`."""
    lengths = np.diff(offsets)
    row = np.repeat(np.arange(len(lengths)), lengths)
    filled = pl.DataFrame({"row": row, "value": values}).group_by("row", maintain_order=True).all()
    lists = pl.DataFrame({"row": np.arange(len(lengths))}).join(
        filled, on="row", how="left", maintain_order="left"
    )
    return lists["value"].fill_null([])


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
