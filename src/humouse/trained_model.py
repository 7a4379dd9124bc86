"""What every trained model has, and which requests it can serve."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from humouse.codec import CONDITIONS, Codec, Frame, check_condition_values
from humouse.errors import InputError, OutOfRangeWarning
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

    What is not asked is drawn from the train split's joint distribution, to go with what is.

    Raises:
        ValueError: `like` stands for another number, or beside a length or conditions.
    """
    if like is None:
        given = None if cond is None else cond.float().cpu().expand(n, cond.shape[-1])
        return model.codec.draw_frames(n, seed=seed, seq_len=seq_len, given=given), given
    if len(like) != n or seq_len is not None or cond is not None:
        raise ValueError("like stands for n movements, and takes the place of seq_len and cond")
    frame = model.codec.encode(like)[1]
    return frame, frame.conditions[:, : model.cond_dim] if model.cond_dim else None


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
    missing = len(CONDITIONS) - cond.shape[-1]
    check_condition_values(torch.nn.functional.pad(cond, (0, missing), value=torch.nan), n)
    _warn_of_range(model, cond)


def _warn_of_range(model: TrainedModel, cond: Tensor) -> None:
    """Warn of conditions outside what the model was trained on."""
    for place in range(cond.shape[-1]):
        values = cond[..., place]
        low, high = model.codec.condition_range(CONDITIONS[place])
        outside = values[(values < low) | (values > high)]  # NaN is neither
        if len(outside):
            warnings.warn(
                f"cond: {CONDITIONS[place]} {float(outside[0]):g} lies outside what {model.path} was "
                f"trained on, {low:g} to {high:g}; expect less human movements",
                OutOfRangeWarning,
                stacklevel=2,
            )


def announce(model: TrainedModel) -> None:
    """Print which checkpoint is used: by default it is the newest."""
    print(f"checkpoint: {model.path} ({model.config['experiment_name']}, step {model.step:,})")
