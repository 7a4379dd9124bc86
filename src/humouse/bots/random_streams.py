"""Random numbers for a block of movements; every draw is seeded by a key of its own."""

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.randomness import generator

BLOCK = 1024
"""Movements of one block. Numbers are drawn for a whole block, however few of it are needed, so that
a movement does not depend on how many are requested."""

_ROW_MULTIPLE = 64


def rows_to_make(n: int) -> int:
    """Return how many movements to compute where n of a block are needed.

    A multiple of 64: the rest of a vector loop runs on scalar instructions, which round differently,
    and a movement must not depend on whether it falls there.
    """
    return min(-(-n // _ROW_MULTIPLE) * _ROW_MULTIPLE, BLOCK)


class RandomStreams:
    """The random numbers of the first movements of one block.

    Each draw has a name and depends only on the block's key and that name, so a bot can add a draw
    without changing its others.

    Args:
        key: Seed, bot and block.
        rows: How many movements, at most `BLOCK`.
    """

    def __init__(self, *key: int | str, rows: int) -> None:
        self._key = key
        self.rows = rows

    def uniform(self, name: str, k: int = 1) -> Float[Tensor, "B k"]:
        """Return [B, k] uniform numbers in [0, 1)."""
        return torch.rand(BLOCK, k, generator=generator(*self._key, name))[: self.rows]

    def normal(self, name: str, k: int = 1) -> Float[Tensor, "B k"]:
        """Return [B, k] standard normal numbers."""
        return torch.randn(BLOCK, k, generator=generator(*self._key, name))[: self.rows]

    def normal_steps(self, name: str, T: int, k: int = 2) -> Float[Tensor, "B T k"]:
        """Return [B, T, k] standard normal numbers; those of step j do not depend on T."""
        # Step by step: with T outermost, more steps only add to the end of the stream.
        steps = torch.randn(T, k, BLOCK, generator=generator(*self._key, name))
        return steps.permute(2, 0, 1)[: self.rows]
