"""Settings of training a GAN."""

from dataclasses import dataclass, field

from humouse.settings import choices
from humouse.settings.data import DataSettings
from humouse.settings.fields import setting
from humouse.settings.training import EarlyStoppingSettings, LoggingSettings


@dataclass
class GanModelSettings:
    """Generator and discriminator."""

    kind: str = setting("{choices}", choices.GAN_KINDS)
    latent_dim: int = setting("size of a movement's latent: standard normal numbers")
    step_noise: int = setting("conv: further normal numbers for each step")
    generator_width: int = setting("conv: channels of the generator at full length")
    discriminator_width: int = setting("conv: channels of the discriminator at full length")
    feature_dim: int = setting("conv: penultimate features of the discriminator")
    cond_dim: int = setting(
        f"number of conditions to learn, the first of {', '.join(choices.CONDITIONS)}"
    )
    cond_dropout: float = setting(
        "probability that a training gesture comes without any condition, and, for the others, that "
        "each condition is withheld"
    )


@dataclass
class GanOptimSettings:
    """Optimisation of both players, one step each in turn."""

    loss: str = setting("{choices}", choices.GAN_LOSSES)
    lr: float = setting("learning rate of the generator's Adam")
    discriminator_lr: float = setting("learning rate of the discriminator's Adam")
    lr_warmup_steps: int = setting("steps over which both learning rates rise from 0")
    lr_decay: str = setting("after the warm-up: {choices}", choices.DECAYS)
    betas: list[float] = setting("β1 and β2 of both")
    r1_gamma: float = setting("weight γ of the gradient penalty R1 on recordings; 0 for none")
    r1_interval: int = setting(
        "steps between two penalties, each of which is scaled up by this number"
    )
    ema_decay: float = setting(
        "largest decay of the moving average (EMA) of both networks' weights"
    )
    epochs: int = setting("passes over the train split")
    max_steps: int | None = setting("stop after this many steps, whatever the epochs say")


@dataclass
class GanStoppingSettings(EarlyStoppingSettings):
    """When to stop, and which weights to keep."""

    score: str = setting("what to follow: {choices}", (*choices.SAMPLE_SCORES, "none"))


@dataclass
class GanTrainSettings:
    """`humouse train gan`: train a GAN."""

    experiment_name: str = setting("names the checkpoint and the run's folder")
    seed: int = setting("seed of everything random")
    device: str = setting("{choices}", choices.DEVICES)
    resume: bool = setting("go on from the checkpoint of this name, if there is one")
    checkpoint_dir: str = setting("folder for checkpoints")
    use_diffusion_eval: bool = setting(
        "at each round of samples, score a diffusion model's samples too, also with the discriminator"
    )
    diffusion_ckpt: str | None = setting(
        "the diffusion model of use_diffusion_eval; null for HUMOUSE_CKPT"
    )
    data: DataSettings = field(default_factory=DataSettings)
    model: GanModelSettings = field(default_factory=GanModelSettings)
    optim: GanOptimSettings = field(default_factory=GanOptimSettings)
    logging: LoggingSettings = field(default_factory=LoggingSettings)
    early_stopping: GanStoppingSettings = field(default_factory=GanStoppingSettings)
