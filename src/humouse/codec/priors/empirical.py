"""The empirical distribution of the train split's lengths, starts and conditions."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.randomness import generator
from humouse.settings.choices import CONDITIONS

_MOST_ROWS = 16384
_NEAREST = 24
_DX, _DY, _DURATION, _PATH, _COMPLEXITY = range(5)


class EmpiricalPrior:
    """A bootstrap of the train split's movements: the exact joint distribution.

    Where conditions are given, a row is drawn among the `_NEAREST` rows nearest to them; the given
    values replace the row's own, and the path is scaled with the goal.

    It holds recorded people's numbers (not their movements): published checkpoints use `LearnedPrior`.

    Args:
        lengths: [N] numbers of steps.
        start: [N, 2] first positions (px).
        conditions: [N, 9] all of CONDITIONS.
        person: [N] number of who made each; None if nobody knows. What is learned from it asks.
    """

    def __init__(
        self,
        lengths: Int[Tensor, "N"],
        start: Float[Tensor, "N 2"],
        conditions: Float[Tensor, "N 9"],
        person: Int[Tensor, "N"] | None = None,
    ) -> None:
        self.lengths, self.start, self.conditions = lengths, start, conditions
        self.person = person
        numbers = _comparable(conditions, lengths)
        self._mean, self._std = numbers.mean(0), numbers.std(0, correction=0).clamp_min(1e-6)
        self._numbers = (numbers - self._mean) / self._std

    @classmethod
    def fit(
        cls,
        lengths: Int[Tensor, "N"],
        start: Float[Tensor, "N 2"],
        conditions: Float[Tensor, "N 9"],
        person: Int[Tensor, "N"] | None = None,
    ) -> "EmpiricalPrior":
        """Return the prior of these movements, of at most 16,384 of them."""
        rows = torch.randperm(len(lengths), generator=generator("prior"))[:_MOST_ROWS]
        whose = None if person is None else person[rows]
        return cls(lengths[rows], start[rows], conditions[rows], whose)

    def draw(
        self,
        n: int,
        *,
        seed: int,
        seq_len: int | None = None,
        given: Float[Tensor, "n K"] | None = None,
        rows: Int[Tensor, "n"] | None = None,
    ) -> tuple[Int[Tensor, "n"], Float[Tensor, "n 2"], Float[Tensor, "n 9"]]:
        """Draw the lengths, the starts (px) and the conditions of n movements.

        Args:
            n: How many.
            seed: Row i depends only on the seed, i, `seq_len` and what is given of row i.
            seq_len: How many steps all of them have.
            given: [n, K] the first K of CONDITIONS, NaN where not given; returned as it is.
            rows: [n] the numbers i of the rows; 0 … n − 1 by default.
        """
        wanted = torch.full((n, len(CONDITIONS)), torch.nan)
        if given is not None:
            wanted[:, : given.shape[1]] = given
        numbers = range(n) if rows is None else rows.tolist()
        chosen = torch.zeros(n, dtype=torch.long)
        for place, i in enumerate(numbers):
            uniform = torch.rand((), generator=generator(seed, "frame", i))
            chosen[place] = self._row(wanted[place], seq_len, uniform)
        lengths, conditions = self.lengths[chosen], self.conditions[chosen].clone()
        if seq_len is not None:
            lengths = torch.full_like(lengths, seq_len)
        known = ~wanted.isnan()
        conditions = torch.where(known, wanted, conditions)
        chord_px = conditions[:, :2].norm(dim=1).clamp(min=1)
        path_known, complexity_known = known[:, _PATH], known[:, _COMPLEXITY]
        reached = conditions[:, _COMPLEXITY] * chord_px
        conditions[:, _PATH] = torch.where(path_known, conditions[:, _PATH], reached)
        # Complexity follows from a given path, unless it is given itself.
        implied = (conditions[:, _PATH] / chord_px).clamp(min=1)
        conditions[:, _COMPLEXITY] = torch.where(
            complexity_known, conditions[:, _COMPLEXITY], implied
        )
        return lengths, self.start[chosen], conditions

    def _row(
        self, given: Float[Tensor, "9"], seq_len: int | None, uniform: Float[Tensor, ""]
    ) -> Int[Tensor, ""]:
        length = torch.tensor([seq_len if seq_len is not None else torch.nan])
        wanted = (_comparable(given[None], length) - self._mean) / self._std
        known = ~wanted[0].isnan()
        if not bool(known.any()):
            return (uniform * len(self.lengths)).long()
        far = (self._numbers[:, known] - wanted[:, known]).square().sum(1)
        nearest = far.topk(min(_NEAREST, len(far)), largest=False).indices
        return nearest[(uniform * len(nearest)).long()]

    def state(self) -> dict[str, Any]:
        """Return everything needed to make this prior again: plain values and tensors."""
        state = {"lengths": self.lengths, "start": self.start, "conditions": self.conditions}
        return state if self.person is None else state | {"person": self.person}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "EmpiricalPrior":
        """Return the prior that `state` described."""
        return cls(state["lengths"], state["start"], state["conditions"], state.get("person"))


def _comparable(
    conditions: Float[Tensor, "N 9"], lengths: Int[Tensor, "N"] | Float[Tensor, "N"]
) -> Float[Tensor, "N 10"]:
    """Return the numbers on scales whose differences are comparable; NaN stays NaN."""
    goal, sizes, shares = conditions[:, :2], conditions[:, 2:6], conditions[:, 6:]
    logs = [sizes.clamp(min=0.1).log(), lengths[:, None].clamp(min=1).to(conditions).log()]
    return torch.cat([torch.asinh(goal / 10), *logs, shares], 1)
