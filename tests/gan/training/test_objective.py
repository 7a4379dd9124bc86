"""The losses against plain formulas, and the penalty against finite differences."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.codec import valid_steps
from humouse.gan.models import ConvDiscriminator
from humouse.gan.training.objective import discriminator_loss, generator_loss, gradient_penalty

_SCORE = st.floats(-15, 15, width=32)
_PAIRS = st.lists(st.tuples(_SCORE, _SCORE), min_size=1, max_size=6)


@settings(max_examples=30, deadline=None)
@given(_PAIRS)
def test_losses_by_hand(pairs: list[tuple[float, float]]):
    real, fake = zip(*pairs, strict=True)

    def told(loss: str) -> tuple[float, float]:
        r, f = torch.tensor(real), torch.tensor(fake)
        return float(discriminator_loss(r, f, loss)), float(generator_loss(f, loss))

    hinge = sum(max(0, 1 - s) for s in real) + sum(max(0, 1 + s) for s in fake)
    assert told("hinge") == pytest.approx((hinge, -sum(fake)), rel=1e-5, abs=1e-5)
    # Binary cross-entropy of σ(s): recordings are 1, generated ones 0.
    right = [-math.log(1 / (1 + math.exp(-s))) for s in real]
    wrong = [-math.log(1 - 1 / (1 + math.exp(-s))) for s in np.float64(fake)]
    fooled = [-math.log(1 / (1 + math.exp(-s))) for s in fake]
    bce = sum(right) + sum(wrong), sum(fooled)
    assert told("bce") == pytest.approx(bce, rel=1e-4, abs=1e-4)


def test_the_penalty_by_finite_differences():
    g = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        discriminator = ConvDiscriminator(3, width=4, feature_dim=5, cond_dim=2).double()
    x = torch.randn(2, 6, 3, generator=g).double()
    mask, cond = valid_steps(torch.tensor([6, 4]), 6), torch.randn(2, 2, generator=g).double()
    scores, penalty = gradient_penalty(discriminator, x, mask, cond)
    torch.testing.assert_close(scores, discriminator(x, mask, cond))

    def score(moved: torch.Tensor) -> float:
        return float(discriminator(moved, mask, cond).sum().detach())

    total, eps = 0.0, 1e-6
    for place in np.ndindex(*x.shape):
        step = torch.zeros_like(x)
        step[place] = eps
        total += ((score(x + step) - score(x - step)) / (2 * eps)) ** 2
    assert total > 0
    assert float(penalty.detach()) == pytest.approx(total / 2, rel=1e-5)
    # It can be learnt from.
    weight = discriminator.enter.weight
    (slope,) = torch.autograd.grad(penalty, weight)
    before = float(penalty.detach())
    with torch.no_grad():
        weight[0, 0, 1] += 1e-5
    more = float(gradient_penalty(discriminator, x, mask, cond)[1].detach())
    assert (more - before) / 1e-5 == pytest.approx(float(slope[0, 0, 1]), rel=1e-3)
