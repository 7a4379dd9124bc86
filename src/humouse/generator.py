"""From a checkpoint of either kind, diffusion model or GAN, to movements."""

import secrets
from collections.abc import Mapping
from pathlib import Path

import torch

from humouse.codec import condition_vector
from humouse.diffusion import model as diffusion
from humouse.diffusion.latents.load import AUTOENCODER
from humouse.diffusion.model import DIFFUSION
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.errors import InputError
from humouse.gan import model as gan
from humouse.gan.model import GAN
from humouse.trained_model import TrainedModel
from humouse.training.checkpoint import Checkpoint, find_checkpoint
from humouse.trajectories import Trajectories

KINDS = (DIFFUSION, GAN)
"""The checkpoints that movements can be drawn from."""


def load_generator(
    path: str | Path | None = None,
    device: torch.device | str = "cpu",
    *,
    rule: SamplingRule | None = None,
) -> TrainedModel:
    """Return the model in a checkpoint of either kind.

    Args:
        path: The checkpoint; None for the environment variable HUMOUSE_CKPT, else the newest under
            `checkpoints/`, else the model that comes with humouse.
        device: Where it should run.
        rule: How a diffusion model goes from noise to samples; DDIM by default, in 20 steps or those
            that the model was distilled to. A GAN needs none.

    Raises:
        InputError: There is no checkpoint, or it cannot be used, or a GAN should be guided.
    """
    found = find_checkpoint(path, *KINDS)
    saved = Checkpoint.load(found)
    if saved.kind == AUTOENCODER.name:
        raise InputError(
            f"{found}: holds an autoencoder, which makes no movements by itself; train a model on it "
            f"with: humouse train experiment=latent data.autoencoder={found}"
        )
    rule = rule or SamplingRule()
    if saved.kind != GAN.name:
        return diffusion.model_in(saved, found, device).with_rule(rule)
    if rule.guidance != 1:
        raise InputError(
            f"guidance={rule.guidance}: {found} is a GAN, which is not guided; leave it at 1"
        )
    return gan.model_in(saved, found, device)


def sample(
    n: int,
    *,
    goal: tuple[float, float] | None = None,
    duration: float | None = None,
    seed: int | None = None,
    conditions: Mapping[str, float] | None = None,
    model: TrainedModel | str | Path | None = None,
) -> Trajectories:
    """Return n movements like people's.

    Args:
        n: How many.
        goal: From the first point to the last, (x, y) in px, y downwards; None draws it.
        duration: From the first point to the last, in ms; None draws it.
        seed: The same seed gives the same movements; None draws one.
        conditions: Others of `humouse.codec.CONDITIONS`, by name.
        model: What `load_generator` returned, or a checkpoint; see there for None.

    Raises:
        InputError: There is no checkpoint, or the model was not trained with such a condition, or a
            number is out of range.
    """
    trained = model if isinstance(model, TrainedModel) else load_generator(model)
    asked = dict(conditions or {})
    if goal is not None:
        asked["goal_dx_px"], asked["goal_dy_px"] = goal
    if duration is not None:
        asked["duration_ms"] = duration
    cond = condition_vector(**asked) if asked else None
    drawn = secrets.randbits(48) if seed is None else seed
    return trained.sample(n, seed=drawn, cond=cond)
