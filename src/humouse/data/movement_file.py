"""Reads movements of people or bots from a file: one of humouse's own, or a table of points."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from humouse.data.reading.layout import Layout
from humouse.data.reading.table import read_everything
from humouse.errors import InputError
from humouse.movement_table import read_usable
from humouse.point_cells import PointColumns
from humouse.points import MOST_STEPS, Places, check_points, movements_of
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
) -> Trajectories:
    """Return the movements in a file.

    The file is Parquet as `Trajectories.save` writes it, or a table in text, JSON or Parquet, with one row
    a point; the points of a movement stand in the order of their times. Those of a table are put on
    whole px and ms, as a device would report them.

    Args:
        path: The file: Parquet, delimited text or JSON, plain, in gzip or in zstd.
        movement: Column of the movement's number or name; None cuts each person's stream into gestures.
        t: Column of the time, from whatever moment.
        x: Column of the horizontal position (px).
        y: Column of the vertical position (px, downwards).
        user: Column of the person's name, or None.
        time_unit: Unit of the times in a table of points: "s", "ms" or "us".
        empty: Whether a file of humouse's own may hold movements without a step.
        origin: Name that the movements carry; the file's own, or its name, by default.

    Raises:
        InputError: The file is missing, empty or damaged; a column is missing or holds something
            that is no number; a movement's time runs backwards, or it has a single point or more
            than `MOST_STEPS`; the unit of time is unknown or cannot be right.
    """
    path = Path(path)
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

    movements: Trajectories
    left_out: pl.DataFrame


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
    path = Path(path)
    table = _table(path, columns)
    if "dx_px" in table.columns:
        return _own_log(path)
    found = movements_of(
        table, columns, time_unit=time_unit, where=str(path), strict=False, rounded=False
    )
    named = columns.user is not None
    movements = Trajectories.from_found(found, path.stem, named=named)
    return Log(movements, _unused(found.left_out, found.left_out_user, found.reasons))


def _own_log(path: Path) -> Log:
    """Return what is in a file as `Trajectories.save` writes it."""
    stored, faults = read_usable(path, MOST_STEPS)
    made = Trajectories.from_steps(*stored)
    if not len(made):
        raise InputError(f"{path}: holds no movement")
    rows = np.array(sorted(faults), np.int64)
    number = np.arange(len(made))
    places = made.places or Places(number.astype(str), number, np.full(len(made), np.nan))
    user = np.full(len(rows), "") if made.user is None else made.user[rows]
    kept = np.setdiff1d(number, rows)
    made = replace(made, places=places)[kept].trimmed()
    return Log(made, _unused(places[rows], user, [faults[row] for row in rows.tolist()]))


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


def _own(path: Path, origin: str | None, fewest: int) -> Trajectories:
    """Return the movements in a file as `Trajectories.save` writes it."""
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
