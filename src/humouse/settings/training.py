"""Settings of training."""

from dataclasses import dataclass, field

from humouse.settings import choices
from humouse.settings.data import DataSettings
from humouse.settings.fields import setting


@dataclass
class ModelSettings:
    """The 1-D UNet."""

    base_channels: int = setting("width of the first stage")
    channel_mults: list[float] = setting("width of each stage, as a multiple of base_channels")
    attn_bottleneck: bool = setting("self-attention over time at the bottleneck")
    dropout: float = setting("dropout in every block")
    self_condition: bool = setting("self-conditioning: feed the network its previous prediction")
    cond_dim: int = setting(
        f"number of conditions to learn, the first of {', '.join(choices.CONDITIONS)}"
    )
    cond_dropout: float = setting(
        "probability that a training gesture comes without any condition, and, for the others, that "
        "each condition is withheld"
    )


@dataclass
class DiffusionSettings:
    """The noise process and the objective."""

    objective: str = setting("what the network predicts: {choices}", choices.OBJECTIVES)
    schedule: str = setting("noise schedule: {choices}", choices.SCHEDULES)
    timesteps: int = setting("size of the time grid; 0 for continuous time")
    min_snr_weight: bool = setting("min-SNR weighting of the loss")
    min_snr_gamma: float = setting("γ of min-SNR weighting")
    low_noise_share: float = setting(
        "share of a step's gestures whose noise time is drawn from the lowest quarter alone"
    )
    self_condition_prob: float = setting("share of gestures trained with a previous prediction")


@dataclass
class AdamWSettings:
    """Optimisation by AdamW, as every run of one network has it."""

    lr: float = setting("learning rate of AdamW")
    lr_warmup_steps: int = setting("steps over which the learning rate rises from 0")
    lr_decay: str = setting("after the warm-up: {choices}", choices.DECAYS)
    weight_decay: float = setting("weight decay of AdamW")
    betas: list[float] = setting("β1 and β2 of AdamW")
    grad_clip: float = setting("largest norm of the gradient; 0 for no clipping")
    ema_decay: float = setting("largest decay of the weights' moving average (EMA)")
    epochs: int = setting("passes over the train split")
    max_steps: int | None = setting("stop after this many steps, whatever the epochs say")


@dataclass
class OptimSettings(AdamWSettings):
    """Optimisation of the diffusion model."""

    grad_accum: int = setting("batches summed into one step")
    amp: bool = setting("half precision where the device is fast at it (bf16, else fp16)")


@dataclass
class LoggingSettings:
    """What is written down, and when."""

    dir: str = setting(
        "folder for metrics, pictures and TensorBoard files; a run gets its own in it"
    )
    log_interval: int = setting("steps between two lines of the metrics file")
    eval_interval: int = setting("epochs between two validation losses")
    sample_interval: int = setting("epochs between two rounds of samples, scored and drawn")
    num_eval_samples: int = setting("movements in each of those rounds")
    checkpoint_interval: int = setting("steps between two checkpoints")


@dataclass
class EarlyStoppingSettings:
    """When to stop, and which weights to keep."""

    score: str = setting("what to follow: {choices}", ("val_loss", *choices.SAMPLE_SCORES, "none"))
    patience: int = setting("values without improvement before stopping; 0 for never")


@dataclass
class TrainSettings:
    """The training of a diffusion model."""

    experiment_name: str = setting("names the checkpoint and the run's folder")
    seed: int = setting("seed of everything random")
    device: str = setting("{choices}", choices.DEVICES)
    resume: bool = setting("go on from the checkpoint of this name, if there is one")
    checkpoint_dir: str = setting("folder for checkpoints")
    start_from: str | None = setting(
        "checkpoint of a model to fine-tune: training starts from its weights; pretrained for the model "
        "that comes with humouse; null starts anew"
    )
    data: DataSettings = field(default_factory=DataSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    diffusion: DiffusionSettings = field(default_factory=DiffusionSettings)
    optim: OptimSettings = field(default_factory=OptimSettings)
    logging: LoggingSettings = field(default_factory=LoggingSettings)
    early_stopping: EarlyStoppingSettings = field(default_factory=EarlyStoppingSettings)
