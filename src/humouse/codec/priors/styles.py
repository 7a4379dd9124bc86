"""The styles of a set-up's people, and which of them a movement's conditions speak for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.codec.style import StylePool
from humouse.randomness import draw_categorical, generator
from humouse.settings.choices import CONDITIONS

_DRAWS = 8
_BLOCK_ROWS = 2**14
_EDGES = {
    "tick_ms": [*range(2, 40), 48, 64, 80, 100, 112, 128, 160, 250],
    "on_tick_share": [0.3, 0.5, 0.7, 0.9, 0.999],
    "axis_move_share": [0.02, 0.1, 0.2, 0.35, 0.5, 0.8],
    "small_move_share": [0.02, 0.1, 0.2, 0.4, 0.7],
}
_PLACES = [CONDITIONS.index(name) for name in _EDGES]
_SIZES = [len(edges) + 1 for edges in _EDGES.values()]


class Styles:
    """Some styles for each person, and how frequent each person and each condition is.

    A style is drawn for given conditions: first the person, in proportion to how many movements the person
    made and how frequent the conditions are among the people like that one, each condition by itself.

    Args:
        styles: [P, M, S] M styles for each person's neighbourhood.
        log_share: [P] logarithm of each person's share of the movements.
        log_odds: [P, bins] logarithm of each bin's share, for each of the conditions of style.
    """

    def __init__(
        self,
        styles: Float[Tensor, "P M S"],
        log_share: Float[Tensor, "P"],
        log_odds: Float[Tensor, "P bins"],
    ) -> None:
        self.styles, self.log_share, self.log_odds = styles, log_share, log_odds

    @classmethod
    def fit(
        cls, pool: StylePool, people: Int[Tensor, "P"], conditions: Float[Tensor, "N 9"]
    ) -> "Styles":
        """Return the styles of some people of a pool.

        Args:
            pool: Of N gestures.
            people: Numbers of the people, of one set-up.
            conditions: [N, 9] all of CONDITIONS of the pool's gestures.
        """
        g = generator("styles")
        each = pool.draw(people.repeat_interleave(_DRAWS), g)
        bins = torch.stack(_bins(conditions), 1)
        counts = torch.zeros(len(pool.kin), sum(_SIZES))
        for place in range(bins.shape[1]):
            counts.index_put_((pool.person, bins[:, place]), torch.ones(len(bins)), accumulate=True)
        alike = counts[pool.kin[people]].sum(1)
        shares = [part / part.sum(1, keepdim=True) for part in (alike + 0.5).split(_SIZES, 1)]
        of_person = torch.bincount(pool.person, minlength=len(pool.kin))[people].float()
        styles = each.unflatten(0, (len(people), _DRAWS))
        return cls(styles.half(), (of_person / of_person.sum()).log(), torch.cat(shares, 1).log())

    def draw(
        self, conditions: Float[Tensor, "n 9"], uniform: Float[Tensor, "n 2"]
    ) -> Float[Tensor, "n S"]:
        """Return [n, S] a style for movements of these conditions.

        Args:
            conditions: [n, 9] all of CONDITIONS.
            uniform: Numbers in [0, 1) that decide: one for the person, one for the style.
        """
        parts = []
        for some, chance in zip(
            conditions.split(_BLOCK_ROWS), uniform.split(_BLOCK_ROWS), strict=True
        ):
            log_weight = self.log_share[None].repeat(len(some), 1)
            for bins in _bins(some):
                log_weight += self.log_odds[:, bins].T
            person = draw_categorical(log_weight, chance[:, 0])
            place = (chance[:, 1] * self.styles.shape[1]).long()
            parts.append(self.styles[person, place].float())
        return torch.cat(parts)

    def state(self) -> dict[str, Any]:
        """Return everything needed to make them again: tensors."""
        return {"styles": self.styles, "log_share": self.log_share, "log_odds": self.log_odds}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Styles":
        """Return the styles that `state` described."""
        return cls(state["styles"], state["log_share"], state["log_odds"])


def _bins(conditions: Float[Tensor, "n 9"]) -> list[Int[Tensor, "n"]]:
    """Return the bin of each of the conditions of style; those of the second come after the first's."""
    first = np.cumsum([0, *_SIZES[:-1]]).tolist()
    return [
        torch.bucketize(conditions[:, place].contiguous(), torch.tensor(edges), right=True) + offset
        for place, edges, offset in zip(_PLACES, _EDGES.values(), first, strict=True)
    ]
