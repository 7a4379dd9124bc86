"""Movements as a Parquet file: one row per movement, its steps as lists."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Float32, Int, Int64
from polars.io.plugins import register_io_source

from humouse.errors import InputError
from humouse.files import atomic_write, read_json, sha256
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

# Readers hold a group of rows or a few at a time: a group of movements takes some ten MB.
_ROWS_IN_A_GROUP = 2**14
_ROWS_AT_A_TIME = 2**12


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

    def rows(self, index: Int[np.ndarray, "b"] | slice) -> "StoredMovements":
        """Return the movements of those numbers, in that order."""
        lengths = self.lengths[index]
        first = (self.lengths.cumsum() - self.lengths)[index]
        step = np.repeat(first - lengths.cumsum() + lengths, lengths) + np.arange(lengths.sum())
        return self._replace(
            steps=self.steps[step],
            lengths=lengths,
            start=self.start[index],
            user=None if self.user is None else self.user[index],
            places=None if self.places is None else self.places[index],
        )

    @classmethod
    def joined(cls, parts: Sequence["StoredMovements"]) -> "StoredMovements":
        """Return all movements of `parts`; users and places only if every part has them."""
        steps, lengths, start, users, origins, places = zip(*parts, strict=True)
        has_users = all(user is not None for user in users)
        has_places = all(place is not None for place in places)
        return cls(
            np.concatenate(steps),
            np.concatenate(lengths),
            np.concatenate(start),
            np.concatenate(users) if has_users else None,
            origins[0],
            Places.joined(places) if has_places else None,
        )


def in_pieces(parts: Iterable[StoredMovements], size: int) -> Iterator[StoredMovements]:
    """Yield the same movements in pieces of `size`, however they came; the last one may be smaller.

    Of no movements at all, one empty piece.
    """
    held: list[StoredMovements] = []
    count, empty = 0, True
    for part in parts:
        held.append(part)
        count += len(part.lengths)
        if count < size:
            continue
        whole = StoredMovements.joined(held)
        last = count - count % size
        for first in range(0, last, size):
            yield whole.rows(slice(first, first + size))
        held, count, empty = [whole.rows(slice(last, None))], count - last, False
    if count or (held and empty):
        yield StoredMovements.joined(held)


def write_table(path: str | Path, movements: StoredMovements) -> None:
    """Write the movements, whole or not at all; see `write_tables`."""
    write_tables(path, [movements])


def write_tables(path: str | Path, parts: Iterable[StoredMovements]) -> None:
    """Write movements that come in parts, of which few are held at a time, whole or not at all.

    Columns: user, start_x_px, start_y_px, and the lists dx_px, dy_px, dt_ms; of movements with places
    also movement, start_t and start_row, and session if they have one. The origin is in the file's
    metadata under "humouse.origin".

    Args:
        path: The file.
        parts: One or more, all with or all without places and sessions, of one origin.

    Raises:
        InputError: The file cannot be written.
    """
    rest = iter(parts)
    first = next(rest)
    frame = _frame_of(first)
    with atomic_write(path) as temporary:
        write_frames(temporary, frame, map(_frame_of, rest), metadata={_ORIGIN: first.origin})


def write_frames(
    path: Path,
    first: pl.DataFrame,
    rest: Iterable[pl.DataFrame],
    *,
    metadata: dict[str, str] | None = None,
) -> None:
    """Write tables one after the other into one Parquet file.

    Args:
        path: The file.
        first: The first of them.
        rest: The others, with the same columns.
        metadata: Of the file.

    Raises:
        OSError: The file cannot be written.
    """

    def source(*_: object) -> Iterator[pl.DataFrame]:
        yield first
        yield from rest

    whole = register_io_source(source, schema=first.schema)
    try:
        whole.sink_parquet(path, metadata=metadata, row_group_size=_ROWS_IN_A_GROUP)
    except pl.exceptions.ComputeError as error:  # what polars raises on a full disk
        raise OSError(f"writing failed, most likely a full disk: {error}") from error


def _frame_of(movements: StoredMovements) -> pl.DataFrame:
    """Return the table that is written of some movements."""
    steps, lengths, start, user, _, places = movements
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
    return frame


def files_of(path: str | Path) -> list[Path]:
    """Return the file itself, or the Parquet files in a folder in the order of their names.

    Where the manifest of `humouse sample` lies above the folder, they must be the files that it lists.

    Raises:
        InputError: The folder has none; or one that the manifest lists is missing, or was changed.
    """
    path = Path(path)
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.parquet"))
    if not files:
        raise InputError(
            f"{path}: a folder without *.parquet files; name a file, or a folder of files that humouse wrote"
        )
    _check_listed(path)
    return files


def _check_listed(folder: Path) -> None:
    """Raise InputError if a file in a folder is missing, or another than the manifest above it lists."""
    manifest = folder.absolute().parent / "manifest.json"
    listed: object = None
    with suppress(InputError):  # there is none, or another program's
        listed = read_json(manifest).get("files")
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or not isinstance(one.get("file"), str):
            continue
        path = manifest.parent / one["file"]
        if path.parent != folder.absolute():
            continue
        fault = "is missing" if not path.is_file() else "was changed since it was written"
        if not path.is_file() or sha256(path) != one.get("sha256"):
            raise InputError(
                f"{folder / path.name}: {fault}, as {manifest.name} above it says; make the movements "
                "again, or name each file alone"
            )


def read_table(path: str | Path) -> StoredMovements:
    """Return the movements that `write_table` wrote, to a file or to the files in a folder.

    Raises:
        InputError: A file is missing, damaged, or holds something else; a movement cannot be used.
    """
    files = files_of(path)
    return _read(files[0]) if len(files) == 1 else StoredMovements.joined([*map(_read, files)])


def _read(path: Path) -> StoredMovements:
    with _readable(path):
        frame = pl.read_parquet(path, columns=_columns_in(path), glob=False)
        origin = pl.read_parquet_metadata(path).get(_ORIGIN, Path(path).stem)
        stored, faults = _usable(frame, origin, None, 0, named=not frame["user"].null_count())
    if faults:
        row = min(faults)
        more = f", and {len(faults) - 1:,} more rows have faults" if len(faults) > 1 else ""
        raise InputError(f"{path}: row {row} has {faults[row]}{more}; repair or remove them")
    return stored


class StoredParts(NamedTuple):
    """What a file, or a folder of such files, holds, a part at a time.

    Args:
        movements: How many movements there are.
        parts: Yields number of the file → some of its movements, without a step where they cannot be used,
            and row → why; all in order.
    """

    movements: int
    parts: Iterator[tuple[int, StoredMovements, dict[int, str]]]


def usable_parts(paths: Iterable[Path], most_steps: int) -> StoredParts:
    """Return the movements of files as `write_table` writes them, without holding all of them.

    Movements without places are numbered through all files. Users are named if they all are.

    Args:
        paths: The files; gone through twice, to count their movements and to read them.
        most_steps: More steps than that cannot be used.

    Raises:
        InputError: A file is missing, damaged, or holds something else; of what stands further on, when it
            is reached.
    """
    counts, unnamed = [], 0
    for path in paths:
        with _readable(path):
            users = pl.scan_parquet(path, glob=False).select(
                pl.len(), nulls=pl.col("user").null_count()
            )
            count, nulls = users.collect().row(0)
        counts.append(count)
        unnamed += nulls

    def parts() -> Iterator[tuple[int, StoredMovements, dict[int, str]]]:
        first = 0
        for number, path in enumerate(paths):
            with _readable(path):
                origin = pl.read_parquet_metadata(path).get(_ORIGIN, path.stem)
                scan = pl.scan_parquet(path, glob=False, low_memory=True).select(_columns_in(path))
                for frame in scan.collect_batches(chunk_size=_ROWS_AT_A_TIME, maintain_order=True):
                    yield number, *_usable(frame, origin, most_steps, first, named=not unnamed)
                    first += len(frame)

    return StoredParts(sum(counts), parts())


def _usable(
    frame: pl.DataFrame, origin: str, most_steps: int | None, first: int, *, named: bool
) -> tuple[StoredMovements, dict[int, str]]:
    """Return the movements in a table, without a step where they cannot be used, and row → why.

    Args:
        frame: Some rows of a file.
        origin: Name of the dataset or generator.
        most_steps: More steps than that cannot be used.
        first: Number of the first row.
        named: Whether the users are named.
    """
    places = _places(frame, first)
    counts = frame.select(pl.col(_STEP_COLUMNS).list.len()).to_numpy()
    frame = frame.select(list(_COLUMNS)).cast(_COLUMNS)  # type: ignore[arg-type]
    if frame.schema != pl.Schema(_COLUMNS):  # records stay records, of another type within
        raise pl.exceptions.SchemaError("a column holds records")
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
    steps = np.empty((lengths.sum(), len(_STEP_COLUMNS)), np.float32)
    for column, name in enumerate(_STEP_COLUMNS):
        lists = frame[name].filter(pl.Series(lengths > 0))
        steps[:, column] = lists.explode().to_numpy()
    for bad, fault in (
        (~np.isfinite(steps).all(1), "a step that is NaN or infinite"),
        (steps[:, 2] < 0, "a time that runs backwards"),
    ):
        if bad.any():
            row = np.repeat(number, lengths)[bad]
            note(np.bincount(row, minlength=len(lengths)) > 0, fault)
    if faults:
        usable = ~np.isin(number, list(faults))
        steps, lengths = steps[usable.repeat(lengths)], np.where(usable, lengths, 0)
        start[~usable] = 0
    user = frame["user"].to_numpy().astype(str) if named else None
    return StoredMovements(steps, lengths, start, user, origin, places), faults


def _columns_in(path: str | Path) -> list[str]:
    """Return the columns of a file that are read: all of movements, those of places that are there."""
    names = pl.scan_parquet(path, glob=False).collect_schema().names()
    known = [name for name in (*_PLACES, _SESSION) if name in names] if "movement" in names else []
    return [*_COLUMNS, *known]


def _places(frame: pl.DataFrame, first: int) -> Places | None:
    """Return the places in a table, None for none; another program may only name movements."""
    names = frame.columns
    if "movement" not in names:
        return None
    number = np.arange(first, first + len(frame))
    absent = {"start_t": np.full(len(frame), np.nan), "start_row": number}
    frame = frame.with_columns(**{k: v for k, v in absent.items() if k not in names})
    t, row = (frame[name].cast(_PLACES[name]).to_numpy() for name in ("start_t", "start_row"))

    def named(column: str) -> np.ndarray:
        return frame[column].cast(pl.String).fill_null("").to_numpy()

    return Places(named("movement"), row, t, named(_SESSION) if _SESSION in names else None)


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
