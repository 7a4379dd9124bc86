"""`FeatureTable`: one row of named numbers per movement, and what each of them means."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Feature:
    """What one column of a feature table holds.

    Args:
        name: The column's name; ends in its unit where it has one.
        unit: "px/s", "ms" …; "1" for a share or ratio, "count" for a count.
        definition: One line that says how it is computed.
        source: Where the measure comes from; empty where it is a plain description.
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
        ValueError: The parts disagree in size, a name stands twice, or a value is not finite.
    """

    values: Float[Tensor, "B F"]
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
        if not self.values.isfinite().all():
            broken = (~self.values.isfinite()).any(0).nonzero()[0, 0]
            raise ValueError(f"feature {self.names[int(broken)]} is NaN or infinite somewhere")

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name: str) -> Float[Tensor, "B"]:
        """Return the column of that name.

        Raises:
            KeyError: There is none.
        """
        if name not in self.names:
            raise KeyError(name)
        return self.values[:, self.names.index(name)]

    def select(self, names: Sequence[str]) -> "FeatureTable":
        """Return the columns of those names, in that order.

        Raises:
            KeyError: One of them is not here.
        """
        missing = [name for name in names if name not in self.names]
        if missing:
            raise KeyError(missing[0])
        columns = [self.names.index(name) for name in names]
        units = tuple(self.units[column] for column in columns)
        return replace(self, values=self.values[:, columns], names=tuple(names), units=units)

    def with_prefix(self, *prefixes: str) -> "FeatureTable":
        """Return the columns whose names begin with one of `prefixes`."""
        return self.select([name for name in self.names if name.startswith(prefixes)])

    def beside(self, other: "FeatureTable") -> "FeatureTable":
        """Return the columns of both tables, these first.

        Raises:
            ValueError: The tables have different numbers of rows, or a name in common.
        """
        if len(self) != len(other):
            raise ValueError(f"tables of {len(self)} and {len(other)} rows do not fit together")
        return FeatureTable(
            torch.cat([self.values, other.values], 1),
            self.names + other.names,
            self.units + other.units,
            self.user if self.user is not None else other.user,
        )
