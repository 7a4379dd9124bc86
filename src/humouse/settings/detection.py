"""Settings of negatives, detectors and their benchmark."""

from dataclasses import dataclass, field

from humouse.settings import choices
from humouse.settings.fields import setting
from humouse.settings.point_columns import ScoredColumnSettings


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
    engine: str = setting("what does the work: {choices}", choices.ENGINES)
    ray_address: str | None = setting(
        "of the Ray cluster for engine=ray: HOST:PORT, or auto on one of its machines; null starts Ray here"
    )
    workers: int | None = setting(
        "processes of one thread each; the movements do not depend on it; null for one per core, as far as "
        "there is enough to do"
    )
    device: str = setting("{choices}", choices.DEVICES)
    out_dir: str = setting(
        "folder for a Parquet file of each family and manifest.json, or an address: s3://BUCKET/NAME",
        address=True,
    )


@dataclass
class OwnBotsSettings:
    """Movements of one's own bots."""

    files: dict[str, str] | None = setting(
        "files of your bots' movements, 50 or more in each: {NAME:FILE}"
    )
    held_out: list[str] = setting("names among bots.files to evaluate on alone, not to train on")


@dataclass
class ClockSettings:
    """The clock that every movement is laid on."""

    period_ms: float = setting("time between two positions (ms)")
    pause_ms: float = setting("a pause longer than this cuts a movement; its longest part is seen")
    whole_px: bool = setting("round positions to whole px")


@dataclass
class DetectTrainSettings:
    """`humouse detect train`: fit, calibrate and save a detector."""

    dir: str = setting("folder of the prepared dataset (humouse data prepare writes it)")
    more_dirs: list[str] = setting("further prepared datasets: people of other set-ups")
    n: int = setting("gestures of each set-up's people to fit on")
    looks: int = setting(
        "times that each movement is seen: once as recorded, then through random devices"
    )
    mixture: dict[str, float] | None = setting(
        "weight of each family of negatives; bots stands for all scripted ones: {composed:3,bots:1}; "
        "null for {composed:1}"
    )
    gan_ckpt: list[str] = setting("checkpoints of the family gan, for mixture={gan:…}")
    diffusion_ckpt: list[str] = setting(
        "checkpoints of the family diffusion, for mixture={diffusion:…}"
    )
    bots: OwnBotsSettings = field(default_factory=OwnBotsSettings)
    clock: ClockSettings = field(default_factory=ClockSettings)
    detectors: list[str] | None = setting("any of {choices}; null for all", choices.DETECTORS)
    calibration_share: float = setting("share of the people kept to learn what scores mean")
    seed: int = setting("seed of everything random")
    device: str = setting("{choices}", choices.DEVICES)
    out_dir: str = setting("folder for the detector: ONNX files and detector.json")


@dataclass
class DetectScoreSettings:
    """`humouse detect score`: what a saved detector says about movements."""

    detector: str | None = setting(
        "folder that humouse detect train or calibrate wrote; null for the packaged detector"
    )
    movements: str | None = setting(
        "file of movements: humouse's own, a folder of those, or a table of points; or the address of one",
        address=True,
    )
    columns: ScoredColumnSettings = field(default_factory=ScoredColumnSettings)
    time_unit: str | None = setting(
        "unit of the time in a table of points: {choices}; null is ms, refused where it cannot be",
        choices.TIME_UNITS,
    )
    false_positive_rate: float = setting(
        "share of people's movements that may be called bots: 0.01 or 0.001"
    )
    reasons: int = setting("reasons that explain each decision")
    engine: str = setting("what does the work: {choices}", choices.ENGINES)
    ray_address: str | None = setting(
        "of the Ray cluster for engine=ray: HOST:PORT, or auto on one of its machines; null starts Ray here"
    )
    workers: int | None = setting(
        "threads, or processes of Ray's; the decisions do not depend on it; null for one per core"
    )
    out: str = setting(
        "the table of decisions, a Parquet or CSV file, or the address of one", address=True
    )


@dataclass
class DetectCalibrateSettings:
    """`humouse detect calibrate`: a detector for one's own site, from one's own people."""

    detector: str | None = setting(
        "folder that humouse detect train wrote; null for the packaged detector"
    )
    people: str | None = setting(
        "file of movements of your own people, 200 or more: humouse's own, or a table of points; or a "
        "folder of humouse's own, such as prepared data"
    )
    columns: ScoredColumnSettings = field(default_factory=ScoredColumnSettings)
    time_unit: str | None = setting(
        "unit of the time in a table of points: {choices}; null is ms, refused where it cannot be",
        choices.TIME_UNITS,
    )
    name: str | None = setting("what to call the set-up; null for the file's name")
    keep: bool = setting("keep the set-ups that the detector knows besides, instead of yours alone")
    out_dir: str = setting("folder for the calibrated detector")


@dataclass
class BenchmarkSettings:
    """`humouse detect benchmark`: detectors on families of bots held out whole."""

    dir: str = setting("folder of the prepared dataset (humouse data prepare writes it)")
    more_dirs: list[str] = setting("further prepared datasets: people of other set-ups")
    split: str = setting("people to evaluate on: {choices}", choices.BENCHMARK_SPLITS)
    gan_ckpt: list[str] = setting("checkpoints of the family gan")
    diffusion_ckpt: list[str] = setting("checkpoints of the family diffusion")
    files: dict[str, str] | None = setting(
        "files of movements made elsewhere, each a family that is never fitted on: {NAME:FILE}; one named "
        "NAME_60hz holds what a browser delivered of NAME"
    )
    families: list[str] | None = setting(
        "scripted families: any of {choices}; null for all", choices.FAMILIES
    )
    mixes: list[str] = setting("what to fit on besides people: any of {choices}", choices.MIXES)
    model_share: float = setting(
        "weight of each model's samples in a mix; composed and scripted bots have 1"
    )
    clock: ClockSettings = field(default_factory=ClockSettings)
    detectors: list[str] | None = setting("any of {choices}; null for all", choices.DETECTORS)
    n: int = setting("gestures of each set-up's people to fit on")
    looks: int = setting(
        "times that each movement is seen: once as recorded, then through random devices"
    )
    people: int = setting("gestures of each set-up's people to evaluate on")
    bots_per_family: int = setting("movements of each family to evaluate on")
    calibration_share: float = setting("share of the train people kept for calibration")
    seeds: int = setting(
        "repetitions, each with its own split of the people, negatives and initial weights"
    )
    replicates: int = setting("bootstrap replicates behind each interval; 0 for no intervals")
    engine: str = setting("what does the work: {choices}", choices.ENGINES)
    ray_address: str | None = setting(
        "of the Ray cluster for engine=ray: HOST:PORT, or auto on one of its machines; null starts Ray here"
    )
    workers: int | None = setting(
        "processes of one thread each; the numbers do not depend on it; null for one per core"
    )
    resume: bool = setting("resume the benchmark in out_dir, instead of setting it aside")
    report: bool = setting("write benchmark.html, a page with everything")
    out_dir: str = setting("folder for benchmark.json, the pictures and the page")
