"""Random numbers for a block of movements, each draw with an address of its own."""

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.randomness import generator

BLOCK = 1024
"""Movements that are made together. Draws are for a whole block, however few of it are wanted, so
that a movement does not depend on how many were asked for."""

_TOGETHER = 64


def made_together(n: int) -> int:
    """Return how many movements to make where n of a block are wanted.

    A few more, so that none lies where vector instructions end and others, which round otherwise,
    take over.
    """
    return min(-(-n // _TOGETHER) * _TOGETHER, BLOCK)


class Chance:
    """The random numbers of the first movements of one block.

    Each draw is named, and depends on the block's key and that name alone: a bot may add a draw
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
