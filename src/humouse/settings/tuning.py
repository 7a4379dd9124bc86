"""Settings of tuning a decoder against a critic."""

from dataclasses import dataclass, field

from humouse.settings import choices
from humouse.settings.decoder import DecodedSettings
from humouse.settings.fields import setting
from humouse.settings.training import AdamWSettings, EarlyStoppingSettings, LoggingSettings


@dataclass
class CriticSettings:
    """The critic, and the movements that it is trained on."""

    head_start: int = setting("steps that the critic takes alone, before the decoder is trained")
    diffusion_steps: int = setting("network calls from noise to where the decoder takes over")
    critic_lr: float = setting("the critic's learning rate")
    critic_dropout: float = setting("the critic's dropout")
    critic_cond_noise: float = setting(
        "conditioning noise of the critic: σ of the conditions, on the network's scale"
    )
    critic_duration_noise: float = setting(
        "conditioning noise of the critic: σ of the duration, as a share"
    )


@dataclass
class TuneSettings:
    """`humouse tune`: train a decoder against a critic of its own movements."""

    ckpt: str | None = setting("checkpoint of the decoded model; null for the newest")
    experiment_name: str = setting("names the checkpoint and the run's folder")
    seed: int = setting("seed of everything random")
    device: str = setting("{choices}", choices.DEVICES)
    resume: bool = setting("go on from the checkpoint of this name, if there is one")
    checkpoint_dir: str = setting("folder for checkpoints")
    data_dir: str | None = setting(
        "folder of the prepared dataset that the model was trained on; null for where it was then"
    )
    batch_size: int = setting("gestures per step")
    tuning: CriticSettings = field(default_factory=CriticSettings)
    optim: AdamWSettings = field(default_factory=AdamWSettings)
    logging: LoggingSettings = field(default_factory=LoggingSettings)
    early_stopping: EarlyStoppingSettings = field(default_factory=EarlyStoppingSettings)


@dataclass
class TuningRecord(CriticSettings):
    """A tuned model's tuning, in its configuration: its settings and its origin.

    Args:
        model: The checkpoint of the decoded model that was tuned.
        model_sha256: SHA-256 of that file.
    """

    model: str = ""
    model_sha256: str = ""


@dataclass
class TunedSettings(DecodedSettings):
    """The configuration of a tuned model: a decoded model's, and its tuning's."""

    tuning: TuningRecord = field(kw_only=True)
