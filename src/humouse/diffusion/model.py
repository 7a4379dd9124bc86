"""The trained diffusion model, as it comes out of a checkpoint."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch

from humouse.codec import Codec
from humouse.diffusion.decoder.network import EventDecoder
from humouse.diffusion.denoiser import Denoiser
from humouse.diffusion.latents.codec import restored
from humouse.diffusion.models.unet1d import UNet1D
from humouse.diffusion.noise.schedule import make_schedule
from humouse.errors import InputError
from humouse.trained_model import TrainedModel
from humouse.training.checkpoint import DIFFUSION, Checkpoint, find_checkpoint

DECODER = "decoder."
"""What the names of a decoder's weights begin with, beside the network's."""


@dataclass(frozen=True)
class Model(TrainedModel):
    """A trained model, ready to sample from.

    Args:
        denoiser: Answers E[x0 | x_t], with the best averaged weights.
        decoder: Writes whole events from where it takes over, or None.
    """

    denoiser: Denoiser
    decoder: EventDecoder | None = None

    family: ClassVar[str] = "diffusion"

    @property
    def t_switch(self) -> float:
        """The noise time at which the decoder takes over; 0 without one."""
        return 0.0 if self.decoder is None else self.config["decoder"]["t_switch"]

    @property
    def distilled_steps(self) -> int | None:
        """The one number of network calls that it samples with, if it was distilled; else None."""
        distillation = self.config.get("distillation")
        return None if distillation is None else distillation["steps"]


def load_model(path: str | Path | None = None, device: torch.device | str = "cpu") -> Model:
    """Return the model in a checkpoint.

    Args:
        path: The checkpoint; None for the environment variable HUMOUSE_CKPT, else the newest under
            `checkpoints/`.
        device: Where it should run.

    Raises:
        InputError: There is no checkpoint, or it cannot be used.
    """
    found = find_checkpoint(path, kind=DIFFUSION)
    return model_in(Checkpoint.load(found, DIFFUSION), found, device)


def model_in(saved: Checkpoint, path: Path, device: torch.device | str = "cpu") -> Model:
    """Return the model in a checkpoint that was read from `path`; see `load_model`."""
    try:
        codec = restored(saved.codec)
        denoiser = build_denoiser(saved.config, codec)
        weights = saved.best or saved.ema
        network = {name: value for name, value in weights.items() if not name.startswith(DECODER)}
        denoiser.network.load_state_dict(network)
        decoder = build_decoder(saved.config, codec) if "decoder" in saved.config else None
        if decoder is not None:
            decoder.load_state_dict(
                {name: weights[DECODER + name] for name in decoder.state_dict()}
            )
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"{path}: does not fit this version of humouse ({reason})") from error
    denoiser = denoiser.to(device).eval().requires_grad_(False)
    if decoder is not None:
        decoder = decoder.to(device).eval().requires_grad_(False)
    return Model(
        codec, saved.config, saved.data, path, saved.step, denoiser=denoiser, decoder=decoder
    )


def build_decoder(config: dict[str, Any], codec: Codec) -> EventDecoder:
    """Return an untrained decoder of the configured size."""
    how = config["decoder"]
    names = ("hidden", "dropout", "draw_scale", "draw_least")
    return EventDecoder(codec.channels, **{name: how[name] for name in names})


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
