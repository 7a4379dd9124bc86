"""Settings of negatives, detectors and their benchmark."""

from dataclasses import dataclass, field

from humouse.settings import choices
from humouse.settings.fields import setting
from humouse.settings.point_columns import PointColumnSettings


@dataclass
class NegativesSettings:
    """`humouse detect negatives`: movements that no person made."""

    people: str = setting("people whose goals and timing the bots copy: a split, e.g. data/val")
    n: int | None = setting("how many; null for as many as the people have")
    mixture: dict[str, float] | None = setting(
        "weight of each family; bots stands for all scripted ones: {bots:2,gan:1}; null for {bots:1}"
    )
    gan_ckpt: list[str] = setting("checkpoints of the family gan")
    diffusion_ckpt: list[str] = setting("checkpoints of the family diffusion")
    files: dict[str, str] | None = setting(
        "files of movements made elsewhere, each a family: {NAME:FILE}"
    )
    seed: int = setting("seed of everything random")
    device: str = setting("{choices}", choices.DEVICES)
    out_dir: str = setting("folder for a Parquet file of each family and manifest.json")


@dataclass
class DetectTrainSettings:
    """`humouse detect train`: fit, calibrate and save a detector."""

    dir: str = setting("folder of the prepared dataset (humouse data prepare writes it)")
    mixture: dict[str, float] | None = setting(
        "divide n negatives by these weights; bots stands for all scripted families: {bots:2,gan:1}; "
        "null for n from scripted bots and files together, and model_share · n more from each model"
    )
    model_share: float = setting("samples of each model, as a share of n; not with mixture")
    gan_ckpt: list[str] = setting(
        "checkpoints of the family gan; the detector discriminator uses the first one"
    )
    diffusion_ckpt: list[str] = setting(
        "checkpoints of the family diffusion; the detector denoising uses the first one"
    )
    files: dict[str, str] | None = setting(
        "files of movements made elsewhere, each a family: {NAME:FILE}"
    )
    feature_mode: str = setting("{choices}", choices.DETECTOR_MODES)
    detectors: list[str] | None = setting(
        "any of {choices}; null for all that the given checkpoints allow", choices.DETECTORS
    )
    n: int = setting(
        "gestures of people to fit on, and of scripted bots; half as many to calibrate"
    )
    calibration_share: float = setting("share of the people kept for calibration and thresholds")
    seed: int = setting("seed of everything random")
    device: str = setting("{choices}", choices.DEVICES)
    out_dir: str = setting("folder for the detector: ONNX files and detector.json")


@dataclass
class DetectScoreSettings:
    """`humouse detect score`: what a saved detector says about movements."""

    detector: str | None = setting("folder that humouse detect train wrote")
    movements: str | None = setting("file of movements: humouse's own, or a table of points")
    columns: PointColumnSettings = field(default_factory=PointColumnSettings)
    time_unit: str = setting("unit of the time in a table of points: {choices}", choices.TIME_UNITS)
    false_positive_rate: float = setting("share of people that may be flagged: 0.01 or 0.001")
    reasons: int = setting("features that explain each decision")
    out: str = setting("the table of decisions, a Parquet or CSV file")


@dataclass
class BenchmarkSettings:
    """`humouse detect benchmark`: detectors on families of bots held out whole."""

    dir: str = setting("folder of the prepared dataset (humouse data prepare writes it)")
    split: str = setting("people to evaluate on: {choices}", choices.BENCHMARK_SPLITS)
    across: str | None = setting("another prepared dataset, to evaluate on its people too")
    gan_ckpt: list[str] = setting(
        "checkpoints of the family gan; the detector discriminator uses the first one"
    )
    diffusion_ckpt: list[str] = setting(
        "checkpoints of the family diffusion; the detector denoising uses the first one"
    )
    files: dict[str, str] | None = setting(
        "files of movements made elsewhere, each a family: {NAME:FILE}"
    )
    families: list[str] | None = setting(
        "scripted families: any of {choices}; null for all", choices.FAMILIES
    )
    mixes: list[str] = setting("what to fit on besides people: any of {choices}", choices.MIXES)
    model_share: float = setting(
        "samples of each model in a mix, as a share of the scripted bots' movements"
    )
    feature_mode: str = setting("{choices}", choices.DETECTOR_MODES)
    detectors: list[str] | None = setting(
        "any of {choices}; null for all that the given checkpoints allow", choices.DETECTORS
    )
    n: int = setting(
        "gestures of people to fit on, and of scripted bots; half as many to calibrate"
    )
    bots_per_family: int = setting("movements of each family to evaluate on")
    calibration_share: float = setting("share of the train people kept for calibration")
    seeds: int = setting(
        "repetitions, each with its own split of the people, negatives and initial weights"
    )
    replicates: int = setting("bootstrap replicates behind each interval; 0 for no intervals")
    workers: int = setting("processes; each uses one thread")
    resume: bool = setting("resume the benchmark in out_dir, instead of setting it aside")
    report: bool = setting("write benchmark.html, a page with everything")
    out_dir: str = setting("folder for benchmark.json, the pictures and the page")
