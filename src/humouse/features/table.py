"""`FeatureTable`: one row of named features per movement; `Feature`: what a column means."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Float32

from humouse.errors import InputError
from humouse.files import atomic_write

_UNITS = "humouse.units"


@dataclass(frozen=True)
class Feature:
    """The definition of a column of a feature table.

    Args:
        name: The column's name; ends in its unit where it has one.
        unit: "px/s", "ms" …; "1" for a share or ratio, "count" for a count.
        definition: One line on how it is computed.
        source: Publication of the measure; empty for plain descriptions.
    """

    name: str
    unit: str
    definition: str
    source: str = ""


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Features of a batch of movements.

    Args:
        values: [B, F] one row per movement, one column per feature, all finite.
        names: F column names, all different.
        units: F units.
        user: [B] names of the people, or None.

    Raises:
        ValueError: The parts disagree in size, a name occurs twice, or a value is not finite.
    """

    values: Float32[np.ndarray, "B F"]
    names: tuple[str, ...]
    units: tuple[str, ...]
    user: np.ndarray | None = None

    def __post_init__(self) -> None:
        B, F = self.values.shape
        if len(self.names) != F or len(self.units) != F:
            raise ValueError(f"{F} columns need {F} names and {F} units")
        if len(set(self.names)) != F:
            raise ValueError("two columns have the same name")
        if self.user is not None and self.user.shape != (B,):
            raise ValueError(f"{B} rows need {B} users, not shape {self.user.shape}")
        finite = np.isfinite(self.values)
        if not finite.all():
            broken = int((~finite).any(0).argmax())
            raise ValueError(f"feature {self.names[broken]} is NaN or infinite somewhere")

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name: str) -> Float32[np.ndarray, "B"]:
        """Return the column of that name.

        Raises:
            KeyError: There is none.
        """
        if name not in self.names:
            raise KeyError(name)
        return self.values[:, self.names.index(name)]

    def rows(self, index: np.ndarray) -> "FeatureTable":
        """Return the rows with these indices, in that order."""
        user = None if self.user is None else self.user[index]
        return replace(self, values=self.values[index], user=user)

    def select(self, names: Sequence[str]) -> "FeatureTable":
        """Return the columns of those names, in that order.

        Raises:
            KeyError: One of them is not here.
        """
        if tuple(names) == self.names:
            return self
        place = {name: column for column, name in enumerate(self.names)}
        columns = [place[name] for name in names]
        units = tuple(self.units[column] for column in columns)
        return replace(self, values=self.values[:, columns], names=tuple(names), units=units)

    def save(self, path: str | Path) -> None:
        """Write the table to a Parquet file: a column per feature, and "user"; units as metadata.

        Raises:
            InputError: The file cannot be written.
        """
        with atomic_write(path) as temporary:
            self.frame().write_parquet(temporary, metadata=self.metadata)

    def frame(self) -> pl.DataFrame:
        """Return the table as it is written: "user", null where nobody is named, and the features."""
        user = [None] * len(self) if self.user is None else self.user.astype(str)
        columns = dict(zip(self.names, self.values.T, strict=True))
        return pl.DataFrame({"user": pl.Series(user, dtype=pl.String), **columns})

    @property
    def metadata(self) -> dict[str, str]:
        """What a file of such a table says beside its columns: their units."""
        return {_UNITS: json.dumps(dict(zip(self.names, self.units, strict=True)))}

    @classmethod
    def load(cls, path: str | Path) -> "FeatureTable":
        """Read a table written by `save`.

        Raises:
            InputError: The file is missing, damaged, or not a table of features.
        """
        try:
            units = json.loads(pl.read_parquet_metadata(path)[_UNITS])
            frame = pl.read_parquet(path, glob=False)
            values = frame.select(list(units)).to_numpy().astype(np.float32, order="C")
            user = None if frame["user"].null_count() else frame["user"].to_numpy().astype(str)
            return cls(values, tuple(units), tuple(units.values()), user)
        except FileNotFoundError as error:
            raise InputError(f"{path}: no such table of features") from error
        except (OSError, KeyError, ValueError, pl.exceptions.PolarsError) as error:
            raise InputError(f"{path}: not a readable table of features; make it again") from error
