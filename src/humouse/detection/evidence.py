"""`Evidence`: what is kept of a movement until the verdict, which its whole source has a part in.

It takes some hundred bytes a movement, however long it is, so that a million of them fit.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from humouse.detection.explain import Speaking
from humouse.features import FeatureTable


class Evidence(NamedTuple):
    """What verdicts and reasons are made from, of the b of B movements that move.

    Args:
        movements: B, how many there are.
        number: [b] their numbers, ascending.
        logits: [b, M] the logit of each member.
        traits: [b, F] of their set-ups.
        speaking: The features that speak for either verdict.
    """

    movements: int
    number: Int[np.ndarray, "b"]
    logits: Float[np.ndarray, "b M"]
    traits: FeatureTable
    speaking: Speaking

    @classmethod
    def joined(cls, parts: Sequence["Evidence"]) -> "Evidence":
        """Return the evidence of all movements of `parts`, numbered through."""
        if len(parts) == 1:
            return parts[0]
        counts, numbers, logits, traits, found = zip(*parts, strict=True)
        first = np.cumsum([0, *counts])
        values = np.concatenate([one.values for one in traits])
        return cls(
            int(first[-1]),
            np.concatenate([one + before for one, before in zip(numbers, first, strict=False)]),
            np.concatenate(logits),
            FeatureTable(values, traits[0].names, traits[0].units),
            Speaking(*(np.concatenate(one) for one in zip(*found, strict=True))),
        )

    def in_order(self) -> "Evidence":
        """Return the same evidence with its numbers ascending."""
        order = np.argsort(self.number)
        return self._replace(
            number=self.number[order],
            logits=self.logits[order],
            traits=self.traits.rows(order),
            speaking=self.speaking.rows(order),
        )
