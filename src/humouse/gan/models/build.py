"""Untrained networks from a configuration."""

import torch

from humouse.codec import Codec, EventCodec
from humouse.gan.models.conv import ConvDiscriminator, ConvGenerator
from humouse.gan.models.interface import Discriminator, Generator
from humouse.gan.models.lstm import LSTMDiscriminator, LSTMGenerator
from humouse.settings import GanModelSettings


def build_generator(model: GanModelSettings, codec: Codec) -> Generator:
    """Return an untrained generator as the section `model` of a configuration describes it."""
    if model.kind == "lstm":
        return LSTMGenerator(codec.channels, latent_dim=model.latent_dim, cond_dim=model.cond_dim)
    return ConvGenerator(
        codec.channels,
        width=model.generator_width,
        latent_dim=model.latent_dim,
        step_noise=model.step_noise,
        cond_dim=model.cond_dim,
    )


def build_discriminator(model: GanModelSettings, codec: Codec) -> Discriminator:
    """Return an untrained discriminator as the section `model` of a configuration describes it."""
    if model.kind == "lstm":
        return LSTMDiscriminator(codec.channels, cond_dim=model.cond_dim)
    return ConvDiscriminator(
        codec.channels,
        moves=torch.stack([codec.mean, codec.std], 1),
        companding_px=codec.companding_px if isinstance(codec, EventCodec) else None,
        width=model.discriminator_width,
        feature_dim=model.feature_dim,
        cond_dim=model.cond_dim,
    )
