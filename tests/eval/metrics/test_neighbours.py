"""Precision, recall, density and coverage against another library and a plain loop."""

import numpy as np
import pytest
import torch
from prdc import compute_prdc

from humouse.eval.metrics import neighbours
from humouse.eval.metrics.neighbours import density_coverage, knn_precision_recall, neighbour_scores
from humouse.eval.statistics.resampling import Resampling, interval

NAMES = ("knn_precision", "knn_recall", "density", "coverage")


@pytest.mark.parametrize("sparse", [0.0, 1.1])
def test_neighbours_equal_prdc(gaussian, monkeypatch, sparse):
    monkeypatch.setattr(neighbours, "_DISTANCES", 50_000)  # more rows than a block holds
    monkeypatch.setattr(neighbours, "_SPARSE", sparse)
    real, fake = gaussian(300, 4, 1).double(), gaussian(700, 4, 2, 0.5, 0.8).double()
    expected = compute_prdc(real.numpy(), fake.numpy(), nearest_k=5)
    got = {
        **knn_precision_recall(real, fake, k=5)._asdict(),
        **density_coverage(real, fake, k=5)._asdict(),
    }
    assert set(got) == set(expected)
    for name, value in expected.items():
        assert got[name] == pytest.approx(value), name
    # No two are equal, so that none can stand for another.
    assert len({round(value, 2) for value in got.values()}) == 4
    scores = neighbour_scores(real, fake)
    values = tuple(score.value for score in scores.values())
    assert tuple(scores) == NAMES
    assert values == (got["precision"], got["recall"], got["density"], got["coverage"])


@pytest.mark.parametrize("offset", [0.0, 3e5])
def test_rows_as_far_as_asked_and_duplicates_count(offset):
    """On a lattice most distances are ties, which products alone would lose to rounding."""
    rng = np.random.default_rng(0)
    real, fake = (torch.from_numpy(rng.integers(-2, 3, (n, 3)) + offset) for n in (240, 260))
    ones = np.ones(len(real)), np.ones(len(fake))
    found = neighbour_scores(real, fake, k=3).values()
    assert tuple(score.value for score in found) == pytest.approx(
        plain(real.numpy(), fake.numpy(), *ones, 3)
    )


def test_neighbours_of_few_rows_and_of_none(gaussian):
    few = density_coverage(gaussian(3), gaussian(3), k=5)
    assert few.coverage == 1
    with pytest.raises(ValueError, match="k must be"):
        knn_precision_recall(gaussian(9), gaussian(9), k=0)


def plain(real, fake, v, w, k):
    """Return the four scores of weighted rows, in whose balls the radius is that of the whole."""
    within = [np.linalg.norm(side[:, None] - side[None], axis=2) for side in (real, fake)]
    a, b = (np.sort(distance, 1)[:, k] for distance in within)
    across = np.linalg.norm(fake[:, None] - real[None], axis=2)
    in_real, in_fake = across <= a, across <= b[:, None]
    there_real, there_fake = v > 0, w > 0
    return (
        sum(w[j] for j in range(len(w)) if in_real[j, there_real].any()) / w.sum(),
        sum(v[i] for i in range(len(v)) if in_fake[there_fake, i].any()) / v.sum(),
        (w @ in_real @ v) / w.sum() / (k * v.sum() / len(v)),
        sum(v[i] for i in range(len(v)) if in_real[there_fake, i].any()) / v.sum(),
    )


def test_draws_equal_the_plain_loop(crowd):
    (real, people), (fake, _) = crowd(0, 6, 6), crowd(1, 5, 6, shift=0.5)
    drawn = Resampling.over_people(people, len(real), None, len(fake), replicates=9, seed=0)
    sides = real.numpy(), fake.numpy()
    whole = plain(*sides, np.ones(len(real)), np.ones(len(fake)), 3)
    replicates = [
        plain(*sides, v, w, 3) for v, w in zip(drawn.real.numpy(), drawn.fake.numpy(), strict=True)
    ]
    scores = neighbour_scores(real, fake, k=3, resampling=drawn)
    for name, value, values in zip(NAMES, whole, np.transpose(replicates), strict=True):
        found = scores[name]
        assert found.value == pytest.approx(value), name
        most = np.inf if name == "density" else 1
        expected = np.clip(interval(value, torch.from_numpy(values), drawn.units), 0, most)
        assert (found.low, found.high) == pytest.approx(expected), name
        assert found.low < found.high, name


def test_a_dropped_mode_costs_recall_and_an_invented_one_precision(modes):
    four, two = modes([0.25] * 4, 0, 400), modes([0.5, 0.5, 0, 0], 1, 400)
    drawn = Resampling.over_people(None, 400, None, 400, replicates=50, seed=0)
    dropped = neighbour_scores(four, two, resampling=drawn)
    assert dropped["knn_precision"].low > 0.9
    assert dropped["knn_recall"].high < 0.6
    assert dropped["coverage"].high < 0.6
    invented = neighbour_scores(two, four, resampling=drawn)
    assert invented["knn_precision"].high < 0.6
    assert invented["knn_recall"].low > 0.9
    assert invented["density"].high < 0.7


@pytest.mark.slow  # many simulated populations
def test_the_intervals_cover(crowd, coverage):
    def score(name):
        return lambda real, fake, drawn: neighbour_scores(real, fake, resampling=drawn)[name]

    for name in ("knn_precision", "coverage"):
        by_people, _ = coverage(score(name), times=60)
        assert by_people >= 0.88, name
