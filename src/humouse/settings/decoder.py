"""Settings of training a decoder for a trained diffusion model."""

from dataclasses import dataclass, field

from humouse.settings import choices
from humouse.settings.fields import setting
from humouse.settings.training import (
    AdamWSettings,
    EarlyStoppingSettings,
    LoggingSettings,
    TrainSettings,
)


@dataclass
class DecoderModelSettings:
    """The decoder's network, and where it takes over."""

    hidden: int = setting("width of the LSTM along the events")
    style: int = setting(
        "numbers that it knows a set-up's style by, from a handful of gestures; 0 for no style"
    )
    exact_ms: int = setting(
        "time steps up to this have a probability each, longer ones in groups: as long as the steps of "
        "a coarse clock get"
    )
    dropout: float = setting("dropout on its input and output")
    t_min: float = setting(
        "lowest noise time in training: the decoder can take over at any noise time above it"
    )
    goal_noise_px: float = setting(
        "conditioning noise in training: σ of the goal that it is given, along each axis"
    )
    duration_noise: float = setting(
        "conditioning noise in training: σ of the duration that it is given, as a share"
    )
    path_noise: float = setting(
        "conditioning noise in training: σ of the path length that it is given, as a share"
    )
    cond_noise: float = setting(
        "conditioning noise in training: σ of the conditions that it is given, on the network's scale"
    )
    virtual: float = setting(
        "share of training gestures that are shown as on another device, style and all, so that the "
        "decoder follows devices that it never saw; 0 for a decoder without styles"
    )
    draw_scale: float = setting("factor on the widths of its distributions when sampling")
    draw_least: float = setting(
        "mixture components less likely than this share of the likeliest are not sampled"
    )
    t_switch: float = setting(
        "noise time at which it takes over when sampling; 1 is pure noise, 0 none"
    )


@dataclass
class DecoderTrainingSettings:
    """How a decoder is trained."""

    batch_size: int = setting("gestures per step")
    amp: bool = setting("half precision where the device is fast at it (bf16, else fp16)")
    optim: AdamWSettings = field(default_factory=AdamWSettings)
    logging: LoggingSettings = field(default_factory=LoggingSettings)
    early_stopping: EarlyStoppingSettings = field(default_factory=EarlyStoppingSettings)


@dataclass
class TrainDecoderSettings(DecoderTrainingSettings):
    """`humouse train decoder`: train a decoder of whole events for a diffusion model."""

    ckpt: str | None = setting("checkpoint of the diffusion model; null for the newest")
    experiment_name: str = setting("names the checkpoint and the run's folder")
    seed: int = setting("seed of everything random")
    device: str = setting("{choices}", choices.DEVICES)
    resume: bool = setting("go on from the checkpoint of this name, if there is one")
    checkpoint_dir: str = setting("folder for checkpoints")
    data_dir: str | None = setting(
        "folder of the prepared dataset that the model was trained on; null for where it was then"
    )
    decoder: DecoderModelSettings = field(default_factory=DecoderModelSettings)


@dataclass
class DecoderStageSettings(DecoderModelSettings, DecoderTrainingSettings):
    """The decoder that `humouse train` adds to the diffusion model, and how it is trained."""


@dataclass
class TrainModelSettings(TrainSettings):
    """`humouse train`: train a diffusion model, and its decoder where there is one."""

    decoder: DecoderStageSettings | None = field(
        default_factory=DecoderStageSettings,
        metadata={
            "help": "null: the diffusion model alone; decoder=events adds a decoder",
            "choices": (),
        },
    )


@dataclass
class DecoderRecord(DecoderModelSettings):
    """A decoded model's decoder, in its configuration: its settings and its origin.

    Args:
        model: The checkpoint of the diffusion model that it was trained for.
        model_sha256: SHA-256 of that file.
    """

    model: str = ""
    model_sha256: str = ""


@dataclass
class DecodedSettings(TrainSettings):
    """The configuration of a decoded model: a diffusion model's, and its decoder's."""

    decoder: DecoderRecord = field(kw_only=True)
