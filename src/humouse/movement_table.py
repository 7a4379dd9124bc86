"""Movements as a Parquet file: one row per movement, its steps as lists."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Float32, Int64

from humouse.errors import InputError
from humouse.files import atomic_write
from humouse.points import Places

_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "user": pl.String,
    "start_x_px": pl.Float32,
    "start_y_px": pl.Float32,
    "dx_px": pl.List(pl.Float32),
    "dy_px": pl.List(pl.Float32),
    "dt_ms": pl.List(pl.Float32),
}
_PLACES: dict[str, type[pl.DataType]] = {
    "movement": pl.String,
    "start_t": pl.Float64,
    "start_row": pl.Int64,
}
_SESSION = "session"
_STEP_COLUMNS = ("dx_px", "dy_px", "dt_ms")
_ORIGIN = "humouse.origin"


class StoredMovements(NamedTuple):
    """What a file holds of B movements of S steps in total.

    Args:
        steps: [S, 3] dx (px), dy (px), dt (ms), one movement after the other.
        lengths: [B] steps of each movement.
        start: [B, 2] first point (px).
        user: [B] who moved, or None.
        origin: Name of the dataset or generator.
        places: Where they stand in the table that they were read from, or None.
    """

    steps: Float32[np.ndarray, "S 3"]
    lengths: Int64[np.ndarray, "B"]
    start: Float32[np.ndarray, "B 2"]
    user: np.ndarray | None
    origin: str
    places: Places | None = None


def write_table(path: str | Path, movements: StoredMovements) -> None:
    """Write the movements, whole or not at all.

    Columns: user, start_x_px, start_y_px, and the lists dx_px, dy_px, dt_ms; of movements with places
    also movement, start_t and start_row, and session if they have one. The origin is in the file's
    metadata under "humouse.origin".

    Raises:
        InputError: The file cannot be written.
    """
    steps, lengths, start, user, origin, places = movements
    offsets = np.concatenate([[0], lengths.cumsum()])
    frame = pl.DataFrame(
        {
            "user": [None] * len(lengths) if user is None else user.astype(str),
            "start_x_px": start[:, 0],
            "start_y_px": start[:, 1],
            **{
                name: _lists(np.ascontiguousarray(steps[:, column]), offsets)
                for column, name in enumerate(_STEP_COLUMNS)
            },
        },
        schema=_COLUMNS,
    )
    if places is not None:
        values = (places.movement.astype(str), places.t, places.row)
        frame = frame.with_columns(
            pl.Series(name, column, dtype=kind)
            for (name, kind), column in zip(_PLACES.items(), values, strict=True)
        )
        if places.session is not None:
            frame = frame.with_columns(pl.Series(_SESSION, places.session.astype(str)))
    with atomic_write(path) as temporary:
        try:
            frame.write_parquet(temporary, metadata={_ORIGIN: origin})
        except pl.exceptions.ComputeError as error:  # what polars raises on a full disk
            raise OSError(f"writing failed, most likely a full disk: {error}") from error


def read_table(path: str | Path) -> StoredMovements:
    """Return the movements that `write_table` wrote.

    Raises:
        InputError: The file is missing, damaged, or holds something else; a movement cannot be used.
    """
    stored, faults = read_usable(path)
    if faults:
        row = min(faults)
        more = f", and {len(faults) - 1:,} more rows have faults" if len(faults) > 1 else ""
        raise InputError(f"{path}: row {row} has {faults[row]}{more}; repair or remove them")
    return stored


def read_usable(
    path: str | Path, most_steps: int | None = None
) -> tuple[StoredMovements, dict[int, str]]:
    """Return the movements in a file, without a step where they cannot be used, and row → why.

    Args:
        path: The file.
        most_steps: More steps than that cannot be used.

    Raises:
        InputError: The file is missing, damaged, or holds something else.
    """
    frame, counts, origin = _read(path)
    lacking = frame.drop("user").select(pl.any_horizontal(pl.all().is_null())).to_series()
    start = np.array(frame.select("start_x_px", "start_y_px").fill_null(0).to_numpy(), order="C")
    faults: dict[int, str] = {}

    def note(bad: np.ndarray, fault: str) -> None:
        for row in np.flatnonzero(bad).tolist():
            faults.setdefault(row, fault)

    note(lacking.to_numpy() | ~np.isfinite(start).all(1), "no start or no steps")
    note((counts != counts[:, :1]).any(1), "dx_px, dy_px and dt_ms of different lengths")
    if most_steps is not None:
        note(
            counts[:, 0] > most_steps, f"more than {most_steps} steps; cut it into single movements"
        )
    number = np.arange(len(frame))
    whole = ~np.isin(number, list(faults))
    lengths = np.where(whole, np.nan_to_num(counts[:, 0]), 0).astype(np.int64)
    lists = (frame.filter(whole)[name] for name in _STEP_COLUMNS)
    steps = np.stack([a.filter(a.list.len() > 0).explode().to_numpy() for a in lists], 1)
    row = np.repeat(np.arange(len(lengths)), lengths)
    for bad, fault in (
        (~np.isfinite(steps).all(1), "a step that is NaN or infinite"),
        (steps[:, 2] < 0, "a time that runs backwards"),
    ):
        note(np.bincount(row[bad], minlength=len(lengths)) > 0, fault)
    usable = ~np.isin(number, list(faults))
    steps, lengths = steps[usable[row]], np.where(usable, lengths, 0)
    start[~usable] = 0
    user = None if frame["user"].null_count() else frame["user"].to_numpy().astype(str)
    return StoredMovements(steps, lengths, start, user, origin, _read_places(path)), faults


def _read_places(path: str | Path) -> Places | None:
    """Return the places that a file holds, None for none; another program may only name movements."""
    with _readable(path):
        names = pl.scan_parquet(path, glob=False).collect_schema().names()
        if "movement" not in names:
            return None
        known = [name for name in (*_PLACES, _SESSION) if name in names]
        frame = pl.read_parquet(path, columns=known, glob=False)
        absent = {"start_t": np.full(len(frame), np.nan), "start_row": np.arange(len(frame))}
        frame = frame.with_columns(**{k: v for k, v in absent.items() if k not in names})
        movement, t, row = (frame[name].cast(kind).to_numpy() for name, kind in _PLACES.items())
        session = frame[_SESSION].cast(pl.String).fill_null("") if _SESSION in names else None
    return Places(movement, row, t, None if session is None else session.to_numpy())


def _read(path: str | Path) -> tuple[pl.DataFrame, np.ndarray, str]:
    """Return the table, [B, 3] how long each row's lists are, and the origin."""
    with _readable(path):
        origin = pl.read_parquet_metadata(path).get(_ORIGIN, Path(path).stem)
        frame = pl.read_parquet(path, columns=list(_COLUMNS), glob=False)
        counts = frame.select(pl.col(_STEP_COLUMNS).list.len()).to_numpy()
        typed = frame.cast(_COLUMNS)  # type: ignore[arg-type]
        if typed.schema != pl.Schema(_COLUMNS):  # records stay records, of another type within
            raise pl.exceptions.SchemaError("a column holds records")
    return typed, counts, origin


@contextmanager
def _readable(path: str | Path) -> Iterator[None]:
    """Name the file and what it should be where the block cannot read it."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file of trajectories") from error
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path}: not a readable file of trajectories ({reason}); it is Parquet with the "
            f"columns {', '.join(_COLUMNS)}, one row per movement"
        ) from error


def _lists(values: np.ndarray, offsets: np.ndarray) -> pl.Series:
    """Return a series of lists that cuts flat `values` at `offsets`."""
    lengths = np.diff(offsets)
    row = np.repeat(np.arange(len(lengths)), lengths)
    filled = pl.DataFrame({"row": row, "value": values}).group_by("row", maintain_order=True).all()
    lists = pl.DataFrame({"row": np.arange(len(lengths))}).join(
        filled, on="row", how="left", maintain_order="left"
    )
    return lists["value"].fill_null([])
