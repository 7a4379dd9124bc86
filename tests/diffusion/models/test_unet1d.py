import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from humouse.diffusion.models import UNet1D
from humouse.diffusion.models.convolution import StepConv


def awake(seed=0, **settings):
    """A small network in evaluation, all of whose weights matter (the output's start at zero)."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = UNet1D(2, **{"base_channels": 16, "embed_dim": 16, **settings}).eval()
        for parameter in network.parameters():
            parameter.data.add_(0.1 * torch.randn_like(parameter))
    return network


SMALL = awake(cond_dim=3)
# Narrower ones normalise single channels, whose spread over a few steps is lost in rounding.
WIDE = awake(base_channels=128)


def batch(lengths, T, seed=0, C=2):
    generator = torch.Generator().manual_seed(seed)
    x, x0_prev = torch.randn(2, len(lengths), T, C, generator=generator)
    t = torch.rand(len(lengths), generator=generator)
    return x, t, torch.arange(T) < torch.tensor(lengths)[:, None], x0_prev


@settings(deadline=None, max_examples=25)
@given(T=st.integers(1, 70), lengths=st.lists(st.integers(0, 70), min_size=1, max_size=3))
def test_any_length_gives_finite_output_of_the_same_shape(T, lengths):
    x, t, mask, x0_prev = batch([min(length, T) for length in lengths], T)
    with torch.no_grad():
        out = SMALL(x, t, mask, x0_prev=x0_prev)
    assert out.shape == x.shape
    assert out.isfinite().all()
    assert not out[~mask].any()
    assert out[mask].all()


@settings(deadline=None, max_examples=12)
@given(
    length=st.integers(1, 40),
    others=st.lists(st.integers(0, 64), max_size=2),
    garbage=st.sampled_from([1e6, float("nan"), float("inf")]),
)
def test_padding_does_not_change_valid_steps(length, others, garbage):
    x, t, mask, x0_prev = batch([length, *others], 64)
    x[~mask], x0_prev[~mask] = garbage, garbage
    with torch.no_grad():
        padded = WIDE(x, t, mask, x0_prev=x0_prev)[:1, :length]
        alone = WIDE(x[:1, :length], t[:1], mask[:1, :length], x0_prev=x0_prev[:1, :length].clone())
    torch.testing.assert_close(padded, alone, rtol=1e-4, atol=2e-5)


def gradients(network, x, t, mask, length):
    x = x.clone().requires_grad_()
    network.zero_grad()
    network(x, t, mask)[:, :length].square().sum().backward()
    return x.grad, [p.grad.clone() for p in network.parameters() if p.grad is not None]


def test_padding_changes_no_gradient_and_receives_none():
    network = WIDE
    x, t, mask, _ = batch([37, 20], 37)
    wide, wide_mask = torch.full((2, 64, 2), 1e6), torch.zeros(2, 64, dtype=torch.bool)
    wide[:, :37], wide_mask[:, :37] = torch.where(mask[..., None], x, 1e6), mask
    on_x, on_weights = gradients(network, x, t, mask, 37)
    on_wide, on_weights_wide = gradients(network, wide, t, wide_mask, 37)
    torch.testing.assert_close(on_wide[:, :37], on_x, rtol=1e-3, atol=1e-4)
    assert not on_x[~mask].any()
    assert not on_wide[~wide_mask].any()
    for a, b in zip(on_weights, on_weights_wide, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4 * float(a.abs().max()) + 1e-6)


def test_sampling_in_place_gives_what_training_gives():
    x, t, mask, x0_prev = batch([24, 9], 24)
    with torch.no_grad():
        sampled = WIDE(x, t, mask, x0_prev=x0_prev)
    torch.testing.assert_close(WIDE(x, t, mask, x0_prev=x0_prev), sampled, rtol=1e-4, atol=1e-5)


def test_the_mask_reaches_the_network():
    x, t, mask, _ = batch([32], 32)
    shorter = mask.clone()
    shorter[:, 30:] = False
    with torch.no_grad():
        difference = (SMALL(x, t, mask) - SMALL(x, t, shorter))[:, :20]
    assert difference.abs().max() > 1e-3


def test_the_output_depends_on_time_condition_and_previous_estimate():
    x, t, mask, x0_prev = batch([16, 12], 16)
    cond = torch.tensor([[0.5, -1.0, 2.0], [1.0, 0.0, 0.0]])
    with torch.no_grad():
        out = SMALL(x, t, mask, cond)
        for other in (
            SMALL(x, t + 0.1, mask, cond),
            SMALL(x, t, mask, cond + 1),
            SMALL(x, t, mask, cond, x0_prev),
        ):
            assert ((other - out).abs().amax((1, 2)) > 1e-3).all()


def test_nan_means_not_given_and_differs_from_zero():
    x, t, mask, _ = batch([16, 12], 16)
    nan = torch.full((2, 3), float("nan"))
    partly = torch.tensor([[0.5, float("nan"), 2.0]] * 2)
    with torch.no_grad():
        absent = SMALL(x, t, mask)
        assert SMALL(x, t, mask, nan).equal(absent)
        assert not SMALL(x, t, mask, torch.zeros(2, 3)).isclose(absent).all()
        some = SMALL(x, t, mask, partly)
        assert some.isfinite().all()
        assert not some.isclose(SMALL(x, t, mask, partly.nan_to_num())).all()


def test_no_previous_estimate_means_zeros():
    x, t, mask, _ = batch([16, 12], 16)
    with torch.no_grad():
        assert SMALL(x, t, mask, x0_prev=torch.zeros_like(x)).equal(SMALL(x, t, mask))


def test_wrong_inputs_and_settings_are_refused():
    x, t, mask, x0_prev = batch([16], 16)
    with pytest.raises(ValueError, match="takes 0 conditions, not 2"):
        awake()(x, t, mask, torch.zeros(1, 2))
    with pytest.raises(ValueError, match="without self-conditioning"):
        awake(self_condition=False)(x, t, mask, x0_prev=x0_prev)
    with pytest.raises(ValueError, match="whole widths"):
        UNet1D(2, base_channels=9)
    with pytest.raises(ValueError, match="whole widths"):
        UNet1D(2, channel_mults=())
    with pytest.raises(ValueError, match="heads do not divide"):
        UNet1D(2, base_channels=16, attn_heads=5)
    with pytest.raises(ValueError, match="dropout"):
        UNet1D(2, dropout=1.0)
    with pytest.raises(ValueError, match="channels"):
        UNet1D(0)


@pytest.mark.parametrize("channels", [2, 3])
@pytest.mark.parametrize("cond_dim", [0, 8])
def test_the_default_network_keeps_to_three_million_parameters(channels, cond_dim):
    network = UNet1D(channels, cond_dim=cond_dim)
    counted = sum(p.numel() for p in network.parameters())
    assert network.parameter_count() == counted
    assert 2_500_000 < counted <= 3_000_000


def test_the_default_network_has_the_specified_layers():
    network = UNet1D(2)
    assert network.widths == (128, 192, 256, 256)
    convs = [m for m in network.modules() if isinstance(m, StepConv)]
    assert [conv.out_channels for conv in convs] == [
        *(128, 128, 192, 192, 256, 256, 256, 256),  # down
        *(256, 256),  # bottleneck
        *(256, 256, 192, 192, 128, 128, 128, 2),  # up, the output last
    ]
    assert {conv.kernel_size for conv in convs} == {(3,)}
    assert {m.num_groups for m in network.modules() if isinstance(m, nn.GroupNorm)} == {32}
    assert network.attention is not None
    assert network.attention.heads == 4
    assert network.attention.out.in_features == 256
    assert {stage.dropout for stage in (*network.down, *network.up)} == {0.1}


@pytest.mark.parametrize(
    "settings",
    [
        {"channel_mults": (1,)},
        {"channel_mults": (1, 2)},
        {"attn_bottleneck": False},
        {"self_condition": False},
        {"base_channels": 10, "channel_mults": (1, 1.5, 2), "attn_heads": 2},
    ],
)
def test_other_sizes_work(settings):
    x, t, mask, _ = batch([13, 5], 13)
    network = awake(**settings).train()
    out = network(x, t, mask)
    out.sum().backward()
    assert out[mask].all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_an_untrained_network_predicts_zero():
    x, t, mask, _ = batch([9], 9)
    assert not UNet1D(2, base_channels=16)(x, t, mask).any()


@pytest.mark.parametrize("T", [200, 37])
def test_stated_operations_are_those_that_torch_counts(T):
    network = UNet1D(2, cond_dim=4).eval()
    x, t, mask, _ = batch([T, T], T)

    def counted(backend):
        with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(backend):
            network(x, t, mask, torch.zeros(2, 4))
        return counter.get_flop_counts()["Global"]

    # torch does not count its fused attention on CPUs; the plain one it counts, as products.
    products = torch.ops.aten.bmm
    statistics = counted(SDPBackend.FLASH_ATTENTION)[products]  # the normalisation's means
    counts = counted(SDPBackend.MATH)
    assert sum(counts.values()) - statistics == 2 * network.flops(T)
    assert statistics < 0.01 * sum(counts.values())


def test_the_same_seed_gives_the_same_bits():
    network, (x, t, mask, x0_prev) = awake(), batch([37, 20, 5], 37)
    network.train()
    outputs = []
    for _ in range(2):
        with torch.random.fork_rng():
            torch.manual_seed(7)
            twin = copy.deepcopy(network)
            out = twin(x, t, mask, x0_prev=x0_prev)
            out.square().sum().backward()
        outputs.append([out, *(p.grad for p in twin.parameters())])
    assert all(a.equal(b) for a, b in zip(*outputs, strict=True))
    assert not network(x, t, mask, x0_prev=x0_prev).equal(outputs[0][0])  # dropout draws anew


def test_bfloat16_autocast_trains_and_stays_near():
    network, (x, t, mask, _) = copy.deepcopy(WIDE), batch([37, 20, 0], 37)
    exact = network(x, t, mask).detach()
    with torch.autocast("cpu", torch.bfloat16):
        out = network.train()(x, t, mask)
        near = network.eval()(x, t, mask)
    out.square().sum().backward()
    assert out.dtype == torch.float32
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    torch.testing.assert_close(near, exact, rtol=0.1, atol=0.1 * float(exact.std()))


def test_it_can_learn():
    """Predicting its input times a function of t takes the convolutions, the skips and FiLM."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = UNet1D(2, base_channels=16, dropout=0.0)
        optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
        x, t, mask, _ = batch([16, 16, 11, 5] * 8, 16)
        target = torch.where(mask[..., None], (2 * t - 1)[:, None, None] * x, 0)
        for _ in range(40):
            loss = (network(x, t, mask) - target).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    assert loss < 0.3 * target.square().mean()
