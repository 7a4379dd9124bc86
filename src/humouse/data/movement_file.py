"""Reads movements of people or bots from a file: one of humouse's own, or a table of points."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import torch

from humouse.errors import InputError, nearest
from humouse.trajectories import MOST_STEPS, Trajectories

MS_PER_UNIT = {"s": 1000.0, "ms": 1.0, "us": 1e-3}
# Times in seconds that are read as ms end within this.
_IN_SECONDS_MS = 10


def read_movements(
    path: str | Path,
    *,
    movement: str = "movement",
    t: str = "t",
    x: str = "x_px",
    y: str = "y_px",
    time_unit: str = "ms",
    origin: str | None = None,
) -> Trajectories:
    """Return the movements in a file.

    The file is Parquet as `Trajectories.save` writes it, or a table, CSV or Parquet, with one row a
    point; the points of a movement stand in the order of their times. Those of a table are put on
    whole px and ms, as a device would report them.

    Args:
        path: The file; one that ends in .parquet is Parquet, any other CSV.
        movement: Column of the movement's number or name.
        t: Column of the time, from whatever moment.
        x: Column of the horizontal position (px).
        y: Column of the vertical position (px, downwards).
        time_unit: Unit of the times in a table of points: "s", "ms" or "us".
        origin: Name that the movements carry; the file's own, or its name, by default.

    Raises:
        InputError: The file is missing, empty or damaged; a column is missing or holds something
            that is no number; a movement's time runs backwards, or it has a single point or more
            than `MOST_STEPS`; the unit of time is unknown or cannot be right.
    """
    path = Path(path)
    if time_unit not in MS_PER_UNIT:
        raise InputError(f"time_unit={time_unit!r}: choose {', '.join(MS_PER_UNIT)}")
    table = _table(path)
    if "dx_px" in table.columns:
        made = Trajectories.load(path)
        _check_points(path, pl.DataFrame({"movement": np.arange(len(made))}), made.lengths + 1)
        return replace(made, origin=origin or made.origin)
    for column in (movement, t, x, y):
        if column not in table.columns:
            raise InputError(
                f"{path}: no column {column!r}; {nearest(column, table.columns)} or name the column"
            )
    points = pl.DataFrame(
        {
            "movement": table[movement],
            "t": _numbers(path, table[t]) * MS_PER_UNIT[time_unit],
            "x": _numbers(path, table[x]),
            "y": _numbers(path, table[y]),
        }
    )
    return _movements(path, points, origin or path.stem)


def _table(path: Path) -> pl.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path, glob=False)
        return pl.read_csv(path, infer_schema=False, glob=False)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file of movements") from error
    except pl.exceptions.NoDataError as error:
        raise InputError(f"{path}: empty; give a table with one row a point") from error
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: not a readable table of points ({reason})") from error


def _numbers(path: Path, column: pl.Series) -> pl.Series:
    try:
        numbers = column.cast(pl.Float64, strict=False)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{path}: column {column.name!r} holds no numbers") from error
    bad = (~numbers.is_finite().fill_null(False)).arg_true()
    if len(bad):
        raise InputError(
            f"{path}: column {column.name!r}, row {bad[0] + 1}: {column[bad[0]]!r} is not a finite "
            f"number{f', nor are {len(bad) - 1:,} more' if len(bad) > 1 else ''}; repair or remove them"
        )
    return numbers


def _movements(path: Path, points: pl.DataFrame, origin: str) -> Trajectories:
    """Return the movements that points of columns movement, t (ms), x and y (px) make up."""
    if points["movement"].null_count():
        raise InputError(f"{path}: {points['movement'].null_count():,} points name no movement")
    counts = points.group_by("movement", maintain_order=True).len()
    count = torch.from_numpy(counts["len"].to_numpy().astype(np.int64))
    _check_points(path, counts, count)
    number = counts.select("movement", place=pl.int_range(pl.len()))
    points = points.join(number, on="movement", maintain_order="left").sort(
        "place", maintain_order=True
    )
    values = torch.from_numpy(points.select("x", "y", "t").to_numpy(writable=True))
    first = torch.cat([count.new_zeros(1), count.cumsum(0)[:-1]])
    # Epochs take more digits than float32 has: differences first.
    values[:, 2] -= values[first, 2].repeat_interleave(count)
    steps = values.round().diff(dim=0, prepend=values.new_zeros(1, 3))
    inner = torch.ones(len(steps), dtype=torch.bool)
    inner[first] = False
    backwards = ((values[:, 2].diff(prepend=values.new_zeros(1)) < 0) & inner).nonzero()[:, 0]
    if len(backwards):
        raise InputError(
            f"{path}: time runs backwards in movement {points['movement'][int(backwards[0])]!r}; "
            "sort its points by time, or repair its clock"
        )
    deltas = torch.zeros(len(count), int(count.max()) - 1, 3)
    deltas[torch.arange(deltas.shape[1]) < (count - 1)[:, None]] = steps[inner].float()
    made = Trajectories(deltas, count - 1, values[first, :2].round().float(), None, origin)
    if float(made.duration_ms.max()) < _IN_SECONDS_MS:
        raise InputError(
            f"{path}: the longest movement takes {float(made.duration_ms.max()):g} ms; if the times "
            "are in seconds, give time_unit=s"
        )
    return made


def _check_points(path: Path, movements: pl.DataFrame, count: torch.Tensor) -> None:
    """Raise InputError unless there are movements, and each has points enough but not too many."""
    if not len(count):
        raise InputError(f"{path}: holds no movement")
    for bad, complaint in (
        (count < 2, "a single point; a movement needs at least 2"),
        (count > MOST_STEPS, f"more than {MOST_STEPS} points; cut it into single movements"),
    ):
        if bool(bad.any()):
            which = movements["movement"][int(bad.nonzero()[0, 0])]
            raise InputError(f"{path}: movement {which!r} has {complaint}")
