"""Generator and discriminator as one module, so that they are saved and averaged together."""

import torch
from torch import nn

from humouse.codec import Codec
from humouse.gan.models import build_discriminator, build_generator
from humouse.randomness import derive_seed
from humouse.settings import GanTrainSettings


class GanPair(nn.Module):
    """An untrained generator and its discriminator.

    Args:
        settings: The whole configuration; its section `model` describes both, its seed the weights.
        codec: Fitted on the train split.
    """

    def __init__(self, settings: GanTrainSettings, codec: Codec) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(settings.seed, "weights"))
            self.generator = build_generator(settings.model, codec)
            self.discriminator = build_discriminator(settings.model, codec)
