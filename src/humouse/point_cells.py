"""Reads the columns of a table of points, and says which cells cannot be used."""

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float64

from humouse.errors import InputError, closest, in_short

_LARGEST = 1e30
"""A number beyond this is a mistake, and its square is too large for the float32 of a step."""


@dataclass(frozen=True)
class PointColumns:
    """Which column of a table of points is which.

    Args:
        t: The time, from whatever moment.
        x: The horizontal position (px).
        y: The vertical position (px, downwards).
        movement: The movement's number or name, or None.
        user: The person's name, or None.
        session: The session's name, or None.
    """

    t: str
    x: str
    y: str
    movement: str | None = None
    user: str | None = None
    session: str | None = None


@dataclass(frozen=True, eq=False)
class PointCells:
    """P points as their table has them.

    Args:
        t: [P] time, NaN where the cell holds no usable number.
        position_px: [P, 2] position, NaN likewise.
        movement: [P] names, "" where there is none.
        user: [P] names likewise.
        session: [P] names likewise.
        faults: Row (from 0) → what is wrong with its cells.
    """

    t: Float64[np.ndarray, "P"]
    position_px: Float64[np.ndarray, "P 2"]
    movement: np.ndarray
    user: np.ndarray
    session: np.ndarray
    faults: dict[int, str]


def read_cells(points: Any, columns: PointColumns, where: str, *, strict: bool) -> PointCells:
    """Return the cells of a table of points.

    Args:
        points: A frame of polars or pandas, or any other mapping of names to columns.
        columns: Which column is which.
        where: What errors call the table.
        strict: Whether any fault is an error. Otherwise a point needs only a name that says what it
            belongs to: its movement, or where no column has it, its user or session.

    Raises:
        InputError: A column is missing, or one of numbers holds none; a cell cannot be used, and
            `strict` is set.
    """
    _check_columns(points, columns, where)
    faults: dict[int, str] = {}
    t, x, y = (_numbers(points, name, where, faults) for name in (columns.t, columns.x, columns.y))
    if not len(t):
        raise InputError(f"{where}: holds no movement")
    named = {"movement": columns.movement, "user": columns.user, "session": columns.session}
    names = {key: _names(points, column, where, len(t)) for key, column in named.items()}
    given = {column: names[key] for key, column in named.items() if column is not None}
    needed = {columns.movement: names["movement"]} if columns.movement else given
    if strict:
        for column, values in given.items():
            _note(np.flatnonzero(values == ""), str(column), faults)
    elif needed:
        nameless = np.logical_and.reduce([values == "" for values in needed.values()])
        _note(np.flatnonzero(nameless), " or ".join(map(str, needed)), faults)
    if strict and faults:
        first = faults[min(faults)]
        more = f", and {len(faults) - 1:,} more rows have faults" if len(faults) > 1 else ""
        raise InputError(f"{where}: {first}{more}; repair or remove them (rows count from 0)")
    return PointCells(t, np.stack([x, y], 1), **names, faults=faults)


def _note(rows: np.ndarray, column: str, faults: dict[int, str]) -> None:
    for row in rows.tolist():
        faults.setdefault(row, f"row {row} names no {column}")


def _check_columns(points: Any, columns: PointColumns, where: str) -> None:
    keys = points.keys() if isinstance(points, Mapping) else getattr(points, "columns", None)
    if keys is None:
        raise InputError(
            f"{where}: a {type(points).__name__} is no table; give a frame of polars or pandas, or a "
            "dict of columns"
        )
    known = [str(key) for key in keys]
    missing = {key: name for key, name in vars(columns).items() if name and name not in known}
    if not missing:
        return
    close = {key: closest(name, known) for key, name in missing.items()}
    cut = "; null cuts a stream at its pauses" if "movement" in missing else ""
    remedy = " ".join(
        f"columns.{key}={found[0] if found else 'NAME'}" for key, found in close.items()
    )
    raise InputError(
        f"{where}: no column {', '.join(map(repr, missing.values()))}; its columns are "
        f"{in_short(known)}. Say which is which: {remedy}{cut} (in Python {next(iter(missing))}=…)"
    )


def _numbers(
    points: Any, column: str, where: str, faults: dict[int, str]
) -> Float64[np.ndarray, "P"]:
    """Return [P] the numbers in a column, NaN for what is none, and add those cells to the faults."""
    values = _cells(points, column, where)
    if values.dtype.kind in "mM":
        raise InputError(
            f"{where}: column {column!r} holds dates; give them as numbers, in s, ms or us"
        )
    try:
        numbers = values.astype(np.float64)
    except (TypeError, ValueError):
        numbers = np.array([_number(value) for value in values])
    usable = np.abs(numbers) < _LARGEST
    if len(numbers) and not usable.any():
        raise InputError(
            f"{where}: column {column!r} holds no usable number; its first cell is "
            f"{reprlib.repr(values[:1].tolist()[0])}"
        )
    for row in np.flatnonzero(~usable).tolist():
        wrong = "is too large" if np.isfinite(numbers[row]) else "is not a finite number"
        cell = values[row : row + 1].tolist()[0]
        faults.setdefault(row, f"column {column!r}, row {row}: {reprlib.repr(cell)} {wrong}")
    return np.where(usable, numbers, np.nan)


def _cells(points: Any, column: str, where: str) -> np.ndarray:
    """Return [P] the cells of a column."""
    given = points[column]
    if isinstance(given, pl.Series) and given.dtype in (pl.Int128, pl.UInt128):
        given = given.cast(pl.String)  # NumPy has no such integers
    values = np.asarray(given)
    if values.ndim > 1 or any(isinstance(cell, (list, np.ndarray)) for cell in values[:1]):
        raise InputError(f"{where}: column {column!r} holds lists; give one row per point")
    return values


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _names(points: Any, column: str | None, where: str, P: int) -> np.ndarray:
    """Return [P] the names in a column, "" where there is none."""
    if column is None:
        return np.full(P, "")
    # None, and the NaN that pandas writes for it: it is not even equal to itself.
    values = _cells(points, column, where).tolist()
    return np.array(["" if value is None or value != value else str(value) for value in values])
