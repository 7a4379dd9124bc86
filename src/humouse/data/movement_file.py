"""Reads movements of people or bots from a file: one of humouse's own, or a table of points."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from humouse.errors import InputError
from humouse.gestures import GestureRules
from humouse.points import check_points, movements_of
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

    The file is Parquet as `Trajectories.save` writes it, or a table, CSV or Parquet, with one row a
    point; the points of a movement stand in the order of their times. Those of a table are put on
    whole px and ms, as a device would report them.

    Args:
        path: The file; one that ends in .parquet is Parquet, any other CSV.
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
    table = _table(path)
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


def read_log(
    path: str | Path,
    *,
    movement: str | None,
    t: str,
    x: str,
    y: str,
    user: str | None,
    session: str | None,
    time_unit: str,
) -> Log:
    """Return the movements in a file as they were recorded, and those that cannot be used apart.

    Fractions of px and ms are kept. Otherwise as `read_movements`.

    Raises:
        InputError: As there, but for single movements that cannot be used; or no movement can be.
    """
    path = Path(path)
    table = _table(path)
    if "dx_px" in table.columns:
        return Log(_own(path, None, fewest=1), pl.DataFrame(schema=_LEFT_OUT))
    found = movements_of(
        table,
        t=t,
        x=x,
        y=y,
        movement=movement,
        user=user,
        time_unit=time_unit,
        rules=GestureRules(),
        where=str(path),
        strict=False,
        session=session,
    )
    named, places = user is not None, found.left_out
    nobody = [None] * len(places)
    left_out = {
        "movement": places.movement if movement else nobody,
        "user": found.left_out_user if named else nobody,
        "session": nobody if places.session is None else places.session,
        "start": places.t,
        "row": places.row,
        "reasons": found.reasons,
    }
    movements = Trajectories.from_found(found, path.stem, named=named)
    return Log(movements, pl.DataFrame(left_out, schema=_LEFT_OUT))


def _own(path: Path, origin: str | None, fewest: int) -> Trajectories:
    """Return the movements in a file as `Trajectories.save` writes it."""
    made = Trajectories.load(path)
    if not len(made):
        raise InputError(f"{path}: holds no movement")
    points = made.lengths.numpy() + 1
    check_points(np.arange(len(made)), points, str(path), fewest=fewest)
    return replace(made, origin=origin or made.origin)


def _table(path: Path) -> pl.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path, glob=False)
        return pl.read_csv(path, infer_schema=False, glob=False, separator=_separator(path))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file of movements") from error
    except pl.exceptions.NoDataError as error:
        raise InputError(f"{path}: empty; give a table with one row per point") from error
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: not a readable table of points ({reason})") from error


def _separator(path: Path) -> str:
    """Return what parts the columns of a table: a semicolon or tab where its first line has no comma."""
    with path.open("rb") as file:
        header = file.readline()
    return next((one for one in (",", ";", "\t") if one.encode() in header), ",")
