"""The learning rate's course, whatever is trained."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.settings import TrainSettings
from humouse.settings.compose import settings_from
from humouse.training.optimisation import learning_rate


def made(*overrides: str) -> TrainSettings:
    return settings_from("diffusion/train", TrainSettings, list(overrides))


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
