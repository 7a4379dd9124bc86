"""What all metrics share: bad input, duplicates, and the common scale."""

import math

import pytest
import torch

from humouse.eval.api import (
    RobustScale,
    c2st,
    common_scale,
    density_coverage,
    knn_precision_recall,
    mmd_rbf,
    prd,
    wasserstein_per_feature,
)

ALL = (c2st, mmd_rbf, prd, knn_precision_recall, density_coverage, wasserstein_per_feature)


def gaussian(n, F=3, seed=0, shift=0.0, scale=1.0):
    rng = torch.Generator().manual_seed(seed)
    return scale * torch.randn(n, F, generator=rng) + shift


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize(
    ("real", "fake", "complaint"),
    [
        (gaussian(5, 3), gaussian(5, 2), "real has 3 features but fake has 2"),
        (gaussian(1), gaussian(5), "real has 1 rows"),
        (gaussian(5), gaussian(5).index_fill(0, torch.tensor([2]), torch.nan), "fake holds NaN"),
        (gaussian(5).index_fill(0, torch.tensor([0]), torch.inf), gaussian(5), "real holds NaN"),
        (gaussian(5, 0), gaussian(5, 0), "no features"),
    ],
)
def test_bad_input_is_named(metric, real, fake, complaint):
    with pytest.raises(ValueError, match=complaint):
        metric(real, fake)


@pytest.mark.parametrize("metric", ALL)
def test_constant_features_and_duplicates_are_no_problem(metric):
    real, fake = torch.ones(40, 2), torch.ones(40, 2)
    answer = torch.as_tensor(metric(real, fake)).double()
    expected = {c2st: [0.5], mmd_rbf: [0], wasserstein_per_feature: [0, 0]}.get(metric, [1, 1])
    if metric is density_coverage:
        expected = [40 / 5, 1]
    torch.testing.assert_close(answer.flatten(), torch.tensor(expected).double())


def test_robust_scale():
    values = gaussian(4000, 2, 1, 7.0, 3.0)
    scaled = RobustScale.fit(values)(values)
    torch.testing.assert_close(scaled.median(0).values, torch.zeros(2).double(), atol=0.01, rtol=0)
    torch.testing.assert_close(scaled.sinh().std(0), torch.ones(2).double(), atol=0.05, rtol=0)
    mostly_zero = torch.zeros(100, 1)
    mostly_zero[:5] = 4.0
    assert RobustScale.fit(mostly_zero).width[0] == pytest.approx(4 * math.sqrt(0.05 * 0.95))
    real, fake = common_scale(values, values * 1e6)
    assert float(fake.abs().max()) < 20 < 1e3 < float((values * 1e6).abs().max())
    assert torch.equal(real, scaled)
