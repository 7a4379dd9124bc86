"""The GAN's networks: two kinds of generator and discriminator behind one interface."""

from humouse.gan.models.build import build_discriminator, build_generator
from humouse.gan.models.conv import ConvDiscriminator, ConvGenerator
from humouse.gan.models.interface import Discriminator, Generator, Latent
from humouse.gan.models.lstm import LSTMDiscriminator, LSTMGenerator

__all__ = [
    "ConvDiscriminator",
    "ConvGenerator",
    "Discriminator",
    "Generator",
    "LSTMDiscriminator",
    "LSTMGenerator",
    "Latent",
    "build_discriminator",
    "build_generator",
]
