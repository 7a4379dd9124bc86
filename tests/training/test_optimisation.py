"""The learning rate's course, and the optimiser step of every learner."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from humouse.settings import TrainModelSettings
from humouse.settings.compose import settings_from
from humouse.training.optimisation import BadLossError, GradientStep, learning_rate


def made(*overrides: str) -> TrainModelSettings:
    return settings_from("diffusion/train", TrainModelSettings, ["experiment=train", *overrides])


def test_the_learning_rates_course():
    optim = replace(made().optim, lr=1.0, lr_warmup_steps=4, lr_decay="cosine")
    course = [learning_rate(optim, step, 24) for step in range(24)]
    assert course[:4] == [0.25, 0.5, 0.75, 1.0]
    assert course[4] == 1.0
    assert course[14] == pytest.approx(0.5)
    assert 0 < course[23] < 0.01
    assert all(a >= b for a, b in pairwise(course[4:]))
    constant = replace(optim, lr_decay="constant", lr_warmup_steps=0)
    assert [learning_rate(constant, step, 24) for step in (0, 23)] == [1.0, 1.0]


_OPTIM = made().optim


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 50), st.integers(1, 50))
def test_a_rate_is_never_above_its_peak(warm: int, steps: int):
    optim = replace(_OPTIM, lr=1.0, lr_warmup_steps=warm, lr_decay="cosine")
    assert all(0 < learning_rate(optim, step, steps) <= 1 for step in range(steps))


def stepper(gradient: list[float], clip: float = 0.0) -> tuple[nn.Parameter, GradientStep]:
    """Return weights of 0 with a gradient, and plain gradient descent on them."""
    weights = nn.Parameter(torch.zeros(len(gradient)))
    weights.grad = torch.tensor(gradient)
    optimizer = torch.optim.SGD([weights], lr=100.0)
    return weights, GradientStep([weights], optimizer, clip=clip, loss="the critic's loss")


def test_a_step_follows_the_gradient_at_the_given_rate():
    weights, gradient = stepper([3.0, -4.0])
    assert gradient.take(1.0, rate=0.5) == 5.0
    assert weights.tolist() == [-1.5, 2.0]


def test_a_step_is_clipped_and_reports_the_norm_before():
    weights, gradient = stepper([3.0, -4.0], clip=1.0)
    assert gradient.take(1.0, rate=1.0) == 5.0
    torch.testing.assert_close(weights.detach(), torch.tensor([-0.6, 0.8]), rtol=1e-5, atol=0)


@pytest.mark.parametrize(
    ("loss", "gradient"), [(float("nan"), [1.0]), (1.0, [float("inf")]), (1.0, [float("nan")])]
)
def test_a_step_that_is_not_finite_is_not_taken(loss: float, gradient: list[float]):
    weights, step = stepper(gradient)
    with pytest.raises(BadLossError, match=r"the critic's loss is .* and the gradient's norm"):
        step.take(loss, rate=1.0)
    assert weights.tolist() == [0.0]


def test_gradients_are_cleared():
    weights, gradient = stepper([1.0])
    gradient.clear()
    assert weights.grad is None
