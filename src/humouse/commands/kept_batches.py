"""Batches of samples that are kept on disk until all are drawn, so that an interrupted run goes on."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from humouse.errors import InputError
from humouse.files import digest
from humouse.training.checkpoint import save_tensors


class KeptBatches:
    """The batches of one request, one file each, whole or absent.

    They lie in a hidden folder whose name is the hash of all that decides them, so a run finds its
    own batches and no others.

    Args:
        out_dir: Where the result will lie.
        decided_by: Everything that a batch depends on, as plain values.
    """

    def __init__(self, out_dir: Path, decided_by: Mapping[str, Any]) -> None:
        self.folder = out_dir / f".partial-{digest(decided_by)[:16]}"

    def __len__(self) -> int:
        return len(list(self.folder.glob("[0-9]*.pt")))

    def __call__(self, number: int, draw: Callable[[], Tensor]) -> Tensor:
        """Return a batch: what was kept of it, else what `draw` returns, which is kept."""
        path = self.folder / f"{number:06}.pt"
        if path.is_file():
            kept: Tensor = torch.load(path, weights_only=True)["x0"]
            return kept
        made = draw()
        try:
            save_tensors(path, {"x0": made})
        except InputError:
            if not len(self):
                self.remove()
            raise
        return made

    def remove(self) -> None:
        """Remove them: the result holds everything."""
        shutil.rmtree(self.folder, ignore_errors=True)
