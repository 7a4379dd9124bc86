"""Maximum mean discrepancy with an RBF kernel, in blocks.

Gretton et al. 2012, JMLR 13, eq. 3: the unbiased estimator

    MMD²_u = Σ_{i≠j} k(x_i, x_j) / m(m−1) + Σ_{i≠j} k(y_i, y_j) / n(n−1) − 2 Σ_{ij} k(x_i, y_j) / mn

with k(a, b) = exp(−|a − b|² / 2σ²). It is 0 in expectation for equal distributions, so it may fall
below 0, and is not clipped there. In a bootstrap replicate row i counts w_i times: the sums become
Σ_{i≠j} w_i w_j k(x_i, x_j), over Σ_{i≠j} w_i w_j, so that no row meets its own copy.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from humouse.eval.metrics.matrix import Fake, Real, checked_pair, evenly
from humouse.eval.statistics.resampling import Resampling, Users, people_change_sides
from humouse.eval.statistics.score import Score
from humouse.eval.statistics.weights import BootstrapWeights

_BLOCK = 512
_ROWS_FOR_MEDIAN = 1000


def mmd_rbf(real_feats: Real, fake_feats: Fake, sigma: float | None = None) -> float:
    """Return the unbiased squared MMD of two sets of features; lower is better.

    Features enter as they are: bring those of different units to a common scale first
    (`common_scale`). Kernel values are summed block by block, so memory does not grow with N·M.

    Args:
        real_feats: [N, F].
        fake_feats: [M, F].
        sigma: The kernel's bandwidth σ; by default the median distance between two rows of both
            sets together (over 1,000 rows of each, evenly spread, where there are more).

    Raises:
        ValueError: See `checked_pair`; or sigma is not above 0.
    """
    return mmd_score(real_feats, fake_feats, sigma=sigma).value


def mmd_score(
    real: Real,
    fake: Fake,
    *,
    sigma: float | None = None,
    resampling: Resampling | None = None,
    permutations: int = 0,
    seed: int = 0,
    real_users: Users = None,
    fake_users: Users = None,
) -> Score:
    """Return `mmd_rbf` with its interval over people and its permutation p-value.

    p is the share of relabelled sets whose MMD² is at least the observed one, (1 + #) / (1 + P).
    Rows change sides one by one; but where both sides name their people and share none, whole
    people do: the gestures of one person are alike, and single rows would call two groups of
    people different for being different people. p then cannot fall below one over the number of
    ways to share the people out, and is exact where both sides have as many rows a person.

    Args:
        real: [N, F].
        fake: [M, F].
        sigma: As in `mmd_rbf`; the bandwidth of the observed sets serves every replicate.
        resampling: Bootstrap replicates for the interval; none without.
        permutations: P, how many relabellings; no p-value with 0.
        seed: Of the relabellings.
        real_users: [N] the person behind each row, or None.
        fake_users: [M] the same for fake rows.

    Raises:
        ValueError: See `checked_pair`; sigma is not above 0, replicates or users of another size.
    """
    real, fake = checked_pair(real, fake)
    weights = BootstrapWeights.of(resampling, real, fake)
    on_real, on_fake = weights.real.T, weights.fake.T
    unit, real_units = _units(real_users, len(real), fake_users, len(fake))
    labels = torch.from_numpy(_relabelled(unit, real_units, permutations, seed)).to(real)
    sums = _sums(_for_kernel(real, fake, sigma), (on_real, on_fake), labels)
    values = _mmd((sums.real, sums.fake, sums.across), (on_real, on_fake))
    if not permutations:
        return weights.score(values)
    null = _mmd_of_labels(sums, labels)
    # Less a rounding error: a relabelling that changes nothing must count.
    as_far = int((null >= values[0] - 1e-12).sum())
    return weights.score(values, (1 + as_far) / (1 + permutations))


def median_distance(real: Float[Tensor, "N F"], fake: Float[Tensor, "M F"]) -> float:
    """Return the median distance between two different rows of both sets together.

    Where over half of the pairs coincide it is the mean distance, and 1 where all do.
    """
    rows = torch.cat([evenly(real, _ROWS_FOR_MEDIAN), evenly(fake, _ROWS_FOR_MEDIAN)]).double()
    distances = torch.nn.functional.pdist(rows)
    median = float(distances.kthvalue((len(distances) + 1) // 2).values)
    return median or float(distances.mean()) or 1.0


def _for_kernel(
    real: Float[Tensor, "N F"], fake: Float[Tensor, "M F"], sigma: float | None
) -> tuple[Float[Tensor, "N F"], Float[Tensor, "M F"]]:
    """Return both sides centred and over √2σ."""
    if sigma is None:
        sigma = median_distance(real, fake)
    if not sigma > 0:
        raise ValueError(f"sigma must be above 0, not {sigma}")
    # Centred: distances come from products, whose rounding grows with the distance to the origin.
    centre = (real.mean(0) + fake.mean(0)) / 2
    scale = sigma * 2**0.5
    return (real - centre) / scale, (fake - centre) / scale


def _mmd(
    sums: tuple[Float[Tensor, "K"], Float[Tensor, "K"], Float[Tensor, "K"]],
    weights: tuple[Float[Tensor, "N K"], Float[Tensor, "M K"]],
) -> Float[Tensor, "K"]:
    """Return MMD² from the kernel's sums within real, within fake and across, by column."""
    total = [side.sum(0) for side in weights]
    pairs = [
        whole * whole - (side * side).sum(0) for whole, side in zip(total, weights, strict=True)
    ]
    return sums[0] / pairs[0] + sums[1] / pairs[1] - 2 * sums[2] / (total[0] * total[1])


class _Sums(NamedTuple):
    """Sums of the kernel over pairs of rows, by column of weights.

    Args:
        real: [K] Σ_{i≠j} w_i w_j k(i, j) within the real rows.
        fake: [K] within the fake rows.
        across: [K] Σ_{ij} between both.
        labelled: [P] within the rows of both sets that are labelled 1.
        touching: [P] Σ_{i≠j} k(i, j) where i is labelled 1 and j is any row.
    """

    real: Float[Tensor, "K"]
    fake: Float[Tensor, "K"]
    across: Float[Tensor, "K"]
    labelled: Float[Tensor, "P"]
    touching: Float[Tensor, "P"]


def _sums(
    sides: tuple[Float[Tensor, "N F"], Float[Tensor, "M F"]],
    weights: tuple[Float[Tensor, "N K"], Float[Tensor, "M K"]],
    labels: Float[Tensor, "U P"],
) -> _Sums:
    """Return all sums in one pass over the kernel, which takes longest beside the products with it.

    Args:
        sides: Real and fake rows as the kernel takes them.
        weights: How often each row counts; once in the first column.
        labels: [N + M, P] 1 for rows on the real side under a relabelling, else 0.
    """
    K = weights[0].shape[1]
    blocks = [
        (side, rows, torch.cat(columns, 1))
        for side, both in enumerate(
            zip(sides, weights, labels.split([*map(len, sides)]), strict=True)
        )
        for rows, *columns in zip(*(one.split(_BLOCK) for one in both), strict=True)
    ]
    within = labels.new_zeros(2, K)
    across, (labelled, touching) = labels.new_zeros(K), labels.new_zeros(2, labels.shape[1])
    for i, (side, rows, columns) in enumerate(blocks):
        for j, (other_side, others, other_columns) in enumerate(blocks[i:], i):
            kernel = _kernel(rows, others)
            times = 2 if i < j else 1  # a pair of blocks stands for its mirror image, too
            if i == j:
                kernel.fill_diagonal_(0)
            product = kernel @ other_columns
            form = (columns * product).sum(0)
            if side == other_side:
                within[side] += times * form[:K]
            else:
                across += form[:K]
            labelled += times * form[K:]
            if not len(touching):
                continue
            touching += product[:, 0] @ columns[:, K:]  # the first weights are all 1
            if i < j:
                touching += kernel.sum(0) @ other_columns[:, K:]
    return _Sums(within[0], within[1], across, labelled, touching)


def _mmd_of_labels(sums: _Sums, on_real: Float[Tensor, "U P"]) -> Float[Tensor, "P"]:
    """Return MMD² of the rows labelled 1 against those labelled 0, for each column of labels.

    A row is labelled 0 where it is not 1: what the others' pairs sum up to follows from what all do.
    """
    across = sums.touching - sums.labelled
    everything = sums.real[0] + sums.fake[0] + 2 * sums.across[0]
    fake = everything - sums.labelled - 2 * across
    return _mmd((sums.labelled, fake, across), (on_real, 1 - on_real))


def _kernel(a: Float[Tensor, "n F"], b: Float[Tensor, "m F"]) -> Float[Tensor, "n m"]:
    norms = (a * a).sum(1)[:, None] + (b * b).sum(1)
    return torch.addmm(norms, a, b.T, alpha=-2).clamp_(min=0).neg_().exp_()


def _units(real: Users, n: int, fake: Users, m: int) -> tuple[np.ndarray, int]:
    """Return [n + m] the unit that each row changes sides with, and how many are on the real side.

    The real side's come first.
    """
    for users, rows in ((real, n), (fake, m)):
        if users is not None and len(users) != rows:
            raise ValueError(f"{rows} rows need {rows} users, not {len(users)}")
    if real is None or fake is None or not people_change_sides(real, fake):
        return np.arange(n + m), n
    first, first_unit = np.unique(np.asarray(real).astype(str), return_inverse=True)
    second_unit = np.unique(np.asarray(fake).astype(str), return_inverse=True)[1]
    return np.concatenate([first_unit, len(first) + second_unit]), len(first)


def _relabelled(unit: np.ndarray, real_units: int, times: int, seed: int) -> np.ndarray:
    """Return [rows, times] 1 where a row is put on the real side, which keeps its number of units.

    Args:
        unit: [rows] the unit of each row, from 0.
        real_units: How many of them are on the real side.
        times: How often.
        seed: Of the shuffles.
    """
    label = np.zeros((times, unit.max() + 1))
    label[:, :real_units] = 1
    return np.random.default_rng(seed).permuted(label, axis=1).T[unit]
