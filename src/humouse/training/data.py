"""The data of a run, read once, held without padding and passed on."""

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from humouse.data.prepared import Prepared, split_file
from humouse.data.splits import held_out_gestures
from humouse.ragged import Ragged


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The splits that a run learns from and is measured on.

    Args:
        prepared: The dataset that they belong to, with the hash that identifies it.
        train: The train split without the gestures that are held out.
        train_rows: [N] their rows in train.parquet.
        val: The validation split.
    """

    prepared: Prepared
    train: Ragged
    train_rows: Int[Tensor, "N"]
    val: Ragged

    @classmethod
    def read(cls, prepared: Prepared, held_out_share: float) -> "TrainingData":
        """Return the splits of a prepared dataset.

        Args:
            prepared: The dataset.
            held_out_share: Share of the train gestures to leave out, below 1.

        Raises:
            InputError: A split is missing or damaged.
        """
        train, val = (Ragged.load(split_file(prepared.folder / name)) for name in ("train", "val"))
        rows = torch.from_numpy(held_out_gestures(len(train), held_out_share)[0])
        return cls(prepared, train.only(rows), rows, val)
