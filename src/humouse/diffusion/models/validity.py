"""Which steps are valid, at one resolution of the UNet."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Validity:
    """The mask at one resolution, in the forms that the layers use.

    Args:
        mask: [B, T, 1] one where a step is valid, else zero; float32 or wider.
        share: [B, 1, T] the mask over the number of valid steps; a product with it is a mean.
        full: True only if every step is known to be valid, so that zeroing can be left out.
    """

    mask: Float[Tensor, "B T 1"]
    share: Float[Tensor, "B 1 T"]
    full: bool

    @classmethod
    def of(cls, mask: Bool[Tensor, "B T"], multiple: int = 1) -> "Validity":
        """Return the validity of `mask`, padded at the end to a multiple of `multiple` steps."""
        padded = F.pad(mask, (0, -mask.shape[1] % multiple))
        # On a GPU the question would force a synchronisation; a compiler would trace both answers.
        known = mask.device.type == "cpu" and not torch.compiler.is_compiling()
        return cls._from(padded.float()[:, :, None], known and bool(padded.all()))

    @classmethod
    def _from(cls, mask: Float[Tensor, "B T 1"], full: bool) -> "Validity":
        share = mask / mask.sum(1, keepdim=True).clamp(min=1)
        return cls(mask, share.transpose(1, 2), full)

    @property
    def count(self) -> Float[Tensor, "B 1 1"]:
        """[B, 1, 1] number of valid steps, at least 1."""
        return self.mask.sum(1, keepdim=True).clamp(min=1)

    def zeroed(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        """Return x with zeros at padding."""
        return x if self.full else x * self.mask.to(x.dtype)

    def halved(self) -> "Validity":
        """Return the validity of pairs of steps: a pair is valid if either is. T must be even."""
        return self._from(self.mask.unflatten(1, (-1, 2)).amax(2), self.full)

    def split(self, size: int) -> list["Validity"]:
        """Return the validity of each `size` samples in turn."""
        parts = zip(self.mask.split(size), self.share.split(size), strict=True)
        return [Validity(mask, share, self.full) for mask, share in parts]
