"""The GAN: what sampling needs, read from a checkpoint."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.codec import Frame, codec_from_state, valid_steps
from humouse.errors import InputError
from humouse.gan.models import Latent
from humouse.gan.models.pair import GanPair
from humouse.randomness import generator
from humouse.settings import GanTrainSettings
from humouse.trained_model import CheckpointRecord, TrainedModel
from humouse.training.checkpoint import Checkpoint, Kind, find_checkpoint

GAN = Kind("humouse GAN checkpoint", "humouse train gan")
BATCH = 64
"""Movements that are sampled at a time."""


@dataclass(frozen=True, kw_only=True)
class GanModel(TrainedModel):
    """A GAN, ready to sample from and to score movements with.

    Args:
        pair: Generator and discriminator, both averaged.
    """

    settings: GanTrainSettings
    pair: GanPair

    family: ClassVar[str] = "gan"

    @property
    def batch_size(self) -> int:
        """Movements at a time."""
        return BATCH

    @property
    def calls_per_batch(self) -> int:
        """One."""
        return 1

    @torch.no_grad()
    def _sample_batch(
        self,
        rows: Int[Tensor, "B"],
        frame: Frame,
        given: Float[Tensor, "B K"] | None,
        seed: int,
        progress: Callable[[], None],
    ) -> Float[Tensor, "B T C"]:
        device = next(self.pair.parameters()).device
        steps = self.codec.steps(frame.lengths)
        T = int(steps.max())
        latent = self._latent(rows, seed, T, device)
        cond = self.codec.conditions_for(frame, self.cond_dim)
        mask = valid_steps(steps.to(device), T)
        x0 = self.pair.generator(latent, mask, None if cond is None else cond.to(device))
        progress()
        return x0

    def _latent(self, rows: Int[Tensor, "B"], seed: int, T: int, device: torch.device) -> Latent:
        network = self.pair.generator
        longest = int(self.codec.steps(torch.tensor(self.codec.sequence_length)))
        movement, steps = [], []
        for row in rows.tolist():
            g = generator(seed, "sample", row)
            movement.append(torch.randn(network.latent_dim, generator=g))
            # Drawn at full length and cut: a movement's noise must not depend on its neighbours'.
            steps.append(torch.randn(longest, network.step_noise, generator=g)[:T])
        return Latent(torch.stack(movement).to(device), torch.stack(steps).to(device))


def load_model(path: str | Path | None = None, device: torch.device | str = "cpu") -> GanModel:
    """Return the GAN in a checkpoint.

    Args:
        path: The checkpoint; None for the environment variable HUMOUSE_CKPT, else the newest under
            `checkpoints/`.
        device: Where it should run.

    Raises:
        InputError: There is no checkpoint, or it holds no GAN, or cannot be used.
    """
    found = find_checkpoint(path, GAN)
    return model_in(Checkpoint.load(found, GAN), found, device)


def model_in(saved: Checkpoint, path: Path, device: torch.device | str = "cpu") -> GanModel:
    """Return the GAN in a checkpoint that was read from `path`; see `load_model`."""
    settings = saved.settings(GanTrainSettings, path)
    try:
        codec = codec_from_state(saved.codec)
        pair = GanPair(settings, codec)
        pair.load_state_dict(saved.serving)
    except (AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"{path}: does not fit this version of humouse ({reason})") from error
    pair = pair.to(device).eval().requires_grad_(False)
    record = CheckpointRecord(path, saved.step, saved.data)
    return GanModel(codec=codec, settings=settings, record=record, pair=pair)
