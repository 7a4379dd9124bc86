"""What every trained model has, and which requests it can serve."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from humouse.data.codec import CONDITIONS, Codec, Frame, check_condition_values
from humouse.errors import InputError
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class TrainedModel:
    """A trained model, whatever its kind; a subclass adds the networks.

    Args:
        codec: Turns samples into movements.
        config: The configuration it was trained with.
        data: The dataset it was trained on.
        path: The checkpoint it came from.
        step: Optimiser steps that it was trained for.
    """

    codec: Codec
    config: dict[str, Any]
    data: dict[str, Any]
    path: Path
    step: int

    family: ClassVar[str]

    @property
    def origin(self) -> str:
        """Origin of the movements that it makes."""
        return f"{self.family}:{self.config['experiment_name']}"

    @property
    def cond_dim(self) -> int:
        """Number of conditions that it knows."""
        return self.config["model"]["cond_dim"]


def asked(
    model: TrainedModel,
    n: int,
    seq_len: int | None,
    cond: Tensor | None,
    like: Trajectories | None,
    seed: int,
) -> tuple[Frame, Tensor | None]:
    """Return the frames of n movements, and the conditions [n, K] asked of them, or None.

    Raises:
        ValueError: `like` stands for another number, or beside a length or conditions.
    """
    if like is None:
        frame = model.codec.draw_frames(n, seed=seed, seq_len=seq_len)
    else:
        if len(like) != n or seq_len is not None or cond is not None:
            raise ValueError("like stands for n movements, and takes the place of seq_len and cond")
        frame = model.codec.encode(like)[1]
        cond = model.codec.condition(like, model.cond_dim)
    return frame, None if cond is None else cond.float().cpu().expand(n, cond.shape[-1])


def encoded_conditions(model: TrainedModel, rows: Tensor, given: Tensor | None) -> Tensor | None:
    """Return [B, cond_dim] what the network is told of these rows; None where it knows no conditions."""
    if not model.cond_dim:
        return None
    known = torch.full((len(rows), model.cond_dim), torch.nan)
    if given is not None:
        known[:, : given.shape[1]] = given[rows]
    return model.codec.encode_condition(known)


def check_request(
    model: TrainedModel, n: int, seq_len: int | None, cond: Tensor | None, seed: int
) -> None:
    """Raise InputError, naming the argument, for the first that this model cannot serve."""
    if n < 1:
        raise InputError(f"n={n}: ask for at least 1 movement")
    if seed < 0:
        raise InputError(f"seed={seed}: must be at least 0")
    shortest, longest = model.codec.length_range()
    if seq_len is not None and not shortest <= seq_len <= longest:
        seen = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
        raise InputError(
            f"seq_len={seq_len}: {model.path} was trained on {seen} steps; ask for that, or train "
            "with another data.sequence_length"
        )
    if cond is not None:
        check_condition(model, n, cond)


def check_condition(model: TrainedModel, n: int, cond: Tensor) -> None:
    """Raise InputError if the conditions are not what this model knows, or not possible."""
    known, cond = ", ".join(CONDITIONS[: model.cond_dim]) or "none", cond.float()
    if cond.ndim not in (1, 2):
        raise InputError(f"cond: {cond.ndim} dimensions; give [K], or [n, K]")
    if not 1 <= cond.shape[-1] <= model.cond_dim:
        raise InputError(
            f"cond: {cond.shape[-1]} conditions given, {model.path} knows: {known}; train with "
            "model.cond_dim=… for more"
        )
    if model.cond_dim > 1:  # a model of the first condition alone knows no dy
        missing = len(CONDITIONS) - cond.shape[-1]
        cond = torch.nn.functional.pad(cond, (0, missing), value=torch.nan)
    check_condition_values(cond, n)


def announce(model: TrainedModel) -> None:
    """Print which checkpoint is used: by default it is the newest."""
    print(f"checkpoint: {model.path} ({model.config['experiment_name']}, step {model.step:,})")
