"""The attributes that a prior draws before a movement is made: length, start and conditions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import ClassVar, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.settings.choices import CONDITIONS

WIDTH = 3 + len(CONDITIONS)
"""Columns of an array of attributes."""

# Not typing.Self: beartype, which checks shapes in tests, knows it in classes alone.
_C = TypeVar("_C", bound="NamedColumns")


@dataclass(frozen=True, eq=False)
class NamedColumns:
    """Arrays by name that are also the columns of one array.

    The axes before the last are the same for all of them; "..." stands for these.
    """

    places: ClassVar[Mapping[str, int | slice]]

    @classmethod
    def of_array(cls: type[_C], array: Float[np.ndarray, "*S C"]) -> _C:
        """Return the columns of an array."""
        return cls(**{name: array[..., place] for name, place in cls.places.items()})

    def array(self) -> Float[np.ndarray, "*S C"]:
        """Return all columns in one array."""
        parts = [
            getattr(self, name)[..., None] if isinstance(place, int) else getattr(self, name)
            for name, place in self.places.items()
        ]
        return np.concatenate(parts, -1)

    def map(self: _C, change: Callable[[np.ndarray], np.ndarray]) -> _C:
        """Return the columns with each array changed, such as to some of its rows."""
        return replace(self, **{f.name: change(getattr(self, f.name)) for f in fields(self)})


@dataclass(frozen=True, eq=False)
class Attributes(NamedColumns):
    """Attributes of movements, NaN where unknown. As an array: length, start, CONDITIONS.

    Args:
        length: [...] number of steps.
        start_px: [..., 2] first position.
        goal_px: [..., 2] net displacement.
        duration_ms: [...].
        path_px: [...] length of the path.
        complexity: [...] path over the distance to the goal.
        tick_ms: [...] median time step.
        shares: [..., 3] of the steps: on the tick, along one axis, small.
    """

    places: ClassVar[Mapping[str, int | slice]] = {
        "length": 0,
        "start_px": slice(1, 3),
        "goal_px": slice(3, 5),
        "duration_ms": 5,
        "path_px": 6,
        "complexity": 7,
        "tick_ms": 8,
        "shares": slice(9, 12),
    }

    length: Float[np.ndarray, "*S"]
    start_px: Float[np.ndarray, "*S 2"]
    goal_px: Float[np.ndarray, "*S 2"]
    duration_ms: Float[np.ndarray, "*S"]
    path_px: Float[np.ndarray, "*S"]
    complexity: Float[np.ndarray, "*S"]
    tick_ms: Float[np.ndarray, "*S"]
    shares: Float[np.ndarray, "*S 3"]

    @classmethod
    def of_tensors(
        cls,
        lengths: Int[Tensor, "B"],
        start: Float[Tensor, "B 2"],
        conditions: Float[Tensor, "B 9"],
    ) -> "Attributes":
        """Return the attributes of movements of these lengths, starts (px) and CONDITIONS."""
        parts = [lengths[:, None].double(), start.double(), conditions.double()]
        return cls.of_array(torch.cat(parts, 1).cpu().numpy())

    @property
    def distance_px(self) -> Float[np.ndarray, "*S"]:
        """[...] distance to the goal; at least 1 px, as in the complexity of a recording."""
        return np.hypot(self.goal_px[..., 0], self.goal_px[..., 1]).clip(1)

    @property
    def end_px(self) -> Float[np.ndarray, "*S 2"]:
        """[..., 2] last position."""
        return self.start_px + self.goal_px


def known_or(values: np.ndarray, otherwise: np.ndarray | float) -> np.ndarray:
    """Return `values` where they are known, else the others."""
    return np.where(np.isnan(values), otherwise, values)
