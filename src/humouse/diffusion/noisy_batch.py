"""A batch of clean data with every random draw that decides its loss."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class NoisyBatch:
    """Everything that decides one loss: data and every random draw of the step.

    Args:
        x0: [B, T, C] clean data, zero at padding.
        mask: [B, T] True where valid.
        cond: [B, K] conditions on the network's scale, NaN where not given, or None.
        t: [B] noise times in (0, 1].
        eps: [B, T, C] noise.
        self_condition: [B] True where the network gets its own first answer as an input.
        style: [B, S] styles of the set-ups, for a decoder, or None.
    """

    x0: Float[Tensor, "B T C"]
    mask: Bool[Tensor, "B T"]
    cond: Float[Tensor, "B K"] | None
    t: Float[Tensor, "B"]
    eps: Float[Tensor, "B T C"]
    self_condition: Bool[Tensor, "B"]
    style: Float[Tensor, "B S"] | None = None

    def __len__(self) -> int:
        return len(self.x0)

    def __getitem__(self, rows: slice | Tensor) -> "NoisyBatch":
        return self._map(lambda part: part[rows])

    def to(self, device: torch.device | str) -> "NoisyBatch":
        """Return the same batch on another device."""
        return self._map(lambda part: part.to(device, non_blocking=True))

    def pin_memory(self) -> "NoisyBatch":
        """Return the same batch in memory that a GPU can copy from in the background."""
        return self._map(Tensor.pin_memory)

    def trimmed(self) -> "NoisyBatch":
        """Return the same batch with no more padding than its longest row needs."""
        longest = int(self.mask.sum(1).max())
        cut = {name: getattr(self, name)[:, :longest] for name in ("x0", "mask", "eps")}
        return replace(self, **cut)

    def _map(self, change: Callable[[Tensor], Tensor]) -> "NoisyBatch":
        changed: dict[str, Any] = {
            name: None if part is None else change(part) for name, part in vars(self).items()
        }
        return NoisyBatch(**changed)
