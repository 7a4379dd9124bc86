"""Reads movements of people or bots from a file: one of humouse's own, or a table of points."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from humouse.addresses import Fetched
from humouse.data.reading.layout import Layout
from humouse.data.reading.table import read_everything
from humouse.errors import InputError
from humouse.movement_table import StoredMovements, files_of, usable_parts
from humouse.point_cells import PointColumns
from humouse.points import MOST_STEPS, Places, check_points, movements_of

if TYPE_CHECKING:
    from humouse.trajectories import Trajectories


def read_movements(
    path: str | Path,
    *,
    movement: str | None = "movement",
    t: str = "t",
    x: str = "x_px",
    y: str = "y_px",
    user: str | None = None,
    time_unit: str = "ms",
    origin: str | None = None,
    empty: bool = False,
    rounded: bool = True,
) -> "Trajectories":
    """Return the movements in a file, or in a folder of humouse's own files.

    The file is Parquet as `Trajectories.save` writes it, or a table in text, JSON or Parquet, with one row
    a point; the points of a movement stand in the order of their times. Those of a table are put on
    whole px and ms, as a device would report them, unless `rounded` is off.

    Args:
        path: The file: Parquet, delimited text or JSON, plain, in gzip or in zstd; or a folder with Parquet
            files as `Trajectories.save` writes them, which are read in the order of their names.
        movement: Column of the movement's number or name; None cuts each person's stream into gestures.
        t: Column of the time, from whatever moment.
        x: Column of the horizontal position (px).
        y: Column of the vertical position (px, downwards).
        user: Column of the person's name, or None.
        time_unit: Unit of the times in a table of points: "s", "ms" or "us".
        empty: Whether a file of humouse's own may hold movements without a step.
        rounded: Whether the points of a table are put on whole px and ms.
        origin: Name that the movements carry; the file's own, or its name, by default.

    Raises:
        InputError: The file is missing, empty or damaged; a column is missing or holds something
            that is no number; a movement's time runs backwards, or it has a single point or more
            than `MOST_STEPS`; the unit of time is unknown or cannot be right.
    """
    from humouse.trajectories import Trajectories  # here, since it brings torch

    path = Path(path)
    if path.is_dir():
        return _own(path, origin, fewest=1 if empty else 2)
    table = _table(path, PointColumns(t, x, y, movement, user))
    if "dx_px" in table.columns:
        return _own(path, origin, fewest=1 if empty else 2)
    return Trajectories.from_points(
        table,
        t=t,
        x=x,
        y=y,
        movement=movement,
        user=user,
        time_unit=time_unit,
        origin=origin or path.stem,
        where=str(path),
        rounded=rounded,
    )


_LEFT_OUT = {
    "movement": pl.String,
    "user": pl.String,
    "session": pl.String,
    "start": pl.Float64,
    "row": pl.Int64,
    "reasons": pl.String,
}


@dataclass(frozen=True, eq=False)
class Log:
    """A file of movements, whatever is in it.

    Args:
        movements: Those that can be used.
        left_out: Those that cannot, with columns movement, user, session, start, row and reasons.
    """

    movements: "Trajectories"
    left_out: pl.DataFrame


@dataclass(frozen=True, eq=False)
class LogPart:
    """Some of the movements of a log.

    Args:
        file: Number of the file that they are in, from 0.
        movements: Those that can be used, with places.
        left_out: Those that cannot, as in `Log`.
    """

    file: int
    movements: StoredMovements
    left_out: pl.DataFrame


@dataclass(frozen=True, eq=False)
class OpenLog:
    """A file of movements, or a folder of such files, that is read a part at a time.

    Args:
        count: How many movements there are, with those that cannot be used.
        parts: Yields all of them in order, once.
    """

    count: int
    parts: Iterable[LogPart]


def open_log(
    path: str | Path | Fetched, columns: PointColumns, time_unit: str | None = None
) -> OpenLog:
    """Return the movements in a file, or in a folder of humouse's own files, a part at a time.

    Only a file of humouse's own is read in parts. The points of one movement may stand anywhere in a table
    of points, which is held whole.

    Args:
        path: The file, as `read_movements` reads it; or a folder with Parquet files as
            `Trajectories.save` writes them, which are read in the order of their names; or either at
            an address.
        columns: As `read_log`.
        time_unit: As `read_log`.

    Raises:
        InputError: As `read_log`; of damage further on in a file, when it is reached.
    """
    if isinstance(path, Fetched):
        if path.is_folder:
            return _own_log(path, path)
        path = next(iter(path))
    path = Path(path)
    if path.is_dir():
        return _own_log(path, files_of(path))
    if _is_own(path):
        return _own_log(path, [path])
    table = _table(path, columns)
    if "dx_px" in table.columns:
        return _own_log(path, [path])
    found = movements_of(
        table, columns, time_unit=time_unit, where=str(path), strict=False, rounded=False
    )
    cut = found.gestures
    user = cut.user if columns.user is not None else None
    movements = StoredMovements(cut.steps, cut.lengths, cut.start, user, path.stem, found.places)
    left_out = _unused(found.left_out, found.left_out_user, found.reasons)
    return OpenLog(len(cut.lengths) + len(left_out), [LogPart(0, movements, left_out)])


def read_log(path: str | Path, columns: PointColumns, time_unit: str | None = None) -> Log:
    """Return the movements in a file, and those that cannot be used apart.

    Positions and times of a table of points are kept as they are, to the us.

    Args:
        path: The file, as `read_movements` reads it.
        columns: Which column of a table of points is which; in a stream without a column of the
            movement, gestures are cut.
        time_unit: Unit of its times: "s", "ms" or "us". None is "ms", and an error where that cannot
            be right.

    Raises:
        InputError: The file is missing, empty or damaged; a column is missing or holds no number; the
            unit of time is unknown or cannot be right.
    """
    from humouse.trajectories import Trajectories  # here, since it brings torch

    parts = list(open_log(path, columns, time_unit).parts)
    movements = StoredMovements.joined([part.movements for part in parts])
    return Log(Trajectories.from_steps(*movements), pl.concat(part.left_out for part in parts))


def _is_own(path: Path) -> bool:
    """Return whether a file is Parquet with steps."""
    with suppress(OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
        return is_parquet and "dx_px" in pl.read_parquet_schema(path)
    return False


def _own_log(path: Path | Fetched, files: Iterable[Path]) -> OpenLog:
    """Return what is in files as `Trajectories.save` writes them."""
    count, stored = usable_parts(files, MOST_STEPS)
    if not count:
        raise InputError(f"{path}: holds no movement")

    def parts() -> Iterator[LogPart]:
        first = 0
        for file, made, faults in stored:
            number = np.arange(len(made.lengths))
            if made.places is None:
                named = first + number
                made = made._replace(
                    places=Places(named.astype(str), named, np.full(len(named), np.nan))
                )
            first += len(number)
            rows = np.array(sorted(faults), np.int64)
            unused = made.rows(rows)
            assert unused.places is not None
            user = np.full(len(rows), "") if unused.user is None else unused.user
            left_out = _unused(unused.places, user, [faults[row] for row in rows.tolist()])
            yield LogPart(file, made.rows(np.setdiff1d(number, rows)), left_out)

    return OpenLog(count, parts())


def _unused(places: Places, user: np.ndarray, reasons: list[str]) -> pl.DataFrame:
    """Return the table of the movements that cannot be used."""
    none = [None] * len(places)
    columns = {
        "movement": places.movement,
        "user": user,
        "session": none if places.session is None else places.session,
        "start": places.t,
        "row": places.row,
        "reasons": reasons,
    }
    return pl.DataFrame(columns, schema=_LEFT_OUT).with_columns(
        pl.col("movement", "user", "session").replace("", None), pl.col("start").fill_nan(None)
    )


def _own(path: Path, origin: str | None, fewest: int) -> "Trajectories":
    """Return the movements in a file as `Trajectories.save` writes it, or in a folder of them."""
    from humouse.trajectories import Trajectories  # here, since it brings torch

    made = Trajectories.load(path)
    if not len(made):
        raise InputError(f"{path}: holds no movement")
    points = made.lengths.numpy() + 1
    check_points(np.arange(len(made)), points, str(path), fewest=fewest)
    return replace(made, origin=origin or made.origin)


def _table(path: Path, columns: PointColumns) -> pl.DataFrame:
    """Return a file's columns under their own names, whatever its form; numbers may have a comma."""
    if not path.is_file():
        raise InputError(f"{path}: no such file of movements")
    named = {key: name for key, name in vars(columns).items() if name}
    table = read_everything(path, Layout(named))
    if table is None:
        raise InputError(f"{path}: empty; give a table with one row per point")
    text = [
        name for name in (columns.t, columns.x, columns.y) if table.schema.get(name) == pl.String
    ]
    return table.with_columns(pl.col(text).str.replace(r"^\s*([-+]?\d*),(\d+)\s*$", "${1}.${2}"))
