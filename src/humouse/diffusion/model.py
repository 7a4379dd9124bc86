"""The diffusion model: what sampling needs, built from settings or read from a checkpoint."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.codec import Codec, Frame
from humouse.diffusion.decoder.network import EventDecoder
from humouse.diffusion.denoiser import Denoiser
from humouse.diffusion.latents.codec import restore_codec
from humouse.diffusion.models.unet1d import UNet1D
from humouse.diffusion.noise.schedule import make_schedule
from humouse.diffusion.sample import Sampling
from humouse.diffusion.samplers import make_sampler
from humouse.diffusion.sampling_rule import (
    MOST_GUIDANCE,
    SamplingRule,
    check_rule,
    decoder_of,
    distillation_of,
    resolved,
)
from humouse.errors import InputError, OutOfRangeWarning
from humouse.settings import (
    DecodedSettings,
    DecoderModelSettings,
    DecoderRecord,
    Distillation,
    DistilledSettings,
    TrainSettings,
    TunedSettings,
)
from humouse.trained_model import CheckpointRecord, SampleRequest, TrainedModel
from humouse.training.checkpoint import Checkpoint, Kind, find_checkpoint
from humouse.trajectories import Trajectories

DIFFUSION = Kind("humouse diffusion checkpoint", "humouse train")
DECODER = "decoder."
"""What the names of a decoder's weights begin with, beside the network's."""


@dataclass(frozen=True, kw_only=True)
class DiffusionModel(TrainedModel):
    """A diffusion model, ready to sample from.

    Args:
        denoiser: Answers E[x0 | x_t].
        decoder: Generates whole events from `t_switch` on, or None.
        rule: How it goes from noise to samples.
    """

    settings: TrainSettings
    denoiser: Denoiser
    decoder: EventDecoder | None = None
    rule: SamplingRule = field(default_factory=SamplingRule)

    family: ClassVar[str] = "diffusion"

    def with_rule(self, rule: SamplingRule) -> "DiffusionModel":
        """Return the same model, sampling by another rule."""
        return replace(self, rule=rule)

    @property
    def decoder_settings(self) -> DecoderRecord | None:
        """Settings of its decoder, and where it came from; None without one."""
        return decoder_of(self.settings)

    @property
    def distillation(self) -> Distillation | None:
        """How it was distilled; None if it was not."""
        return distillation_of(self.settings)

    @cached_property
    def sampling(self) -> Sampling:
        """The rule, made ready for this model.

        Raises:
            InputError: The model cannot follow the rule.
        """
        rule = resolved(self.rule, self.settings)
        schedule = self.denoiser.schedule
        check_rule(rule, self.settings, self.title)
        return Sampling(
            codec=self.codec,
            denoiser=self.denoiser,
            decoder=self.decoder,
            rule=rule,
            sampler=make_sampler(
                rule.sampler, schedule, rule.steps, eta=rule.eta, t_end=rule.t_switch
            ),
            cond_dim=self.cond_dim,
            self_condition=self.settings.model.self_condition,
        )

    def in_style_of(self, movements: Trajectories) -> "DiffusionModel":
        """Return the same model, sampling as another set-up; see `TrainedModel.in_style_of`."""
        if self.decoder is None or self.decoder.style is None:
            raise InputError(
                f"style_from: {self.title} has no decoder that knows of styles; give ckpt=pretrained, or "
                "train one with: humouse train experiment=setups"
            )
        return super().in_style_of(movements)

    @property
    def rule_record(self) -> dict[str, Any]:
        """How it samples, with what the model decides filled in."""
        return dict(vars(self.sampling.rule))

    @property
    def batch_size(self) -> int:
        """Movements at a time."""
        return self.rule.batch_size

    @property
    def calls_per_batch(self) -> int:
        """Network calls, and the decoder's work."""
        return self.sampling.calls

    def check(self, request: SampleRequest) -> None:
        """Raise InputError, naming the argument, for the first that this model cannot serve."""
        super().check(request)
        scale = self.sampling.rule.guidance
        if not 0 <= scale <= MOST_GUIDANCE:
            warnings.warn(
                f"guidance={scale:g} lies outside 0 to {MOST_GUIDANCE:g}; expect less human-like movements",
                OutOfRangeWarning,
                stacklevel=1,  # the same place whoever asks: a command that checks first warns once
            )

    def _sample_batch(
        self,
        rows: Int[Tensor, "B"],
        frame: Frame,
        given: Float[Tensor, "B K"] | None,
        seed: int,
        progress: Callable[[], None],
    ) -> Float[Tensor, "B T C"]:
        return self.sampling(rows, frame, given, seed, progress)


def load_model(
    path: str | Path | None = None, device: torch.device | str = "cpu"
) -> DiffusionModel:
    """Return the model in a checkpoint.

    Args:
        path: The checkpoint; None for the environment variable HUMOUSE_CKPT, else the newest under
            `checkpoints/`, else the model that comes with humouse.
        device: Where it should run.

    Raises:
        InputError: There is no checkpoint, or it cannot be used.
    """
    found = find_checkpoint(path, DIFFUSION)
    return model_in(Checkpoint.load(found, DIFFUSION), found, device)


def model_in(saved: Checkpoint, path: Path, device: torch.device | str = "cpu") -> DiffusionModel:
    """Return the model in a checkpoint that was read from `path`; see `load_model`."""
    settings = saved.settings(_schema(saved.config), path)
    decoder_settings = decoder_of(settings)
    decoder = None
    try:
        codec = restore_codec(saved.codec)
        denoiser = build_denoiser(settings, codec)
        weights = saved.serving
        network = {name: value for name, value in weights.items() if not name.startswith(DECODER)}
        denoiser.network.load_state_dict(network)
        if decoder_settings is not None:
            decoder = build_decoder(decoder_settings, codec)
            own = {name: weights[DECODER + name] for name in decoder.state_dict()}
            decoder.load_state_dict(own)
            decoder = decoder.to(device).eval().requires_grad_(False)
    except (AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"{path}: does not fit this version of humouse ({reason})") from error
    return DiffusionModel(
        codec=codec,
        settings=settings,
        record=CheckpointRecord(path, saved.step, saved.data),
        denoiser=denoiser.to(device).eval().requires_grad_(False),
        decoder=decoder,
    )


def _schema(config: dict[str, Any]) -> type[TrainSettings]:
    """Return the schema of a configuration: how the model was made says which."""
    made = {"tuning": TunedSettings, "decoder": DecodedSettings, "distillation": DistilledSettings}
    return next((schema for section, schema in made.items() if section in config), TrainSettings)


def build_decoder(settings: DecoderModelSettings, codec: Codec) -> EventDecoder:
    """Return an untrained decoder of the configured size."""
    return EventDecoder(
        codec.channels,
        hidden=settings.hidden,
        style=settings.style,
        exact_ms=settings.exact_ms,
        dropout=settings.dropout,
        draw_scale=settings.draw_scale,
        draw_least=settings.draw_least,
    )


def build_denoiser(settings: TrainSettings, codec: Codec) -> Denoiser:
    """Return an untrained denoiser of the configured network, schedule and objective.

    Raises:
        InputError: The network's settings do not go together.
    """
    model, diffusion = settings.model, settings.diffusion
    try:
        network = UNet1D(
            codec.channels,
            base_channels=model.base_channels,
            channel_mults=tuple(model.channel_mults),
            attn_bottleneck=model.attn_bottleneck,
            dropout=model.dropout,
            self_condition=model.self_condition,
            cond_dim=model.cond_dim,
        )
    except ValueError as error:
        raise InputError(f"model: {error}") from error
    schedule = make_schedule(diffusion.schedule, diffusion.timesteps)
    return Denoiser(network, schedule, diffusion.objective)
