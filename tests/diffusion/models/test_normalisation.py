import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from humouse.diffusion.models.normalisation import group_count, masked_group_norm, norm_film_silu
from humouse.diffusion.models.validity import Validity
from oracles import normalisation as oracle


def lengths_to_validity(lengths, T, dtype=torch.float32):
    validity = Validity.of(torch.arange(T) < torch.tensor(lengths)[:, None])
    return Validity(validity.mask.to(dtype), validity.share.to(dtype), validity.full)


@pytest.mark.parametrize(
    ("channels", "groups"),
    [(128, 32), (192, 32), (256, 32), (32, 32), (16, 16), (31, 1), (24, 12), (40, 20), (1, 1)],
)
def test_groups_are_32_or_16_where_they_divide(channels, groups):
    assert group_count(channels) == groups


def test_group_norm_is_torchs_where_nothing_is_padded():
    y = torch.randn(3, 9, 64, generator=torch.Generator().manual_seed(0)) * 3 + 5
    ours = masked_group_norm(y, Validity.of(torch.ones(3, 9, dtype=torch.bool)), 32)
    torch.testing.assert_close(ours, F.group_norm(y.mT, 32).mT, rtol=1e-4, atol=1e-5)


@settings(deadline=None, max_examples=25)
@given(
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=5),
    groups=st.sampled_from([1, 2, 4]),
    grad=st.booleans(),
    seed=st.integers(0, 99),
)
def test_fused_step_is_group_norm_film_and_silu_of_each_trimmed_sequence(
    lengths, groups, grad, seed
):
    generator = torch.Generator().manual_seed(seed)
    # In float32 a group of two values that nearly agree is as much rounding as data.
    y = torch.randn(len(lengths), 9, 8, generator=generator, dtype=torch.float64) * 2 + 1
    gain, shift = torch.randn(2, len(lengths), 8, generator=generator, dtype=torch.float64)
    expected = oracle.norm_film_silu(y, lengths, gain, shift, groups)
    y[torch.arange(9) >= torch.tensor(lengths)[:, None]] = 1e6
    with torch.set_grad_enabled(grad):
        validity = lengths_to_validity(lengths, 9, torch.float64)
        ours = norm_film_silu(y.clone(), validity, gain, shift, groups)
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("lengths", "dropout"),
    [
        ([6, 3, 0], 0.0),
        ([6, 3, 0], 0.3),
        pytest.param([6, 6, 6], 0.0, marks=pytest.mark.slow),
        pytest.param([6, 6, 6], 0.3, marks=pytest.mark.slow),
    ],
)
def test_the_written_backward_pass_is_the_derivative(lengths, dropout):
    generator = torch.Generator().manual_seed(0)
    y = torch.randn(3, 6, 8, generator=generator, dtype=torch.float64, requires_grad=True)
    film = torch.randn(2, 3, 8, generator=generator, dtype=torch.float64).requires_grad_()
    validity = lengths_to_validity(lengths, 6, torch.float64)

    def step(y, film):
        with torch.random.fork_rng():  # the same draws for each of gradcheck's evaluations
            torch.manual_seed(0)
            return norm_film_silu(y, validity, film[0], film[1], 4, dropout)

    assert torch.autograd.gradcheck(step, (y, film))


def test_padding_receives_no_gradient():
    y = torch.randn(2, 6, 8, requires_grad=True)
    out = norm_film_silu(y, lengths_to_validity([4, 6], 6), torch.ones(2, 8), torch.ones(2, 8), 4)
    out.sum().square().backward()
    assert y.grad is not None
    assert not y.grad[0, 4:].any()
    assert y.grad[0, :4].any()


def test_dropout_drops_its_share_and_keeps_the_mean():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = torch.randn(64, 50, 32)
        validity = Validity.of(torch.ones(64, 50, dtype=torch.bool))
        ones, threes = torch.ones(64, 32), 3 * torch.ones(64, 32)
        dry = norm_film_silu(y.clone(), validity, ones, threes, 8)
        wet = norm_film_silu(y.clone(), validity, ones, threes, 8, dropout=0.1)
    dropped = wet == 0
    n = y.numel()
    assert abs(dropped.float().mean() - 0.1) < 5 * (0.09 / n) ** 0.5
    torch.testing.assert_close(wet[~dropped], dry[~dropped] / 0.9)
    # Neighbours share a 64-bit draw: they must still be dropped independently.
    pairs = (dropped.view(-1, 4)[:, 0] & dropped.view(-1, 4)[:, 1]).float().mean()
    assert abs(pairs - 0.01) < 5 * (0.0099 / (n / 4)) ** 0.5


def test_statistics_stay_float32_in_bfloat16():
    generator = torch.Generator().manual_seed(0)
    # A mean far above the spread, which sums in bfloat16 (8 bits) would lose.
    y = (torch.randn(2, 40, 16, generator=generator) + 30).bfloat16()
    gain, shift = torch.ones(2, 16), torch.zeros(2, 16)
    validity = lengths_to_validity([40, 31], 40)
    with torch.autocast("cpu", torch.bfloat16):
        ours = norm_film_silu(y.clone(), validity, gain, shift, 4)
    assert ours.dtype == torch.bfloat16
    expected = oracle.norm_film_silu(y.float(), [40, 31], gain, shift, 4)
    torch.testing.assert_close(ours.float(), expected, rtol=2e-2, atol=2e-2)
