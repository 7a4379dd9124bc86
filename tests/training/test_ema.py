"""The moving average of the weights, against a plain loop and a closed form."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from humouse.training.ema import EMA


@settings(max_examples=15, deadline=None)
@given(st.floats(0, 1), st.integers(0, 30), st.integers(0, 2**31))
def test_equals_a_plain_loop(decay: float, steps: int, seed: int):
    g = torch.Generator().manual_seed(seed)
    module = nn.Linear(3, 2)
    ema = EMA(module, decay)
    expected = {k: v.clone().double() for k, v in module.state_dict().items()}
    for step in range(steps):
        for parameter in module.parameters():
            parameter.data = torch.randn(parameter.shape, generator=g)
        ema.update(module, step)
        keep = min(decay, 1 - (1 + step) ** -0.75)
        for name, value in module.state_dict().items():
            expected[name] = keep * expected[name] + (1 - keep) * value.double()
    for name, value in ema.weights.items():
        torch.testing.assert_close(value, expected[name].float(), rtol=1e-4, atol=1e-5)


def test_warm_up_in_closed_form():
    # Weights 0, 1: after step 0 the average is the weights themselves; after step 1 it keeps
    # 1 − 2^−¾ of them.
    module = nn.Linear(1, 1, bias=False)
    module.weight.data.fill_(5.0)
    ema = EMA(module, 0.999)
    module.weight.data.zero_()
    ema.update(module, 0)
    assert float(ema.weights["weight"]) == 0
    module.weight.data.fill_(1.0)
    ema.update(module, 1)
    torch.testing.assert_close(float(ema.weights["weight"]), 2**-0.75)


def test_the_cap_holds_far_from_the_start():
    module = nn.Linear(1, 1, bias=False)
    module.weight.data.zero_()
    ema = EMA(module, 0.9)
    module.weight.data.fill_(1.0)
    for step in range(10**6, 10**6 + 5):
        ema.update(module, step)
    torch.testing.assert_close(float(ema.weights["weight"]), 1 - 0.9**5)


def test_it_is_a_copy_in_float32():
    module = nn.Linear(2, 2).bfloat16()
    ema = EMA(module)
    before = {k: v.clone() for k, v in ema.weights.items()}
    module.weight.data.fill_(9)
    assert all(torch.equal(ema.weights[k], before[k]) for k in before)
    assert {v.dtype for v in ema.weights.values()} == {torch.float32}
    other = EMA(nn.Linear(2, 2))
    other.load(before)
    assert all(torch.equal(other.weights[k], before[k]) for k in before)
