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
from humouse.codec.still import StillPoints
from humouse.codec.style import FEWEST_PEOPLE, StylePool
from humouse.errors import InputError
from humouse.ragged import Ragged
from humouse.randomness import generator
from humouse.trajectories import Trajectories, concatenate

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
        pixel_ratio: Of its screens: their pixels are what the px of the conditions are.
        still: Points without motion that its recorders write; None where it is not of events, or older.
    """

    name: str
    share: float
    conditions: LearnedPrior | EmpiricalPrior
    styles: Styles | None
    pixel_ratio: float = 1.0
    still: StillPoints | None = None

    def learned(self) -> "Setup":
        """Return the same without any person's numbers.

        Styles stay where each is pooled from several people's gestures.
        """
        seen = self.conditions
        if isinstance(seen, EmpiricalPrior):
            seen = LearnedPrior.fit(seen.lengths, seen.start, seen.conditions, person=seen.person)
        pooled = self.styles is not None and len(self.styles.styles) >= FEWEST_PEOPLE
        still = None if self.still is None else self.still.pooled()
        return replace(self, conditions=seen, styles=self.styles if pooled else None, still=still)


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
        movements: Ragged,
        pool: StylePool | None,
        *,
        nameless: bool = False,
        pixel_ratio: np.ndarray | None = None,
    ) -> "SetupPrior":
        """Return the prior of a split's movements.

        Args:
            frame: Of the N movements.
            movements: These, as they were recorded.
            pool: Of the movements, where styles are to be drawn.
            nameless: Whether they are of one set-up without a name, whatever the people's names say.
            pixel_ratio: [N] of their screens, each of which is then a set-up of the same name; None for 1.
        """
        user, n = movements.user, len(movements)
        setup = np.full(n, "") if nameless else movements.setup
        ratio = np.ones(n) if pixel_ratio is None else pixel_ratio
        person = None if user is None else torch.from_numpy(np.unique(user, return_inverse=True)[1])
        setups = []
        for name, of_screen in sorted(set(zip(setup.tolist(), ratio.tolist(), strict=True))):
            rows = torch.from_numpy(np.flatnonzero((setup == name) & (ratio == of_screen)))
            mine = frame[rows]
            styles = still = None
            if pool is not None:  # of events, then
                styles = Styles.fit(pool, pool.person[rows].unique(), frame.conditions)
                still = StillPoints.fit(movements.only(rows))
            whose = None if person is None else person[rows]
            conditions = EmpiricalPrior.fit(mine.lengths, mine.start, mine.conditions, whose)
            setups.append(Setup(name, len(rows) / n, conditions, styles, of_screen, still))
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

    @property
    def screens(self) -> dict[str, float]:
        """The pixel ratios of the screens, and the share of the movements on each."""
        shares: dict[str, float] = {}
        for one in self.setups:
            name = f"{one.pixel_ratio:.4g}"
            shares[name] = shares.get(name, 0.0) + one.share
        return shares

    def pixel_ratios(self, n: int, *, seed: int, first: int = 0) -> Float[Tensor, "n"] | None:
        """Return [n] the pixel ratio of each of n movements' screens, or None where all are 1.

        Args:
            n: How many.
            seed: Of `draw`: the ratios are of the same set-ups.
            first: Of `draw`.
        """
        if all(one.pixel_ratio == 1 for one in self.setups):
            return None
        ratio = torch.ones(n)
        for one, rows in zip(self.setups, self._rows(n, seed, first), strict=True):
            ratio[rows] = one.pixel_ratio
        return ratio

    def recorded(self, movements: Trajectories, *, seed: int, first: int = 0) -> Trajectories:
        """Return movements with points without motion, as their set-ups' recorders write them.

        Args:
            movements: Movements number `first` and following.
            seed: Of `draw`.
            first: Of `draw`.
        """
        parts, order = [], []
        rows = self._rows(len(movements), seed, first)
        for one, here in zip(self.setups, rows, strict=True):
            if len(here):
                some = movements[here]
                numbers = first + here.numpy()
                parts.append(some if one.still is None else one.still.written(some, numbers, seed))
                order.append(here)
        return concatenate(parts, movements.origin)[torch.cat(order).argsort()]

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
                    "pixel_ratio": one.pixel_ratio,
                    "still": None if one.still is None else one.still.state(),
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
                    # An earlier version wrote neither.
                    one.get("pixel_ratio", 1.0),
                    None if one.get("still") is None else StillPoints.from_state(one["still"]),
                )
                for one in state["setups"]
            ]
        )


def _conditions(state: Mapping[str, Any], kind: str) -> LearnedPrior | EmpiricalPrior:
    if kind not in PRIORS:
        raise ValueError(f"its prior is of an earlier one, {kind}; publish the model again")
    return PRIORS[kind].from_state(state)
