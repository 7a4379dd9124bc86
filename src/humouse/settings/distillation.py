"""Settings of distilling a trained model to few steps."""

from dataclasses import dataclass, field

from humouse.settings import choices
from humouse.settings.fields import setting
from humouse.settings.training import (
    EarlyStoppingSettings,
    LoggingSettings,
    OptimSettings,
    TrainSettings,
)


@dataclass
class DistillSettings:
    """`humouse distill`: teach a copy of a diffusion model to sample in a few steps."""

    teacher: str | None = setting("checkpoint of the diffusion model to distil")
    experiment_name: str = setting("names the checkpoint and the run's folder")
    seed: int = setting("seed of everything random")
    device: str = setting("{choices}", choices.DEVICES)
    resume: bool = setting("go on from the checkpoint of this name, if there is one")
    checkpoint_dir: str = setting("folder for checkpoints")
    data_dir: str | None = setting(
        "folder of the prepared dataset that the teacher was trained on; null for where it was then"
    )
    steps: int = setting("network calls that the student makes per movement")
    teacher_steps: int = setting(
        "network calls of the teacher for each pair (DPM-Solver++ 2M), a multiple of steps"
    )
    pairs: int = setting(
        "pairs that the student learns from: noise, and the movement that the teacher makes of it"
    )
    batch_size: int = setting(
        "pairs per process and training step, each for one of the student's sampling steps"
    )
    optim: OptimSettings = field(default_factory=OptimSettings)
    logging: LoggingSettings = field(default_factory=LoggingSettings)
    early_stopping: EarlyStoppingSettings = field(default_factory=EarlyStoppingSettings)


@dataclass
class Distillation:
    """How a distilled model was made, in its configuration.

    Args:
        teacher: The checkpoint it was distilled from.
        teacher_sha256: SHA-256 of that file.
        steps: The number of network calls it samples with, and no other.
        teacher_steps: Network calls of the teacher behind each pair.
        pairs: How many pairs it learned from.
    """

    teacher: str
    teacher_sha256: str
    steps: int
    teacher_steps: int
    pairs: int


@dataclass
class DistilledSettings(TrainSettings):
    """The configuration of a distilled model: a diffusion model's, and how it was distilled."""

    distillation: Distillation = field(kw_only=True)
