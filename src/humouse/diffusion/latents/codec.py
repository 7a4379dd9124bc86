"""Latents as a codec, so that the diffusion code works on latents unchanged."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from humouse.codec import Codec, Frame, codec_from_state, valid_steps
from humouse.diffusion.latents.autoencoder import TemporalAutoencoder
from humouse.errors import InputError
from humouse.settings import AutoencoderModelSettings
from humouse.trajectories import Trajectories

_ROWS_AT_A_TIME = 256


class LatentCodec(Codec):
    """A codec and an autoencoder in one: `Trajectories` ⇄ latents [B, ⌈T/f⌉, K].

    Frames, conditions and what fits are the base codec's.

    Args:
        base: Fitted codec of movements.
        autoencoder: Trained on it.
        gate: How well it reconstructs, measured at the end of its training: AUC of each probe between
            people and the same people decoded, and the share of exact steps.
    """

    name = "latent"

    def __init__(
        self,
        base: Codec,
        autoencoder: TemporalAutoencoder,
        *,
        gate: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(sequence_length=base.sequence_length)
        self.base = base
        self.autoencoder = autoencoder.eval().requires_grad_(False)
        self.gate = dict(gate or {})
        self.channel_names = tuple(f"latent_{k + 1}" for k in range(autoencoder.latent_channels))

    @property
    def native(self) -> Codec:
        """The codec of movements under the latents."""
        return self.base

    def settings(self) -> dict[str, Any]:
        """Return what describes the codec: the base's settings and the autoencoder's sizes."""
        return {
            "base": {"name": self.base.name, **self.base.settings()},
            "autoencoder": self.autoencoder.sizes(),
        }

    def steps(self, lengths: Int[Tensor, "*B"]) -> Int[Tensor, "*B"]:
        """Return how many valid latent steps movements of these lengths have."""
        return self.autoencoder.latent_steps(self.base.steps(lengths))

    def length_range(self) -> tuple[int, int]:
        """Return the fewest and the most steps of a sample: the base codec's."""
        return self.base.length_range()

    def fits(self, trajectories: Trajectories) -> Bool[Tensor, "B"]:
        """[B] True for movements that the base codec accepts."""
        return self.base.fits(trajectories)

    def canonicalize(self, trajectories: Trajectories) -> Trajectories:
        """Return the movements as the base codec sees them."""
        return self.base.canonicalize(trajectories)

    @torch.no_grad()
    def _to_channels(self, trajectories: Trajectories) -> tuple[Float[Tensor, "B T C"], Frame]:
        x0, frame = self.base.encode(trajectories)
        mask = valid_steps(self.base.steps(frame.lengths), x0.shape[1])
        parts = zip(x0.split(_ROWS_AT_A_TIME), mask.split(_ROWS_AT_A_TIME), strict=True)
        return torch.cat([self.autoencoder.encode(*part) for part in parts]), frame

    def expanded(self, x0: Float[Tensor, "B t K"], frame: Frame) -> Float[Tensor, "B T C"]:
        """Return the deltas that latents [B, t, K] stand for, on the base codec's scale."""
        return self.base.expanded(self.reconstructed(x0, frame), frame)

    @torch.no_grad()
    def reconstructed(self, x0: Float[Tensor, "B t K"], frame: Frame) -> Float[Tensor, "B n C"]:
        """Return the base codec's x0 decoded from latents [B, t, K]: [B, f·t, C], at most its points."""
        latents = x0 * self.std.to(x0) + self.mean.to(x0)
        most = int(self.base.steps(torch.tensor(self.sequence_length)))
        longest = min(self.autoencoder.factor * x0.shape[1], most)
        mask = valid_steps(self.base.steps(frame.lengths), longest)
        parts = zip(latents.split(_ROWS_AT_A_TIME), mask.split(_ROWS_AT_A_TIME), strict=True)
        return torch.cat([self.autoencoder.decode(*part) for part in parts])

    def _from_channels(self, x: Float[Tensor, "B T C"], frame: Frame) -> Float[Tensor, "B T 3"]:
        raise AssertionError("decoding goes through the base codec")

    def decode(
        self, x0: Float[Tensor, "B t K"], frame: Frame, *, origin: str = "generated"
    ) -> Trajectories:
        """Return the movements decoded from latents, in px and ms."""
        return self.base.decode(self.expanded(x0, frame), frame, origin=origin)

    def frame_given(
        self, frame: Frame, cond: Float[Tensor, "B K"], x0: Float[Tensor, "B T C"]
    ) -> Frame:
        """Return `frame` changed to what the conditions ask for, where it is the frame's to give."""
        return self.base.frame_given(frame, cond, self.expanded(x0, frame))

    def _raw_condition(self, cond: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
        return self.base._raw_condition(cond)

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to make this codec again, the autoencoder's weights included."""
        return {
            **super().state_dict(),
            "base": self.base.state_dict(),
            "autoencoder": self.autoencoder.state_dict(),
            "gate": self.gate,
        }


def restore_codec(state: Mapping[str, Any]) -> Codec:
    """Return the fitted codec that a `state_dict` described, of latents or of movements."""
    if state["name"] != LatentCodec.name:
        return codec_from_state(state)
    autoencoder = TemporalAutoencoder(**state["settings"]["autoencoder"])
    autoencoder.load_state_dict(state["autoencoder"])
    codec = LatentCodec(codec_from_state(state["base"]), autoencoder, gate=state["gate"])
    codec.load(state)
    codec.rehearse()
    return codec


def build_autoencoder(model: AutoencoderModelSettings, codec: Codec) -> TemporalAutoencoder:
    """Return an untrained autoencoder of the configured sizes, for a codec's x0.

    Raises:
        InputError: The settings do not go together.
    """
    widths = [model.base_channels * mult for mult in model.channel_mults]
    try:
        if any(width != int(width) for width in widths):
            raise ValueError(f"base_channels × channel_mults must be whole widths, not {widths}")
        return TemporalAutoencoder(
            codec.channels,
            latent_channels=model.latent_channels,
            widths=[int(width) for width in widths],
            depth=model.depth,
        )
    except ValueError as error:
        raise InputError(f"model: {error}") from error
