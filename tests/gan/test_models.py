"""The GAN's networks: padding and other rows have no influence; conditions come with a flag."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from humouse.codec import EventCodec, valid_steps
from humouse.gan.models import (
    Discriminator,
    Generator,
    Latent,
    build_discriminator,
    build_generator,
)
from humouse.gan.models.interface import place_channels
from humouse.gan.models.layers import TimeConv, halved
from humouse.settings import GanModelSettings

_MODEL = {
    "latent_dim": 6,
    "step_noise": 3,
    "generator_width": 8,
    "discriminator_width": 8,
    "feature_dim": 10,
    "cond_dim": 2,
    "cond_dropout": 0.1,
}
_FEW = settings(max_examples=15, deadline=None)
_KINDS = st.sampled_from(["conv", "lstm"])


def networks(kind: str) -> tuple[Generator, Discriminator]:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        codec, model = EventCodec(sequence_length=40), GanModelSettings(kind=kind, **_MODEL)
        return build_generator(model, codec), build_discriminator(model, codec)


def inputs(n: int, T: int, seed: int, noise: int) -> tuple[Latent, torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    latent = Latent(torch.randn(n, 6, generator=g), torch.randn(n, T, noise, generator=g))
    return latent, torch.randn(n, T, 3, generator=g), torch.randn(n, 2, generator=g)


@_FEW
@given(_KINDS, st.integers(1, 20), st.integers(0, 9), st.integers(0, 100))
def test_padding_has_no_influence(kind: str, length: int, more: int, seed: int):
    """Neither what padding holds nor how much there is changes samples, features or gradients."""
    generator, discriminator = networks(kind)
    latent, x, cond = inputs(2, 20 + more, seed, generator.step_noise)
    mask = valid_steps(torch.tensor([length, 20]), 20 + more)
    steps = latent.steps.masked_fill(~mask[..., None], torch.nan)
    other = Latent(latent.movement, torch.where(steps.isnan(), 1e6, steps))
    made = generator(latent, mask, cond)
    assert bool((made[~mask] == 0).all())
    torch.testing.assert_close(generator(other, mask, cond), made)
    alone = Latent(latent.movement[:1], latent.steps[:1, :length])
    torch.testing.assert_close(
        generator(alone, mask[:1, :length], cond[:1]), made[:1, :length], rtol=1e-4, atol=1e-5
    )
    x = x.masked_fill(~mask[..., None], torch.nan).requires_grad_()
    features = discriminator.features(x, mask, cond)
    assert bool(features.isfinite().all())
    one = discriminator.features(x[:1, :length], mask[:1, :length], cond[:1])
    torch.testing.assert_close(one, features[:1], rtol=1e-4, atol=1e-5)
    (slope,) = torch.autograd.grad(discriminator(x, mask, cond).sum(), x)
    assert bool((slope[~mask] == 0).all())
    assert bool((slope[mask] != 0).any())


@pytest.mark.parametrize("kind", ["conv", "lstm"])
def test_the_score_is_linear_in_the_features(kind: str):
    _, discriminator = networks(kind)
    _, x, cond = inputs(3, 20, 0, 0)
    mask = valid_steps(torch.tensor([5, 20, 9]), 20)
    features = discriminator.features(x, mask, cond)
    assert features.shape == (3, discriminator.feature_dim)
    expected = features @ discriminator.head.weight[0] + discriminator.head.bias
    torch.testing.assert_close(discriminator(x, mask, cond), expected)


@pytest.mark.parametrize("kind", ["conv", "lstm"])
def test_conditions_matter_and_may_be_missing(kind: str):
    generator, discriminator = networks(kind)
    latent, x, cond = inputs(2, 20, 0, generator.step_noise)
    mask = torch.ones(2, 20, dtype=torch.bool)
    missing = torch.full_like(cond, torch.nan)
    for network, first in ((generator, latent), (discriminator, x)):
        none = network(first, mask, None)
        assert bool(none.isfinite().all())
        assert torch.equal(network(first, mask, missing), none)
        assert not torch.allclose(network(first, mask, cond), none)
        # Zero is a condition, and not the same as none.
        assert not torch.allclose(network(first, mask, torch.zeros_like(cond)), none)
        with pytest.raises(ValueError, match="takes 2 conditions, not 3"):
            network(first, mask, torch.zeros(2, 3))


def test_the_convolution_is_torchs():
    conv, x = TimeConv(5, 7), torch.randn(3, 11, 5, generator=torch.Generator().manual_seed(0))
    plain = nn.Conv1d(5, 7, 3, padding=1)
    plain.load_state_dict(conv.state_dict())
    torch.testing.assert_close(conv(x), plain(x.transpose(1, 2)).transpose(1, 2))


def test_a_lone_step_is_its_pairs_mean():
    x = torch.tensor([[[1.0], [3.0], [5.0], [0.0]]])
    valid = torch.tensor([[[1.0], [1.0], [1.0], [0.0]]])
    assert halved(x, valid).flatten().tolist() == [2.0, 5.0]


def test_places():
    places = place_channels(torch.tensor([[True, True, True, True, False]]))[0]
    assert places[:, 0].tolist() == [1, 1, 1, 1, 0]
    assert places[:, 1].tolist() == [-0.75, -0.25, 0.25, 0.75, 0]
    assert places[:4, 2].tolist() == pytest.approx([-1, -0.75, -0.603760, -0.5])
    assert places[:4, 3].tolist() == pytest.approx([-0.5, -0.603760, -0.75, -1])


def test_the_sizes_of_the_paper():
    codec = EventCodec(sequence_length=40)
    model = GanModelSettings(kind="lstm", **_MODEL | {"latent_dim": 100, "cond_dim": 0})
    layers = build_generator(model, codec).layers
    assert (layers.first.hidden_size, layers.second.hidden_size) == (128, 64)
    assert build_discriminator(model, codec).feature_dim == 64
