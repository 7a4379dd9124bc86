"""Settings of training the autoencoder of latent diffusion."""

from dataclasses import dataclass, field
from typing import ClassVar

from humouse.settings import choices
from humouse.settings.data import DataSettings
from humouse.settings.fields import setting
from humouse.settings.training import AdamWSettings, EarlyStoppingSettings, LoggingSettings


@dataclass
class AutoencoderModelSettings:
    """The temporal autoencoder."""

    latent_channels: int = setting("channels of a latent step")
    base_channels: int = setting("width at full length")
    channel_mults: list[float] = setting(
        "width at full length, half of it, …, as multiples of base_channels; one more than halvings"
    )
    depth: int = setting("residual blocks at each length, in either half")
    latent_noise: float = setting(
        "noise on the latents in training, relative to their standard deviation"
    )
    cell_softness: float = setting(
        "event codec: scale of the penalty on steps that round to another px or ms; 0 for none"
    )

    # It has no conditions.
    cond_dim: ClassVar[int] = 0
    cond_dropout: ClassVar[float] = 0.0


@dataclass
class AutoencoderStoppingSettings(EarlyStoppingSettings):
    """When to stop, and which weights to keep."""

    score: str = setting("what to follow: {choices}", ("val_loss", "none"))


@dataclass
class AutoencoderSettings:
    """`humouse train autoencoder`: train the autoencoder of latent diffusion."""

    experiment_name: str = setting("names the checkpoint and the run's folder")
    seed: int = setting("seed of everything random")
    device: str = setting("{choices}", choices.DEVICES)
    resume: bool = setting("go on from the checkpoint of this name, if there is one")
    checkpoint_dir: str = setting("folder for checkpoints")
    data: DataSettings = field(default_factory=DataSettings)
    model: AutoencoderModelSettings = field(default_factory=AutoencoderModelSettings)
    optim: AdamWSettings = field(default_factory=AdamWSettings)
    logging: LoggingSettings = field(default_factory=LoggingSettings)
    early_stopping: AutoencoderStoppingSettings = field(default_factory=AutoencoderStoppingSettings)
