"""The autoencoder: shapes, and padding that never leaks, in values or in gradients."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.codec import valid_steps
from humouse.diffusion.latents.autoencoder import TemporalAutoencoder
from humouse.diffusion.latents.layers import PairConv, PairDeconv


def movements(lengths: list[int], T: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    return torch.randn(len(lengths), T, 3, generator=g), valid_steps(torch.tensor(lengths), T)


@pytest.mark.parametrize(("T", "widths"), [(16, (8, 16)), (17, (8, 8, 16)), (9, (4, 8, 8, 8))])
def test_shapes(T: int, widths: tuple[int, ...]):
    network = TemporalAutoencoder(3, latent_channels=5, widths=widths, depth=1)
    x0, mask = movements([T, 1], T)
    factor = 2 ** (len(widths) - 1)
    latents = network.encode(x0, mask)
    assert latents.shape == (2, -(-T // factor), 5)
    assert network.decode(latents, mask).shape == (2, T, 3)
    expected = valid_steps(network.latent_steps(torch.tensor([T, 1])), latents.shape[1])
    assert torch.equal(network.latent_mask(mask), expected)


@settings(deadline=None, max_examples=25)
@given(
    length=st.integers(1, 13),
    padding=st.integers(0, 9),
    junk=st.sampled_from([1e6, float("nan"), float("inf")]),
)
def test_what_stands_at_padding_changes_nothing(length: int, padding: int, junk: float):
    torch.manual_seed(0)
    network = TemporalAutoencoder(3, latent_channels=4, widths=(8, 8, 8), depth=1)
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    x0, alone = movements([length], length)
    padded = torch.full((1, length + padding, 3), junk)
    padded[:, :length] = x0
    mask = valid_steps(torch.tensor([length]), length + padding)
    latents, expected = network.encode(padded, mask), network.encode(x0, alone)
    t = expected.shape[1]
    torch.testing.assert_close(latents[:, :t], expected)
    assert not latents[:, t:].any()
    latents[:, t:] = junk
    decoded = network.decode(latents, mask)
    torch.testing.assert_close(decoded[:, :length], network.decode(expected, alone))
    assert not decoded[:, length:].any()


def test_a_movement_does_not_depend_on_its_neighbours(autoencoder: TemporalAutoencoder):
    x0, mask = movements([11, 30, 4], 32)
    both = autoencoder.encode(x0, mask)
    alone = autoencoder.encode(x0[:1], mask[:1])
    torch.testing.assert_close(both[:1], alone)
    torch.testing.assert_close(
        autoencoder.decode(both, mask)[:1], autoencoder.decode(alone, mask[:1])
    )


def test_every_weight_and_every_valid_value_counts(autoencoder: TemporalAutoencoder):
    x0, mask = movements([11, 16], 16)
    x0.requires_grad_()
    autoencoder.decode(autoencoder.encode(x0, mask), mask).square().sum().backward()
    assert [name for name, w in autoencoder.named_parameters() if not w.grad.any()] == []
    assert x0.grad is not None
    assert bool(x0.grad[mask].all())
    assert not x0.grad[~mask].any()


def test_the_strided_layers_are_torchs_own():
    down, up = PairConv(3, 5), PairDeconv(5, 3)
    x = torch.randn(2, 8, 3, generator=torch.Generator().manual_seed(0))
    kernel = down.weight.unflatten(1, (2, 3)).transpose(1, 2)
    expected = torch.nn.functional.conv1d(x.mT, kernel, down.bias, stride=2).mT
    torch.testing.assert_close(down(x), expected)
    kernel = up.weight.unflatten(0, (2, 3)).permute(2, 1, 0)
    mirrored = torch.nn.functional.conv_transpose1d(expected.mT, kernel, stride=2).mT
    torch.testing.assert_close(up(expected), mirrored + up.bias.unflatten(0, (2, 3)).repeat(4, 1))


@pytest.mark.parametrize(
    "wrong", [{"latent_channels": 0}, {"widths": (8,)}, {"widths": (8, 0)}, {"depth": 0}]
)
def test_sizes_that_make_no_sense(wrong: dict):
    sizes = {"latent_channels": 8, "widths": (8, 8), "depth": 1}
    with pytest.raises(ValueError, match="positive sizes"):
        TemporalAutoencoder(3, **(sizes | wrong))
