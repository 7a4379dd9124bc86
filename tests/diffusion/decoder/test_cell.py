import pytest
import torch
from torch import nn

from humouse.diffusion.decoder.cell import LSTMStep, _fastest


@pytest.fixture
def lstm():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.LSTM(20, 16, batch_first=True).requires_grad_(False)


def steps(cell, inputs):
    nothing = torch.zeros(len(inputs), 16)
    memory = nothing, nothing
    made = []
    for i in range(inputs.shape[1]):
        memory = cell(inputs[:, i], memory)
        made.append(memory[0])
    return torch.stack(made, 1)


@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-2)])
def test_step_by_step_it_is_the_lstm(lstm, dtype, close, monkeypatch):
    monkeypatch.setattr("humouse.diffusion.decoder.cell._fastest", lambda weights: dtype)
    inputs = torch.randn(5, 30, 20, generator=torch.Generator().manual_seed(1))
    expected, _ = lstm(inputs)
    found = steps(LSTMStep(lstm), inputs)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, atol=close, rtol=0)


@pytest.mark.parametrize(
    ("able", "dtype"),
    [
        ({}, torch.float32),
        ({"avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
    ],
)
def test_the_cpu_says_which_type_is_fastest(able, dtype, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert _fastest(torch.zeros(2)) == dtype
