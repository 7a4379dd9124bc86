"""The observed sets and all bootstrap replicates as one stack of weights, to score all at once."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.eval.statistics.resampling import Resampling, Users, scored
from humouse.eval.statistics.score import Score


@dataclass(frozen=True, eq=False)
class BootstrapWeights:
    """How often each row counts: once in the observed sets, which come first, then in each replicate.

    Args:
        real: [K, N] float64; K = 1 + D for D replicates.
        fake: [K, M] float64.
        resampling: The replicates, or None where K = 1.
    """

    real: Float[Tensor, "K N"]
    fake: Float[Tensor, "K M"]
    resampling: Resampling | None

    @classmethod
    def of(
        cls, resampling: Resampling | None, real: Float[Tensor, "N F"], fake: Float[Tensor, "M F"]
    ) -> "BootstrapWeights":
        """Return the weights of the rows of two sets, on their device.

        Args:
            resampling: The replicates; None for none.
            real: [N, F].
            fake: [M, F].

        Raises:
            ValueError: The replicates are of sets of another size.
        """
        return cls._stacked(resampling, len(real), len(fake), real.device)

    @classmethod
    def over_people(
        cls, real: Users, n: int, fake: Users, m: int, *, replicates: int, seed: int
    ) -> "BootstrapWeights":
        """Return the weights of n and m rows in the replicates; see `Resampling.over_people`."""
        resampling = None
        if replicates:
            resampling = Resampling.over_people(real, n, fake, m, replicates=replicates, seed=seed)
        return cls._stacked(resampling, n, m, torch.device("cpu"))

    @classmethod
    def _stacked(
        cls, resampling: Resampling | None, n: int, m: int, device: torch.device
    ) -> "BootstrapWeights":
        real, fake = (torch.ones(1, rows, dtype=torch.float64, device=device) for rows in (n, m))
        if resampling is None:
            return cls(real, fake, None)
        sizes = resampling.real.shape[1], resampling.fake.shape[1]
        if sizes != (n, m):
            raise ValueError(
                f"the replicates are of {sizes[0]} and {sizes[1]} rows, the sets have {n} and {m}"
            )
        return cls(
            torch.cat([real, resampling.real.to(real)]),
            torch.cat([fake, resampling.fake.to(fake)]),
            resampling,
        )

    def score(
        self,
        values: Float[Tensor, "K"],
        p_value: float | None = None,
        *,
        least: float = -math.inf,
        most: float = math.inf,
    ) -> Score:
        """Return the score of the observed sets, with its interval if there are replicates.

        Args:
            values: [K] the score under each row of weights.
            p_value: If it was asked for.
            least: What no value can be below; nor does the interval reach there.
            most: What none can be above.
        """
        return scored(values, self.resampling, p_value, least=least, most=most)
