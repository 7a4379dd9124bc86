import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from humouse.diffusion.models.attention import StepAttention
from humouse.diffusion.models.convolution import StepConv
from humouse.diffusion.models.embedding import Embedding, position_channels, sinusoidal
from humouse.diffusion.models.resampling import double_and_add, halve
from humouse.diffusion.models.validity import Validity


def validity_of(lengths, T):
    return Validity.of(torch.arange(T) < torch.tensor(lengths)[:, None])


@settings(deadline=None, max_examples=20)
@given(
    B=st.integers(1, 4),
    T=st.integers(1, 20),
    channels=st.tuples(*[st.sampled_from([1, 3, 16])] * 2),
)
def test_convolution_and_its_gradients_are_torchs(B, T, channels):
    conv = StepConv(*channels)
    x = torch.randn(B, T, channels[0], requires_grad=True)
    inputs = (x, conv.weight, conv.bias)
    ours, theirs = conv(x), F.conv1d(x.mT, conv.weight, conv.bias, padding=1).mT
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    direction = torch.randn_like(ours)
    pairs = zip(
        torch.autograd.grad(ours, inputs, direction),
        torch.autograd.grad(theirs, inputs, direction),
        strict=True,
    )
    for a, b in pairs:
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_convolution_keeps_its_layout_when_weights_are_loaded():
    conv = StepConv(8, 16)
    conv.load_state_dict(nn.Conv1d(8, 16, 3).state_dict())
    layout = torch.channels_last
    assert conv.weight.unsqueeze(2).is_contiguous(memory_format=layout)


def test_attention_is_torchs_over_the_valid_steps():
    ours = StepAttention(32, 4)
    theirs = nn.MultiheadAttention(32, 4, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(ours.qkv.weight)
        theirs.in_proj_bias.zero_()
        theirs.out_proj.weight.copy_(ours.out.weight)
        theirs.out_proj.bias.copy_(ours.out.bias)
    lengths = [7, 4, 1]
    x = torch.randn(3, 7, 32)
    attended = ours.attend(x, validity_of(lengths, 7))
    for b, length in enumerate(lengths):
        part = x[b : b + 1, :length]
        expected = theirs(part, part, part, need_weights=False)[0][0]
        torch.testing.assert_close(attended[b, :length], expected, rtol=1e-4, atol=1e-5)


def test_attention_leaves_an_empty_sequence_finite_and_padding_zero():
    out = StepAttention(32, 4)(torch.randn(2, 5, 32), validity_of([0, 3], 5))
    assert out.isfinite().all()
    assert not out[0].any()
    assert not out[1, 3:].any()
    assert out[1, :3].any()


def test_attention_heads_must_divide():
    with pytest.raises(ValueError, match="3 attention heads do not divide 32"):
        StepAttention(32, 3)


def test_halving_means_over_valid_steps():
    x = torch.tensor([[1.0, 3.0, 5.0, 0.0], [1.0, 3.0, 0.0, 0.0]])[..., None]
    assert halve(x, validity_of([3, 2], 4))[..., 0].tolist() == [[2.0, 5.0], [2.0, 0.0]]
    full = torch.randn(2, 6, 3)
    expected = F.avg_pool1d(full.mT, 2).mT
    torch.testing.assert_close(halve(full, validity_of([6, 6], 6)), expected)
    halved = validity_of([3, 2], 4).halved()
    assert halved.mask[..., 0].tolist() == [[1.0, 1.0], [1.0, 0.0]]
    assert halved.share[:, 0].tolist() == [[0.5, 0.5], [1.0, 0.0]]


def test_doubling_repeats_adds_and_zeroes():
    x, skip = torch.randn(2, 3, 4), torch.randn(2, 6, 4)
    expected = x.repeat_interleave(2, 1) + skip
    expected[0, 5:] = 0
    with_graph = double_and_add(x, skip.clone(), validity_of([5, 6], 6))
    torch.testing.assert_close(with_graph, expected)
    with torch.no_grad():
        in_place = double_and_add(x, skip.clone(), validity_of([5, 6], 6))
    assert in_place.equal(with_graph)


def test_a_validity_is_full_only_where_every_step_is_valid():
    assert validity_of([4, 4], 4).full
    assert not validity_of([4, 3], 4).full
    assert not Validity.of(torch.ones(2, 5, dtype=torch.bool), multiple=8).full


def test_sinusoidal_embedding():
    t = torch.tensor([0.0, 0.3])
    embedded = sinusoidal(t, 8)
    rates = [1000 ** (k / 3) for k in range(4)]
    sines, cosines = zip(*[(math.sin(0.3 * w), math.cos(0.3 * w)) for w in rates], strict=True)
    torch.testing.assert_close(embedded[1], torch.tensor([*sines, *cosines]), atol=1e-4, rtol=0)
    assert embedded[0].tolist() == [0.0] * 4 + [1.0] * 4


def test_position_channels_encode_position_and_length():
    mask = torch.arange(6) < torch.tensor([4, 1, 0])[:, None]
    place = position_channels(mask)
    assert place[0, :4, 1].tolist() == pytest.approx([-0.75, -0.25, 0.25, 0.75])
    assert place[0, :4, 2].tolist() == pytest.approx([0, 1 / 8, math.log2(3) / 8, 2 / 8])
    assert place[0, :4, 3].tolist() == pytest.approx([2 / 8, math.log2(3) / 8, 1 / 8, 0])
    assert place[1, 0].tolist() == [1, 0, 0, 0]
    assert not place[~mask].any()
    assert place[..., 0].equal(mask.float())


@pytest.mark.parametrize(("size", "cond_dim"), [(7, 0), (0, 0), (8, -1)])
def test_a_senseless_embedding_is_refused(size, cond_dim):
    with pytest.raises(ValueError, match=r"embedding needs|cond_dim"):
        Embedding(size, cond_dim)
