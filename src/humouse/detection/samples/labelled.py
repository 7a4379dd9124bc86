"""`LabelledMovements`: movements, who or what made each, and the views that detectors take."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Bool, Int

from humouse.detection.names import HUMAN, STEPS
from humouse.detection.samples.views import Views
from humouse.errors import InputError
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
        views: What detectors look at, or None.

    Raises:
        ValueError: The parts disagree in size.
    """

    movements: Trajectories
    family: np.ndarray
    variant: np.ndarray
    views: Views | None = None

    def __post_init__(self) -> None:
        B = len(self.movements)
        if self.family.shape != (B,) or self.variant.shape != (B,):
            raise ValueError(f"{B} movements need {B} families and {B} variants")
        if self.views is not None and len(self.views) != B:
            raise ValueError(f"{B} movements need {B} rows of views, not {len(self.views)}")

    def __len__(self) -> int:
        return len(self.movements)

    @property
    def is_bot(self) -> Bool[np.ndarray, "B"]:
        """[B] whether no person made it."""
        return self.family != HUMAN

    def rows(self, index: Int[np.ndarray, "b"]) -> "LabelledMovements":
        """Return the rows of those numbers, in that order."""
        return LabelledMovements(
            self.movements[index],
            self.family[index],
            self.variant[index],
            None if self.views is None else self.views.rows(index),
        )

    @property
    def looked_at(self) -> Views:
        """The views.

        Raises:
            ValueError: There are none.
        """
        if self.views is None:
            raise ValueError("these movements were not looked at")
        return self.views

    def save(self, folder: str | Path) -> None:
        """Write movements.parquet, kinds.parquet and the views, if there are any, into a folder.

        Raises:
            InputError: A file cannot be written.
        """
        folder = Path(folder)
        self.movements.save(folder / "movements.parquet")
        if self.views is not None:
            self.views.save(folder)
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
        views = Views.load(folder) if (folder / f"{STEPS}.parquet").is_file() else None
        return cls(movements, family, variant, views)


def label_movements(movements: Trajectories, family: str, variant: str) -> LabelledMovements:
    """Return movements that were all made by one and the same, without views."""
    B = len(movements)
    return LabelledMovements(movements, np.full(B, family), np.full(B, variant))


def concatenate_labelled(parts: Sequence[LabelledMovements]) -> LabelledMovements:
    """Return all rows of `parts`, with views if every part has them."""
    views = [part.views for part in parts if part.views is not None]
    movements = [part.movements for part in parts]
    return LabelledMovements(
        concatenate(movements, "mixed"),
        np.concatenate([part.family.astype(str) for part in parts]),
        np.concatenate([part.variant.astype(str) for part in parts]),
        Views.stacked(views) if len(views) == len(parts) else None,
    )
