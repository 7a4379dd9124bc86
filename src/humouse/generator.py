"""A trained generator of either kind, diffusion model or GAN, behind one interface."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.codec import Codec, Frame
from humouse.diffusion import model as diffusion_checkpoint
from humouse.diffusion import sample as diffusion_sample
from humouse.diffusion.sample import SamplingRule
from humouse.errors import InputError
from humouse.gan import model as gan_checkpoint
from humouse.gan import sampling as gan_sample
from humouse.trained_model import check_request
from humouse.training.checkpoint import AUTOENCODER, GAN, Checkpoint, find_checkpoint
from humouse.trajectories import Trajectories

Model = diffusion_checkpoint.Model | gan_checkpoint.Model


@dataclass(frozen=True)
class Generator:
    """A trained model that movements can be drawn from.

    Args:
        model: The model.
        rule: How a diffusion model goes from noise to samples; a GAN needs none.
    """

    model: Model
    rule: SamplingRule = field(default_factory=SamplingRule)

    @property
    def origin(self) -> str:
        """Origin of the movements that it makes."""
        return self.model.origin

    @property
    def codec(self) -> Codec:
        """Turns samples into movements."""
        return self.model.codec

    @property
    def config(self) -> dict[str, Any]:
        """The configuration it was trained with."""
        return self.model.config

    @property
    def data(self) -> dict[str, Any]:
        """The dataset it was trained on."""
        return self.model.data

    @property
    def path(self) -> Path:
        """The checkpoint it came from."""
        return self.model.path

    @property
    def step(self) -> int:
        """Optimiser steps that it was trained for."""
        return self.model.step

    @property
    def cond_dim(self) -> int:
        """Number of conditions that it knows."""
        return self.model.cond_dim

    def calls(self, n: int) -> int:
        """Return how often `sample` calls `progress` for n movements."""
        if isinstance(self.model, gan_checkpoint.Model):
            return -(-n // gan_sample.BATCH)
        return -(-n // self.rule.batch_size) * diffusion_sample.calls_of(self.model, self.rule)

    @property
    def resolved_rule(self) -> dict[str, Any] | None:
        """How it samples, with what its model decides filled in; None for a GAN."""
        if isinstance(self.model, gan_checkpoint.Model):
            return None
        own = {
            "steps": diffusion_sample.steps_of(self.model, self.rule),
            "t_switch": diffusion_sample.t_switch_of(self.model, self.rule),
        }
        return asdict(self.rule) | own

    def check(self, n: int, seq_len: int | None, cond: Tensor | None, seed: int) -> None:
        """Raise InputError, naming the argument, for the first that this model cannot serve."""
        if isinstance(self.model, diffusion_checkpoint.Model):
            diffusion_sample.check_sampling(self.model, n, seq_len, cond, seed, self.rule)
            return
        check_request(self.model, n, seq_len, cond, seed)
        if self.rule.guidance != 1:
            raise InputError(
                f"guidance={self.rule.guidance}: {self.path} is a GAN, which is not guided; leave it "
                "at 1"
            )

    def sample(
        self,
        n: int,
        *,
        seq_len: int | None = None,
        cond: Float[Tensor, "*n K"] | None = None,
        like: Trajectories | None = None,
        seed: int,
        progress: Callable[[], None] | None = None,
    ) -> Trajectories:
        """Return n movements, in px and ms.

        Args:
            n: How many.
            seq_len: Steps of each; None draws lengths as the train split has them.
            cond: [K] or [n, K], the first K of goal_dx_px, goal_dy_px, duration_ms, path_px; NaN
                where not given.
            like: n movements that fit the codec: sample i takes the place of the i-th. Instead of
                seq_len and cond.
            seed: Movement i depends on the model, the rule, the seed and i alone; 0 or more.
            progress: Called as often as `calls` says.

        Raises:
            InputError: A number is out of range, or the model knows fewer conditions.
        """
        x0, frame = self.sample_deltas(
            n, seq_len=seq_len, cond=cond, like=like, seed=seed, progress=progress
        )
        return self.codec.decode(x0, frame, origin=self.origin)

    def sample_deltas(
        self,
        n: int,
        *,
        seq_len: int | None = None,
        cond: Float[Tensor, "*n K"] | None = None,
        like: Trajectories | None = None,
        seed: int,
        progress: Callable[[], None] | None = None,
    ) -> tuple[Float[Tensor, "n T C"], Frame]:
        """Return what `sample` decodes: normalised deltas [n, T, C] on the CPU, and their frames."""
        asked: dict[str, Any] = {"seq_len": seq_len, "cond": cond, "like": like, "seed": seed}
        if isinstance(self.model, diffusion_checkpoint.Model):
            return diffusion_sample.sample_deltas(
                self.model, n, rule=self.rule, progress=progress, **asked
            )
        return gan_sample.sample_deltas(self.model, n, progress=progress, **asked)


def load_generator(
    path: str | Path | None = None,
    device: torch.device | str = "cpu",
    *,
    rule: SamplingRule | None = None,
) -> Generator:
    """Return the generator in a checkpoint of either kind.

    Args:
        path: The checkpoint; None for the environment variable HUMOUSE_CKPT, else the newest under
            `checkpoints/`.
        device: Where it should run.
        rule: How a diffusion model goes from noise to samples; DDIM by default, in 20 steps or those
            that the model was distilled to.

    Raises:
        InputError: There is no checkpoint, or it cannot be used.
    """
    found = find_checkpoint(path)
    saved = Checkpoint.load(found)
    if saved.kind == AUTOENCODER:
        raise InputError(
            f"{found}: holds an autoencoder, which makes no movements by itself; train a model on it "
            f"with: humouse train experiment=latent data.autoencoder={found}"
        )
    kind = gan_checkpoint if saved.kind == GAN else diffusion_checkpoint
    return Generator(kind.model_in(saved, found, device), rule or SamplingRule())
