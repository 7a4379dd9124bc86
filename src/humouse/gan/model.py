"""The trained GAN, as it comes out of a checkpoint."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch

from humouse.codec import codec_from_state
from humouse.errors import InputError
from humouse.gan.models.pair import Pair
from humouse.trained_model import TrainedModel
from humouse.training.checkpoint import GAN, Checkpoint, find_checkpoint


@dataclass(frozen=True)
class Model(TrainedModel):
    """A trained GAN, ready to sample from and to look with.

    Args:
        pair: Generator and discriminator, both averaged, of the best validation score.
    """

    pair: Pair

    family: ClassVar[str] = "gan"


def load_model(path: str | Path | None = None, device: torch.device | str = "cpu") -> Model:
    """Return the GAN in a checkpoint.

    Args:
        path: The checkpoint; None for the environment variable HUMOUSE_CKPT, else the newest under
            `checkpoints/`.
        device: Where it should run.

    Raises:
        InputError: There is no checkpoint, or it holds no GAN, or cannot be used.
    """
    found = find_checkpoint(path, kind=GAN)
    return model_in(Checkpoint.load(found, GAN), found, device)


def model_in(saved: Checkpoint, path: Path, device: torch.device | str = "cpu") -> Model:
    """Return the GAN in a checkpoint that was read from `path`; see `load_model`."""
    try:
        codec = codec_from_state(saved.codec)
        pair = Pair(saved.config, codec)
        pair.load_state_dict(saved.best or saved.ema)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"{path}: does not fit this version of humouse ({reason})") from error
    pair = pair.to(device).eval().requires_grad_(False)
    return Model(codec, saved.config, saved.data, path, saved.step, pair=pair)
