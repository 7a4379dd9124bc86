"""Checkpoints: everything a run needs to go on, and everything a sampler needs, in one file.

Plain values and tensors only, so that `torch.load(weights_only=True)` reads them; written aside and
renamed, so that the file is always whole.
"""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from humouse.artefact import replacing
from humouse.data.codec import Codec, codec_from_state
from humouse.diffusion.denoiser import Denoiser
from humouse.diffusion.models.unet1d import UNet1D
from humouse.diffusion.noise.schedule import make_schedule
from humouse.errors import InputError

_KIND = "humouse diffusion checkpoint"
_VERSION = 1


@dataclass
class Checkpoint:
    """The state of a training run after `step` optimiser steps.

    Args:
        config: The resolved configuration (plain dictionaries).
        versions: Versions of Python and the packages that trained it.
        data: The prepared dataset: id, folder, manifest hash, whether it is synthetic.
        codec: `Codec.state_dict` of the fitted codec.
        step: Optimiser steps done.
        model: The network's weights.
        ema: Their moving average.
        optimizer: State of the optimiser.
        scaler: State of the gradient scaler, empty without one.
        history: Validation so far: best score, rounds without a better one.
        best: The averaged weights of the best validation score, or None before the first.
    """

    config: dict[str, Any]
    versions: dict[str, str]
    data: dict[str, Any]
    codec: dict[str, Any]
    step: int
    model: dict[str, Tensor]
    ema: dict[str, Tensor]
    optimizer: dict[str, Any]
    scaler: dict[str, Any]
    history: dict[str, Any]
    best: dict[str, Tensor] | None = None

    def save(self, path: str | Path) -> None:
        """Write the checkpoint, whole or not at all.

        Raises:
            InputError: The file cannot be written; what was there before is unchanged.
        """
        content = {field.name: getattr(self, field.name) for field in fields(self)}
        save_tensors(path, {"kind": _KIND, "version": _VERSION, **content})

    @classmethod
    def load(cls, path: str | Path) -> "Checkpoint":
        """Read a checkpoint.

        Raises:
            InputError: There is none, or it is cut short, of another version, or something else.
        """
        content = _read(Path(path))
        if not isinstance(content, dict) or content.get("kind") != _KIND:
            raise InputError(f"{path}: not a humouse checkpoint; humouse train writes them")
        if content.get("version") != _VERSION:
            raise InputError(
                f"{path}: a checkpoint of format {content.get('version')}, this humouse reads format "
                f"{_VERSION}; train it again or use the humouse that wrote it"
            )
        missing = [field.name for field in fields(cls) if field.name not in content]
        if missing:
            raise InputError(f"{path}: damaged, it lacks {', '.join(missing)}; train it again")
        return cls(**{field.name: content[field.name] for field in fields(cls)})


def save_tensors(path: str | Path, content: dict[str, Any]) -> None:
    """Write plain values and tensors with `torch.save`, whole or not at all.

    Raises:
        InputError: The file cannot be written; what was there before is unchanged.
    """
    with replacing(path) as aside:
        try:
            torch.save(content, aside)
        except RuntimeError as error:  # torch's writer reports a full disk in its own way
            raise OSError(f"writing failed, most likely a full disk: {error}") from error


def _read(path: Path) -> Any:
    if not path.is_file():
        raise InputError(f"{path}: no such checkpoint; humouse train makes one")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its readers meet in a damaged file
        raise InputError(
            f"{path}: not a readable checkpoint (cut short, or not one); train it again or restore it"
        ) from error


@dataclass(frozen=True)
class Model:
    """A trained model, ready to sample from.

    Args:
        denoiser: Answers E[x0 | x_t], with the best averaged weights.
        codec: Turns samples into movements.
        config: The configuration it was trained with.
        data: The dataset it was trained on.
        path: The checkpoint it came from.
        step: Optimiser steps that it was trained for.
    """

    denoiser: Denoiser
    codec: Codec
    config: dict[str, Any]
    data: dict[str, Any]
    path: Path
    step: int = 0

    @property
    def origin(self) -> str:
        """Origin of the movements that it makes."""
        return f"diffusion:{self.config['experiment_name']}"

    @property
    def cond_dim(self) -> int:
        """Number of conditions that it knows."""
        return self.config["model"]["cond_dim"]


def load_model(path: str | Path | None = None, device: torch.device | str = "cpu") -> Model:
    """Return the model in a checkpoint.

    Args:
        path: The checkpoint; None for the environment variable HUMOUSE_CKPT, else the newest under
            `checkpoints/`.
        device: Where it should run.

    Raises:
        InputError: There is no checkpoint, or it cannot be used.
    """
    found = find_checkpoint(path)
    checkpoint = Checkpoint.load(found)
    try:
        codec = codec_from_state(checkpoint.codec)
        denoiser = build_denoiser(checkpoint.config, codec)
        denoiser.network.load_state_dict(checkpoint.best or checkpoint.ema)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"{found}: does not fit this version of humouse ({reason})") from error
    denoiser = denoiser.to(device).eval().requires_grad_(False)
    return Model(denoiser, codec, checkpoint.config, checkpoint.data, found, checkpoint.step)


def find_checkpoint(path: str | Path | None = None, folder: str | Path = "checkpoints") -> Path:
    """Return `path`, else what HUMOUSE_CKPT names, else the newest checkpoint in `folder`.

    Raises:
        InputError: There is none.
    """
    if path := path or os.environ.get("HUMOUSE_CKPT"):
        return Path(path)
    newest = max(Path(folder).glob("*.pt"), key=lambda file: file.stat().st_mtime, default=None)
    if newest is None:
        raise InputError(
            f"no checkpoint: none in {folder}/, none given (ckpt=…) and HUMOUSE_CKPT is not set; "
            "train one with: humouse train experiment=train"
        )
    return newest


def build_denoiser(config: dict[str, Any], codec: Codec) -> Denoiser:
    """Return an untrained denoiser of the configured network, schedule and objective.

    Raises:
        InputError: The network's settings do not go together.
    """
    model, diffusion = config["model"], config["diffusion"]
    try:
        network = UNet1D(
            codec.channels,
            base_channels=model["base_channels"],
            channel_mults=tuple(model["channel_mults"]),
            attn_bottleneck=model["attn_bottleneck"],
            dropout=model["dropout"],
            self_condition=model["self_condition"],
            cond_dim=model["cond_dim"],
        )
    except ValueError as error:
        raise InputError(f"model: {error}") from error
    schedule = make_schedule(diffusion["schedule"], diffusion["timesteps"])
    return Denoiser(network, schedule, diffusion["objective"])
