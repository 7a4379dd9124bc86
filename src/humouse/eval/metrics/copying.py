"""Copying: do judged movements lie nearer to the train set than people it has not seen do?

The rank test of Meehan, Chaudhuri & Dasgupta 2020, arXiv:2004.05675, over the whole of feature
space: with d the distance of a row to its nearest train row, the score is
P(d of a fake < d of a held-out person's) + ½ P(=), the Mann–Whitney U over the number of pairs.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from scipy.stats import mannwhitneyu
from torch import Tensor

from humouse.eval.statistics.auc import weighted_auc
from humouse.eval.statistics.resampling import Resampling
from humouse.eval.statistics.score import Score
from humouse.eval.statistics.weights import BootstrapWeights


@dataclass(frozen=True)
class Neighbour:
    """A judged movement and the train movement nearest to it.

    Args:
        fake: Row of the judged movement among those compared.
        train: Row of its neighbour in the train set.
        distance: Between their features on the common scale.
        people_nearer: Share of the held-out people's gestures that lie at least as near to the
            train set.
    """

    fake: int
    train: int
    distance: float
    people_nearer: float


_DISTANCES = 2**21
"""At a time: 16 MB, which stay near the processor."""
_CANDIDATES = 4


@dataclass(frozen=True)
class Copying:
    """What was found of copying.

    Args:
        score: Chance that a judged row lies nearer to the train set than one of held-out people:
            0.5 where neither does, above it where the judged ones copy.
        neighbours: The judged rows nearest to the train set, the nearest first.
        duplicates: How many judged rows equal a train row exactly.
    """

    score: Score
    neighbours: list[Neighbour]
    duplicates: int


def copying(
    fake: Float[Tensor, "M F"],
    held_out: Float[Tensor, "N G"],
    train: Float[Tensor, "L H"],
    *,
    resampling: Resampling | None = None,
    shown: int = 12,
) -> Copying:
    """Compare how near judged rows and held-out people's rows lie to a train set.

    Features enter as they are: bring all three to one scale first (`RobustScale`). The train set
    is taken as it is; only people in the other two sets are resampled.

    The p-value is the larger of two, one-sided. Mann–Whitney's (normal, ties corrected) takes every
    row for independent, but a person's gestures lie similarly near to the train set, so it is too
    small. The share of bootstrap replicates in which the fakes are not nearer respects that; but it
    says little with few people, and nothing where no replicates were made. Copying is reported only
    where both agree.

    Args:
        fake: [M, F] what is judged.
        held_out: [N, F] people that the generator was not trained on.
        train: [L, F] what it saw.
        resampling: Bootstrap replicates of the held-out people (as its real side) and of the fakes.
        shown: How many neighbours to name, at most.

    Raises:
        ValueError: The sets differ in width, or one is empty or holds NaN or infinite features; or
            replicates of sets of another size.
    """
    fake, held_out, train = _checked(fake=fake, held_out=held_out, train=train)
    weights = BootstrapWeights.of(resampling, held_out, fake)
    fake_distance, nearest = _nearest(fake, train)
    held_distance, _ = _nearest(held_out, train)
    # Further than a fake: P(fake < held out) + ½ P(=).
    values = torch.from_numpy(
        weighted_auc(
            *(one.cpu().numpy() for one in (held_distance, fake_distance)),
            *(one.cpu().numpy() for one in (weights.real, weights.fake)),
        )
    )
    order = fake_distance.argsort(stable=True)[:shown]
    neighbours = [
        Neighbour(
            fake=int(row),
            train=int(nearest[row]),
            distance=float(fake_distance[row]),
            people_nearer=float((held_distance <= fake_distance[row]).double().mean()),
        )
        for row in order
    ]
    p_value = _p_value(fake_distance, held_distance, values)
    return Copying(
        weights.score(values, p_value, least=0.0, most=1.0),
        neighbours,
        int((fake_distance == 0).sum()),
    )


def _checked(**sides: Tensor) -> list[Tensor]:
    """Return the sides as float64."""
    width = sides["train"].shape[1]
    for name, rows in sides.items():
        if rows.shape[1] != width:
            raise ValueError(f"{name} has {rows.shape[1]} features but train has {width}")
        if rows.numel() == 0:
            raise ValueError(f"{name} is empty: shape {tuple(rows.shape)}")
        if not rows.isfinite().all():
            raise ValueError(f"{name} holds NaN or infinite features")
    return [rows.double() for rows in sides.values()]


def _nearest(
    rows: Float[Tensor, "N F"], train: Float[Tensor, "L F"]
) -> tuple[Float[Tensor, "N"], Int[Tensor, "N"]]:
    """Return the distance of each row to its nearest train row, and which that is."""
    centre = train.mean(0)  # rounding of products grows with the distance to the origin
    near, far = rows - centre, train - centre
    squares = far.square().sum(1)
    distances = torch.empty_like(rows[:, 0])
    nearest = torch.empty(len(rows), dtype=torch.long, device=rows.device)
    size = max(1, _DISTANCES // len(train))
    room = squares.new_empty(min(size, len(rows)), len(train))  # one for all, see neighbours.py
    for start in range(0, len(rows), size):
        block = slice(start, start + size)
        # Products find the few nearest fast (the row's own square is left out: it is the same for
        # all). Differences say how near they are: a duplicate must lie at distance 0 exactly.
        some = near[block]
        rough = torch.addmm(squares, some, far.T, alpha=-2, out=room[: len(some)])
        few = rough.topk(min(_CANDIDATES, len(train)), dim=1, largest=False).indices
        best = (rows[block, None] - train[few]).norm(dim=2).min(1)
        distances[block] = best.values
        nearest[block] = few.gather(1, best.indices[:, None])[:, 0]
    return distances, nearest


def _p_value(
    fake: Float[Tensor, "M"], held_out: Float[Tensor, "N"], values: Float[Tensor, "K"]
) -> float:
    """Return the chance of fakes so near where they are no nearer than people are."""
    rows = mannwhitneyu(
        fake.cpu().numpy(), held_out.cpu().numpy(), alternative="less", method="asymptotic"
    )
    alike = bool((torch.cat([fake, held_out]) == fake[0]).all())  # all rows tie: there are no ranks
    by_rows = 1.0 if alike else float(rows.pvalue)
    drawn = values[1:]
    if len(drawn) == 0:
        return by_rows
    # About the value, as the interval is.
    not_nearer = int((drawn - drawn.mean() + values[0] <= 0.5).sum())
    return max(by_rows, (1 + not_nearer) / (1 + len(drawn)))
