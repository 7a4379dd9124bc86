"""Schemas of the Hydra files under `configs/`: every setting's type and meaning.

The values live in the YAML files alone; a schema without a value keeps the two from disagreeing.
"""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING


def setting(meaning: str) -> Any:
    """Return a dataclass field whose value comes from YAML, with the line that `--help` prints."""
    return field(default=MISSING, metadata={"help": meaning})


@dataclass
class AugmentSettings:
    """Augmentations of a training batch; 0 switches one off."""

    time_stretch: float = setting("multiply the duration by 1 ± this")
    time_warp: float = setting("vary the pace within 1 ± this, at the same duration")
    jitter: float = setting("noise on dx and dy, as a share of each")
    mirror: float = setting("probability of flipping the sign of dy")
    crop: float = setting("probability of keeping only a segment")
    crop_min: float = setting("least share of the steps that a crop keeps")
    goal_jitter: float = setting("displace the goal, as a share of its distance")


@dataclass
class DataSettings:
    """What to train on, and how it is turned into tensors."""

    dataset_id: str = setting("the source that the prepared data come from")
    dir: str = setting("folder of the prepared dataset (humouse data prepare writes it)")
    codec: str = setting("canonical (fixed clock, unit path and duration) or event (native px, ms)")
    sequence_length: int = setting("T: steps of a full sequence")
    batch_size: int = setting("gestures per process and step")
    num_workers: int = setting("loader processes; never more than the cores that are left")
    canonicalize_path: bool = setting("canonical codec: divide by the length of the path")
    canonicalize_duration: bool = setting(
        "canonical codec: resample to Δt = 1/T (C = 2); else keep native steps with Δt (C = 3)"
    )
    rotate_to_plus_x: bool = setting("canonical codec: turn the net displacement to +x")
    normalize_sequences: bool = setting("standardise each channel on the train split")
    companding_px: float = setting("event codec: dx and dy enter as asinh(d / this)")
    merge_zero_moves: bool = setting("event codec: join steps that move nothing to the next one")
    feature_mode: str = setting(
        "features for the scores during training: neuromotor, or kinematic (without the strokes)"
    )
    augment: AugmentSettings = field(default_factory=AugmentSettings)


@dataclass
class ModelSettings:
    """The 1-D UNet."""

    base_channels: int = setting("width of the first stage")
    channel_mults: list[float] = setting("width of each stage, as a multiple of base_channels")
    attn_bottleneck: bool = setting("self-attention over time at the bottleneck")
    dropout: float = setting("dropout in every block")
    self_condition: bool = setting("feed the network its previous answer")
    cond_dim: int = setting(
        "conditions to learn, the first so many of goal_dx_px, goal_dy_px, duration_ms, path_px"
    )
    cond_dropout: float = setting("share of training gestures that are not told their conditions")


@dataclass
class DiffusionSettings:
    """The noise process and the objective."""

    objective: str = setting("what the network predicts: v, eps or x0")
    schedule: str = setting("noise schedule: cosine or logsnr")
    timesteps: int = setting("size of the time grid; 0 for continuous time")
    min_snr_weight: bool = setting("min-SNR weighting of the loss")
    min_snr_gamma: float = setting("γ of min-SNR weighting")
    self_condition_prob: float = setting("share of gestures trained with a previous answer")


@dataclass
class OptimSettings:
    """Optimisation."""

    lr: float = setting("learning rate of AdamW")
    lr_warmup_steps: int = setting("steps over which the learning rate rises from 0")
    lr_decay: str = setting("after the warm-up: constant, or cosine down to 0 at the last step")
    weight_decay: float = setting("weight decay of AdamW")
    betas: list[float] = setting("β1 and β2 of AdamW")
    grad_clip: float = setting("largest norm of the gradient; 0 for no clipping")
    grad_accum: int = setting("batches summed into one step")
    ema_decay: float = setting("cap of the weights' moving average")
    epochs: int = setting("passes over the train split")
    max_steps: int | None = setting("stop after this many steps, whatever the epochs say")
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
    num_eval_samples: int = setting("gestures in each of them")
    checkpoint_interval: int = setting("steps between two checkpoints")


@dataclass
class EarlyStoppingSettings:
    """When to stop, and which weights to keep."""

    score: str = setting(
        "what to follow: val_loss, c2st_logistic_auc, c2st_logistic_acc, mmd, prd_precision, "
        "prd_recall, or none"
    )
    patience: int = setting("values without a better one before stopping; 0 for never")


@dataclass
class TrainSettings:
    """`humouse train`: train a diffusion model."""

    experiment_name: str = setting("names the checkpoint and the run's folder")
    seed: int = setting("seed of everything random")
    device: str = setting("auto, cpu or cuda")
    resume: bool = setting("go on from the checkpoint of this name, if there is one")
    checkpoint_dir: str = setting("folder for checkpoints")
    data: DataSettings = field(default_factory=DataSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    diffusion: DiffusionSettings = field(default_factory=DiffusionSettings)
    optim: OptimSettings = field(default_factory=OptimSettings)
    logging: LoggingSettings = field(default_factory=LoggingSettings)
    early_stopping: EarlyStoppingSettings = field(default_factory=EarlyStoppingSettings)


@dataclass
class SampleSettings:
    """`humouse sample`: draw movements from a trained model."""

    ckpt: str | None = setting("checkpoint; null for HUMOUSE_CKPT, else the newest in checkpoints/")
    n: int = setting("how many movements")
    seq_len: int | None = setting("steps of each; null draws lengths as the train split has them")
    steps: int = setting("network calls per movement")
    sampler: str = setting("ddim or dpm (DPM-Solver++ 2M)")
    eta: float = setting("noise of ddim: 0 none, 1 ancestral")
    cond: list[float] | None = setting(
        "the same conditions for all: [goal_dx_px, goal_dy_px, duration_ms, path_px], or fewer"
    )
    guidance: float = setting("scale of classifier-free guidance; 1 for none")
    guidance_rescale: float = setting("0…1: bring the spread back that guidance adds")
    batch_size: int = setting("movements at a time; does not change them")
    seed: int = setting("movement i depends on the seed and i alone")
    device: str = setting("auto, cpu or cuda")
    out_dir: str = setting("folder for samples.parquet, samples.png and manifest.json")
    save_deltas: bool = setting("write the normalised deltas [n, T, C] too, as deltas.pt")


@dataclass
class EvalSettings:
    """`humouse eval`: score a model's samples against people."""

    ckpt: str | None = setting("checkpoint; null for HUMOUSE_CKPT, else the newest in checkpoints/")
    samples: str | None = setting(
        "score this Parquet file of movements instead of sampling anew; with ckpt, in its frame"
    )
    val_split: str | None = setting("people to compare with; null for the checkpoint's own val")
    train_split: str | None = setting("people for the floor; null for the train split beside it")
    metrics: list[str] = setting("any of c2st, mmd, prd, neighbours, kinematics, spectra, copying")
    probes: list[str] = setting("any of logistic, mlp, forest, boosting, sequence")
    feature_mode: str = setting("features: neuromotor, or kinematic (without the strokes)")
    references: list[str] = setting(
        "what to score beside it: any of other_people, same_people, replay, line, bezier"
    )
    draws: int = setting("draws of people behind each interval; 0 for no intervals")
    permutations: int = setting("labellings behind each p-value; 0 for none")
    group_by_user: bool = setting("a probe is scored on people it was not fitted on")
    conditions: str = setting(
        "lengths and conditions of the samples: train (drawn from the train split) or val (those of "
        "the people compared with)"
    )
    n: int = setting("gestures a side, at most")
    steps: int = setting("network calls per movement")
    sampler: str = setting("ddim or dpm (DPM-Solver++ 2M)")
    seed: int = setting("seed of the samples and of the scores")
    device: str = setting("auto, cpu or cuda")
    report: bool = setting("write report.html, a page with everything")
    out_dir: str = setting("folder for scores.json, the pictures and the report")


@dataclass
class SigmaEvalSettings:
    """`python -m eval.sigma_eval`: the sigma-lognormal harness."""

    generators: dict[str, str] | None = setting(
        "movements to judge, as many files as liked: {NAME:FILE.parquet,…}"
    )
    references: list[str] = setting(
        "judged beside them: any of other_people, same_people, replay, …"
    )
    use_diffusion_eval: bool = setting(
        "judge diffusion samples too, drawn on the validation split's own conditions"
    )
    ckpt: str | None = setting("checkpoint; null for HUMOUSE_CKPT, else the newest in checkpoints/")
    val_split: str | None = setting("people to compare with; null for the checkpoint's own val")
    train_split: str | None = setting("other people; null for the train split beside it")
    n: int = setting("gestures a side, at most")
    steps: int = setting("network calls per movement")
    sampler: str = setting("ddim or dpm (DPM-Solver++ 2M)")
    draws: int = setting("draws of people behind each interval; 0 for no intervals")
    permutations: int = setting("labellings behind the p-value of MMD; 0 for none")
    seed: int = setting("seed of the samples and of the scores")
    device: str = setting("auto, cpu or cuda")
    out_dir: str = setting("folder for sigma_eval.json and the pictures")


@dataclass
class ReportSettings:
    """`humouse report`: a page about one evaluation."""

    run: str | None = setting("folder that humouse eval wrote")
    out: str | None = setting("the page; null for report.html in that folder")


@dataclass
class CompareSettings:
    """`humouse compare`: several evaluations in one table and page."""

    runs: list[str] = setting("folders that humouse eval wrote")
    out: str = setting("the page")


@dataclass
class GestureSettings:
    """What counts as a gesture."""

    gap_ms: int = setting("a pause longer than this ends a gesture")
    min_events: int = setting("fewest points of a gesture")
    max_events: int = setting("most points of a gesture; longer ones are dropped")
    min_distance_px: float = setting("shortest path of a gesture")
    cut_at_presses: bool = setting("end a gesture at a button's press or release")
    merge_equal_timestamps: bool = setting("join points of the same ms")


@dataclass
class SplitSettings:
    """Which people go where."""

    val_fraction: float = setting("share of the people for validation")
    test_fraction: float = setting("share of the people for testing")
    seed: int = setting("seed of the draw, from 0 to 2³² − 1")


@dataclass
class SourceSettings:
    """Which recordings to prepare; a source with options of its own extends this."""

    name: str = setting("the dataset; source=NAME chooses it, with its options")


@dataclass
class SyntheticSourceSettings(SourceSettings):
    """The embedded synthetic people."""

    users: int = setting("number of synthetic people")
    gestures_per_user: int = setting("movements that each makes; the gesture rules drop some")
    seed: int = setting("seed of the people and of their movements")


@dataclass
class ColumnSettings:
    """What the columns of delimited text files are called."""

    t: str = setting("column of the time")
    x: str = setting("column of the horizontal position (px)")
    y: str = setting("column of the vertical position (px, downwards)")
    state: str | None = setting("column of the kind of event; null where every row is a move")
    user: str | None = setting("column of the person; null where the file's place tells it")
    session: str | None = setting("column of the session; null where each file is one")


@dataclass
class CsvSourceSettings(SourceSettings):
    """Delimited text files with a line of column names."""

    columns: ColumnSettings = field(default_factory=ColumnSettings)
    time_unit: str = setting("unit of the time: s, ms or us")
    pattern: str = setting("which files of the folder, as a glob")
    user_from: str = setting("what names the person where no column does: file or folder")
    separator: str = setting("character between the fields")


SOURCE_SETTINGS: dict[str, type[SourceSettings]] = {
    "sapimouse": SourceSettings,
    "balabit": SourceSettings,
    "csv": CsvSourceSettings,
    "humouse_default": SyntheticSourceSettings,
}


@dataclass
class PrepareSettings:
    """`humouse data prepare`: raw recordings → gestures, split by people."""

    # `launch` takes the schema of the source that is named.
    source: SourceSettings = field(
        default_factory=SourceSettings, metadata={"variants": SOURCE_SETTINGS}
    )
    root: str | None = setting("folder (or file) of the recordings")
    out_dir: str = setting("folder for train, val, test.parquet and manifest.json")
    gestures: GestureSettings = field(default_factory=GestureSettings)
    split: SplitSettings = field(default_factory=SplitSettings)
