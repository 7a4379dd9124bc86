"""The net of the sequence detector against a slow reference, and what it must not look at."""

import numpy as np
import pytest
import torch

from humouse.eval.probes.sequence_net import FREQUENCIES, STRIDES, SequenceNet
from humouse.randomness import generator


@pytest.fixture(scope="module")
def net():
    made = SequenceNet(8, generator(0))
    rng = generator(1)
    steps, lengths = torch.randn(40, 3, 20, generator=rng), torch.arange(40) % 20 + 1
    made.standardise(steps, lengths)
    return made.requires_grad_(False)


def valid_to(length, T):
    return (torch.arange(T) < length).float()[None, None]


def test_it_computes_what_a_plain_loop_computes(net):
    """One movement without padding, each layer written out in float64."""
    steps = torch.randn(1, 3, 13, generator=generator(2))
    x = ((steps - net.mean[:3, None]) / net.spread[:3, None]).double()[0].numpy()
    waves = [f(x * k) for k in FREQUENCIES for f in (np.sin, np.cos)]
    x = np.concatenate([x, *waves])
    layers = [(net.embedding, 1), *zip(net.convolutions, STRIDES, strict=True)]
    parts = [(np.log(13) - float(net.mean[3])) / float(net.spread[3])]
    for number, (layer, stride) in enumerate(layers):
        weight, bias = layer.weight.double().numpy(), layer.bias.double().numpy()
        reach = weight.shape[2] // 2
        padded = np.pad(x, ((0, 0), (reach, reach)))
        rows = [
            bias + np.tensordot(weight, padded[:, at : at + 2 * reach + 1], 2)
            for at in range(0, x.shape[1], stride)
        ]
        turned = np.maximum(np.stack(rows, 1), 0)
        x = turned if number == 0 else x[:, ::stride] + turned
        parts += [*x.mean(1), *x.max(1)]
    expected = np.array(parts) @ net.answer.weight[0].double().numpy() + float(net.answer.bias)
    answer = net(steps, valid_to(13, 13))
    assert float(answer) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("length", [1, 2, 3, 12, 13, 14, 15])
def test_padding_is_not_seen_and_the_last_step_is(net, length):
    steps = torch.randn(1, 3, 24, generator=generator(3))
    other = steps.clone()
    other[..., length:] = 1e3
    short = net(steps[..., :length], valid_to(length, length))
    torch.testing.assert_close(net(steps, valid_to(length, 24)), short)
    torch.testing.assert_close(net(other, valid_to(length, 24)), short)
    other[..., length - 1] += 1
    assert abs(net(other, valid_to(length, 24)) - short) > 1e-4


def test_a_hidden_step_is_not_seen_and_the_others_are(net):
    steps = torch.randn(1, 3, 10, generator=generator(4))
    seen = torch.ones(1, 1, 10)
    seen[..., 4] = 0
    other = steps.clone()
    other[..., 4] = 50
    valid = valid_to(10, 10)
    torch.testing.assert_close(net(steps, valid, seen), net(other, valid, seen))
    other[..., 5] += 1
    assert not torch.equal(net(steps, valid, seen), net(other, valid, seen))
    assert not torch.equal(net(steps, valid, seen), net(steps, valid))


def test_a_seed_decides_the_weights():
    one, same, another = (SequenceNet(8, generator(seed)) for seed in (0, 0, 1))
    for first, second, third in zip(
        one.parameters(), same.parameters(), another.parameters(), strict=True
    ):
        assert torch.equal(first, second)
        assert first.any() == third.any()  # biases of the answer are 0 in all
    assert not torch.equal(one.answer.weight, another.answer.weight)
