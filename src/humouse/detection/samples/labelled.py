"""`LabelledMovements`: movements, who or what made each, and the views that detectors take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
import torch
from jaxtyping import Bool, Int

from humouse.detection.names import HUMAN, STEPS, VIEWS
from humouse.errors import InputError
from humouse.features import FeatureTable
from humouse.files import atomic_write
from humouse.trajectories import Trajectories, concatenate


@dataclass(frozen=True, eq=False)
class LabelledMovements:
    """Movements of people and of bots.

    Args:
        movements: B movements; `user` names the person whose movement it is, or whose recording the
            bot followed.
        family: [B] `HUMAN`, or the family of the bot.
        variant: [B] what made it exactly: the bot's variant, a checkpoint's name, or `HUMAN`.
        views: Tables of B rows by name, some of `VIEWS`.

    Raises:
        ValueError: The parts disagree in size, or a view is unknown.
    """

    movements: Trajectories
    family: np.ndarray
    variant: np.ndarray
    views: Mapping[str, FeatureTable] = field(default_factory=dict)

    def __post_init__(self) -> None:
        B = len(self.movements)
        if self.family.shape != (B,) or self.variant.shape != (B,):
            raise ValueError(f"{B} movements need {B} families and {B} variants")
        for name, table in self.views.items():
            if name not in VIEWS:
                raise ValueError(f"no view {name!r}; there are {', '.join(VIEWS)}")
            if len(table) != B:
                raise ValueError(f"{B} movements need {B} rows of {name}, not {len(table)}")

    def __len__(self) -> int:
        return len(self.movements)

    @property
    def is_bot(self) -> Bool[np.ndarray, "B"]:
        """[B] whether no person made it."""
        return self.family != HUMAN

    @property
    def inputs(self) -> dict[str, Trajectories | FeatureTable]:
        """What detectors look at: every view, the movements themselves as `STEPS`."""
        return {STEPS: self.movements, **self.views}

    def rows(self, index: Int[np.ndarray, "b"]) -> "LabelledMovements":
        """Return the rows of those numbers, in that order."""
        return LabelledMovements(
            self.movements[index],
            self.family[index],
            self.variant[index],
            {name: table.rows(index) for name, table in self.views.items()},
        )

    def with_views(self, views: Mapping[str, FeatureTable]) -> "LabelledMovements":
        """Return the same movements with these views besides their own."""
        return replace(self, views={**self.views, **views})

    def save(self, folder: str | Path) -> None:
        """Write movements.parquet, kinds.parquet and a Parquet file for each view into a folder.

        Raises:
            InputError: A file cannot be written.
        """
        folder = Path(folder)
        self.movements.save(folder / "movements.parquet")
        for name, table in self.views.items():
            table.save(folder / f"{name}.parquet")
        kinds = pl.DataFrame({"family": self.family, "variant": self.variant})
        with atomic_write(folder / "kinds.parquet") as temporary:  # last: it stands for the whole
            kinds.write_parquet(temporary)

    @classmethod
    def load(cls, folder: str | Path) -> "LabelledMovements":
        """Read what `save` wrote.

        Raises:
            InputError: A file is missing or damaged.
        """
        folder = Path(folder)
        movements = Trajectories.load(folder / "movements.parquet")
        try:
            kinds = pl.read_parquet(folder / "kinds.parquet", glob=False)
            family, variant = (kinds[name].to_numpy().astype(str) for name in kinds.columns)
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise InputError(
                f"{folder}: no labelled movements, or damaged; delete it and make it again"
            ) from error
        views = {
            name: FeatureTable.load(folder / f"{name}.parquet")
            for name in VIEWS
            if (folder / f"{name}.parquet").is_file()
        }
        return cls(movements, family, variant, views)


def label_movements(movements: Trajectories, family: str, variant: str) -> LabelledMovements:
    """Return movements that were all made by one and the same, without views."""
    B = len(movements)
    return LabelledMovements(movements, np.full(B, family), np.full(B, variant))


def concatenate_labelled(parts: Sequence[LabelledMovements]) -> LabelledMovements:
    """Return all rows of `parts`, with the views that every part has."""
    shared = [name for name in VIEWS if all(name in part.views for part in parts)]
    movements = [part.movements for part in parts]
    return LabelledMovements(
        concatenate(movements, "mixed"),
        np.concatenate([part.family.astype(str) for part in parts]),
        np.concatenate([part.variant.astype(str) for part in parts]),
        {name: _stacked([part.views[name] for part in parts]) for name in shared},
    )


def _stacked(tables: Sequence[FeatureTable]) -> FeatureTable:
    first = tables[0]
    values = torch.cat([table.select(first.names).values for table in tables])
    named = [table.user for table in tables if table.user is not None]
    user = np.concatenate(named) if len(named) == len(tables) else None
    return FeatureTable(values, first.names, first.units, user)
