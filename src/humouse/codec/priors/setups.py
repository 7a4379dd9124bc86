"""The prior of movements: those of each set-up, and how often each is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.codec.frame import Frame
from humouse.codec.priors.empirical import EmpiricalPrior
from humouse.codec.priors.learned import LearnedPrior
from humouse.codec.priors.styles import Styles
from humouse.codec.style import FEWEST_PEOPLE, StylePool
from humouse.errors import InputError
from humouse.randomness import generator

PRIORS: dict[str, type[LearnedPrior] | type[EmpiricalPrior]] = {
    kind.__name__: kind for kind in (LearnedPrior, EmpiricalPrior)
}
"""Priors of the conditions within a set-up, by their name in a state."""


@dataclass(frozen=True, eq=False)
class Setup:
    """One set-up: devices and software of one place, and the people who use them.

    Args:
        name: What the people's names begin with; empty where they are not said to be of any.
        share: Of the movements that are drawn.
        conditions: Lengths, starts and conditions.
        styles: Of its people; None for a model that knows of no style.
    """

    name: str
    share: float
    conditions: LearnedPrior | EmpiricalPrior
    styles: Styles | None

    def learned(self) -> "Setup":
        """Return the same without any person's numbers.

        Styles stay where each is pooled from several people's gestures.
        """
        seen = self.conditions
        if isinstance(seen, EmpiricalPrior):
            seen = LearnedPrior.fit(seen.lengths, seen.start, seen.conditions, person=seen.person)
        pooled = self.styles is not None and len(self.styles.styles) >= FEWEST_PEOPLE
        return replace(self, conditions=seen, styles=self.styles if pooled else None)


class SetupPrior:
    """What is drawn before a movement is made: its set-up, then its length, start, conditions and style.

    Args:
        setups: One or several, with shares that add up to 1.
    """

    def __init__(self, setups: list[Setup]) -> None:
        self.setups = setups

    @classmethod
    def fit(
        cls,
        frame: Frame,
        setup: np.ndarray,
        pool: StylePool | None,
        user: np.ndarray | None = None,
    ) -> "SetupPrior":
        """Return the prior of a split's movements.

        Args:
            frame: Of the N movements.
            setup: [N] names of their set-ups.
            pool: Of the movements, where styles are to be drawn.
            user: [N] who made each; None if nobody knows.
        """
        person = None if user is None else torch.from_numpy(np.unique(user, return_inverse=True)[1])
        setups = []
        for name in np.unique(setup):
            rows = torch.from_numpy(np.flatnonzero(setup == name))
            mine = frame[rows]
            styles = None
            if pool is not None:
                styles = Styles.fit(pool, pool.person[rows].unique(), frame.conditions)
            whose = None if person is None else person[rows]
            conditions = EmpiricalPrior.fit(mine.lengths, mine.start, mine.conditions, whose)
            setups.append(Setup(str(name), len(rows) / len(setup), conditions, styles))
        return cls(setups)

    @property
    def names(self) -> list[str]:
        """The set-ups' names."""
        return [one.name for one in self.setups]

    def only(self, name: str) -> "SetupPrior":
        """Return the prior of one set-up alone.

        Raises:
            InputError: There is none of this name.
        """
        chosen = [replace(one, share=1.0) for one in self.setups if one.name == name]
        if not chosen:
            known = ", ".join(filter(None, self.names))
            raise InputError(
                f"setup={name}: the model knows {known}; choose one of these"
                if known
                else f"setup={name}: the model was trained on one set-up alone; leave it out"
            )
        return SetupPrior(chosen)

    def draw(
        self,
        n: int,
        *,
        seed: int,
        seq_len: int | None = None,
        given: Float[Tensor, "n K"] | None = None,
        first: int = 0,
    ) -> tuple[Int[Tensor, "n"], Float[Tensor, "n 2"], Float[Tensor, "n 9"]]:
        """Draw the lengths, the starts (px) and the conditions of n movements.

        Args:
            n: How many.
            seed: Movement i depends only on the seed, i, `seq_len` and what is given of it.
            seq_len: How many steps all of them have.
            given: [n, K] the first K of CONDITIONS, NaN where not given; returned as it is.
            first: Number i of the first movement.
        """
        parts = []
        for one, rows in zip(self.setups, self._rows(n, seed, first), strict=True):
            asked = None if given is None else given[rows]
            drawn = one.conditions.draw(
                len(rows), seed=seed, seq_len=seq_len, given=asked, rows=first + rows
            )
            parts.append((rows, *drawn))
        order = torch.cat([rows for rows, *_ in parts]).argsort()
        lengths, start, conditions = (
            torch.cat([part[place] for part in parts])[order] for place in (1, 2, 3)
        )
        return lengths, start, conditions

    def styles(
        self, conditions: Float[Tensor, "n 9"], *, seed: int, first: int = 0
    ) -> Float[Tensor, "n S"] | None:
        """Return [n, S] a style for each of n movements, or None for a prior without styles.

        Args:
            conditions: [n, 9] all of CONDITIONS.
            seed: Of `draw`: the styles are of the same set-ups.
            first: Of `draw`.
        """
        found = None
        for one, rows in zip(self.setups, self._rows(len(conditions), seed, first), strict=True):
            if one.styles is None:
                continue
            numbers = (first + rows).tolist()
            chance = [torch.rand(2, generator=generator(seed, "style", i)) for i in numbers]
            if chance:
                drawn = one.styles.draw(conditions[rows].cpu(), torch.stack(chance))
                found = drawn.new_zeros(len(conditions), drawn.shape[1]) if found is None else found
                found[rows] = drawn
        return found

    def _rows(self, n: int, seed: int, first: int) -> list[Int[Tensor, "m"]]:
        """Return which of n movements, the first of that number, are of each set-up."""
        if len(self.setups) == 1:
            return [torch.arange(n)]
        numbers = range(first, first + n)
        chance = [torch.rand((), generator=generator(seed, "setup", i)) for i in numbers]
        ends = torch.tensor([one.share for one in self.setups]).cumsum(0)[:-1]
        which = torch.bucketize(torch.stack(chance), ends, right=True)
        return [(which == place).nonzero()[:, 0] for place in range(len(self.setups))]

    def learned(self) -> "SetupPrior":
        """Return the same without any person's numbers; see `Setup.learned`."""
        return SetupPrior([one.learned() for one in self.setups])

    def state(self) -> dict[str, Any]:
        """Return everything needed to make this prior again: plain values and tensors."""
        return {
            "setups": [
                {
                    "name": one.name,
                    "share": one.share,
                    "kind": type(one.conditions).__name__,
                    "conditions": one.conditions.state(),
                    "styles": None if one.styles is None else one.styles.state(),
                }
                for one in self.setups
            ]
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], kind: str) -> "SetupPrior":
        """Return the prior that `state` described.

        Args:
            state: Its state, or that of a single set-up's conditions, as earlier versions wrote it.
            kind: The name of the class of that state.

        Raises:
            ValueError: It is of a kind that this version does not know.
        """
        if kind != cls.__name__:
            return cls([Setup("", 1.0, _conditions(state, kind), None)])
        return cls(
            [
                Setup(
                    one["name"],
                    one["share"],
                    _conditions(one["conditions"], one["kind"]),
                    None if one["styles"] is None else Styles.from_state(one["styles"]),
                )
                for one in state["setups"]
            ]
        )


def _conditions(state: Mapping[str, Any], kind: str) -> LearnedPrior | EmpiricalPrior:
    if kind not in PRIORS:
        raise ValueError(f"its prior is of an earlier one, {kind}; publish the model again")
    return PRIORS[kind].from_state(state)
