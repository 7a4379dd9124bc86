"""Precision, recall, density and coverage by balls around each row's nearest neighbours.

A row's ball reaches to its k-th nearest neighbour in its own set (itself left out). All comparisons
are ≤: with < a set of duplicates, whose balls have radius 0, would not even hold itself.

In a bootstrap replicate the balls keep the radius that they have in the whole sets, and only those of
the people drawn are there: with new radii a person drawn twice would have balls of radius 0.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.eval.metrics.matrix import Fake, Real, checked_pair
from humouse.eval.statistics.resampling import Resampling
from humouse.eval.statistics.score import Score
from humouse.eval.statistics.weights import BootstrapWeights

_DISTANCES = 2**21
"""At a time: 16 MB, which stay near the processor."""
_SPARSE = 0.01
"""Share of pairs in a ball below which they are looked at one by one: of sets alike, 5 in 20,000 are."""
_MORE = 8
"""Rows beyond the k-th whose distances are looked at exactly: rounding may have changed places with them."""
_ROUNDING = 1e-13
"""Of the sum of two squares, several times what a squared distance by products is off."""


class PrecisionRecall(NamedTuple):
    """Shares from 0 to 1; both higher is better."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """Density is about 1 and coverage near 1 for equal distributions."""

    density: float
    coverage: float


def knn_precision_recall(real: Real, fake: Fake, k: int = 5) -> PrecisionRecall:
    """Return the shares of fake rows in a real ball, and of real rows in a fake ball.

    Kynkäänniemi et al. 2019, arXiv:1904.06991. Features enter as they are.

    Args:
        real: [N, F].
        fake: [M, F].
        k: Which neighbour a ball reaches to; at most N − 1 and M − 1.

    Raises:
        ValueError: See `checked_pair`; or k is below 1.
    """
    scores = neighbour_scores(real, fake, k=k)
    return PrecisionRecall(scores["knn_precision"].value, scores["knn_recall"].value)


def density_coverage(real: Real, fake: Fake, k: int = 5) -> DensityCoverage:
    """Return how many real balls a fake row lies in, over k, and the share of real balls hit.

    Naeem et al. 2020, arXiv:2002.09797. Unlike precision and recall, one outlier's huge ball moves
    neither much. Features enter as they are.

    Args:
        real: [N, F].
        fake: [M, F].
        k: Which neighbour a ball reaches to; at most N − 1.

    Raises:
        ValueError: See `checked_pair`; or k is below 1.
    """
    scores = neighbour_scores(real, fake, k=k)
    return DensityCoverage(scores["density"].value, scores["coverage"].value)


def neighbour_scores(
    real: Real,
    fake: Fake,
    *,
    k: int = 5,
    resampling: Resampling | None = None,
) -> dict[str, Score]:
    """Return knn_precision, knn_recall, density and coverage, from one pass over the distances.

    Args:
        real: [N, F].
        fake: [M, F].
        k: As in `knn_precision_recall`.
        resampling: Bootstrap replicates for the intervals; none without.

    Raises:
        ValueError: See `checked_pair`; k is below 1, or replicates of sets of another size.
    """
    real, fake = checked_pair(real, fake)
    weights = BootstrapWeights.of(resampling, real, fake)
    values = _of_all_replicates(real, fake, k, weights)
    return {
        name: weights.score(value, least=0.0, most=math.inf if name == "density" else 1.0)
        for name, value in values.items()
    }


def _of_all_replicates(
    real: Float[Tensor, "N F"],
    fake: Float[Tensor, "M F"],
    k: int,
    weights: BootstrapWeights,
) -> dict[str, Float[Tensor, "K"]]:
    centre = real.mean(0)
    people, made = _Rows.of(real, centre), _Rows.of(fake, centre)
    real_radii, fake_radii = _radii(people, k), _radii(made, k)
    of_real, of_fake = weights.real.T, weights.fake.T
    # Counts of rows, and sums of these below 2²⁴, are exact in single precision, and take half the time.
    single = of_real.float()
    density, precision = of_real.new_zeros(2, len(weights.real))
    hits, held = torch.zeros_like(single), torch.zeros_like(single)
    blocks = torch.arange(len(fake)).split(_block(len(real)))
    room = people.room_for(len(blocks[0]))
    for block in blocks:
        rows, weight = made.at(block), of_fake[block]
        squared = rows.squared_distances(people, room)
        in_real_ball = rows.within(people, squared, real_radii[None])
        in_fake_ball = rows.within(people, squared, fake_radii[block, None])
        balls = _add_sums(single.new_zeros(weight.shape), in_real_ball, single).double()
        density += (weight * balls).sum(0)
        precision += (weight * (balls > 0)).sum(0)
        weight = weight.float()
        _add_sums(hits, in_real_ball.flip(0), weight)
        _add_sums(held, in_fake_ball.flip(0), weight)
    n, m = of_real.sum(0), of_fake.sum(0)
    return {
        "knn_precision": precision / m,
        "knn_recall": (of_real * (held > 0)).sum(0) / n,
        # Over the share of the balls that were drawn: k is the number to expect among all.
        "density": density / m / n * len(real) / min(k, len(real) - 1),
        "coverage": (of_real * (hits > 0)).sum(0) / n,
    }


class _Rows(NamedTuple):
    """Rows of features, and what their distances take.

    Products find distances many times as fast as differences do, but a duplicate must lie at distance 0
    exactly: so differences say how far what is near lies, and what is about as far as asked.
    """

    values: Float[Tensor, "N F"]
    centred: Float[Tensor, "N F"]
    squares: Float[Tensor, "N"]

    @classmethod
    def of(cls, values: Float[Tensor, "N F"], centre: Float[Tensor, "F"]) -> "_Rows":
        centred = values - centre
        return cls(values, centred, centred.square().sum(1))

    def at(self, index: Int[Tensor, "n"]) -> "_Rows":
        return _Rows(self.values[index], self.centred[index], self.squares[index])

    def room_for(self, rows: int) -> Float[Tensor, "n N"]:
        """Return [n, N] room for the distances of so many rows to these.

        One for all blocks: taken and freed again and again beside small results that stay, 16 MB leave
        holes that the next 16 MB just miss, and memory grows by gigabytes.
        """
        return self.squares.new_empty(rows, len(self.squares))

    def squared_distances(
        self, others: "_Rows", room: Float[Tensor, "n M"]
    ) -> Float[Tensor, "N M"]:
        """Return [N, M] the squares of the distances, but for rounding; below 0 by that much at most.

        Args:
            others: M rows.
            room: [n, M] where they go, n at least N.
        """
        sums = torch.add(self.squares[:, None], others.squares, out=room[: len(self.squares)])
        return sums.addmm_(self.centred, others.centred.T, alpha=-2)

    def within(
        self, others: "_Rows", squared: Float[Tensor, "N M"], radii: Float[Tensor, "*ball"]
    ) -> Int[Tensor, "2 P"]:
        """Return [2, P] the pairs (row, other) whose distance is at most a radius ([1, M] or [N, 1])."""
        slack = _ROUNDING * (self.squares.max() + others.squares.max())
        pairs = (squared <= radii.square() + slack).nonzero().T
        row, other = pairs
        radius = radii.expand_as(squared)[row, other]
        beyond = squared[row, other] - radius.square()
        inside = beyond <= 0
        close = (beyond.abs() <= slack).nonzero()[:, 0]
        exact = (self.values[row[close]] - others.values[other[close]]).norm(dim=1)
        inside[close] = exact <= radius[close]
        return pairs[:, inside]


def _add_sums(
    sums: Float[Tensor, "N K"], pairs: Int[Tensor, "2 P"], values: Float[Tensor, "M K"]
) -> Float[Tensor, "N K"]:
    """Add, for each pair (row, other), the other's values to the row's sums, in place."""
    row, other = pairs
    if len(row) < _SPARSE * len(sums) * len(values):
        return sums.index_add_(0, row, values[other])
    paired = sums.new_zeros(len(sums), len(values))
    paired[row, other] = 1
    return sums.addmm_(paired, values)


def _block(others: int) -> int:
    """Return how many rows are compared with others at a time."""
    return max(1, _DISTANCES // others)


def _radii(rows: _Rows, k: int) -> Float[Tensor, "N"]:
    """Return [N] the distance of each row to its k-th nearest neighbour."""
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    n = len(rows.values)
    k = min(k, n - 1)
    radii = torch.empty_like(rows.squares)
    blocks = torch.arange(n).split(_block(n))
    room = rows.room_for(len(blocks[0]))
    for block in blocks:
        some = rows.at(block)
        squared = some.squared_distances(rows, room)
        # The row itself, at distance 0, is the nearest of all: hence k + 1.
        few = squared.topk(min(k + 1 + _MORE, n), dim=1, largest=False).indices
        exact = (some.values[:, None] - rows.values[few]).norm(dim=2)
        radii[block] = exact.topk(k + 1, dim=1, largest=False).values[:, -1]
    return radii
