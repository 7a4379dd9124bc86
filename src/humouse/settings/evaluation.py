"""Settings of sampling, scoring and reporting."""

from dataclasses import dataclass, field
from typing import Any

from humouse.settings import choices
from humouse.settings.fields import setting
from humouse.settings.point_columns import PointColumnSettings


@dataclass
class SampleSettings:
    """`humouse sample`: draw movements from a trained model."""

    ckpt: str | None = setting(
        "checkpoint; pretrained for the model that comes with humouse; null for HUMOUSE_CKPT, else "
        "the newest in checkpoints/, else pretrained"
    )
    n: int = setting("how many movements")
    seq_len: int | None = setting("steps of each; null draws lengths from those of the train split")
    steps: int | None = setting(
        "network calls per movement; null for the model's own: 1 with a decoder, a distilled model's "
        "number, else 20"
    )
    sampler: str | None = setting("{choices}; null: the model's own", choices.SAMPLERS)
    eta: float = setting("noise of ddim: 0 none, 1 ancestral")
    cond: Any = setting(
        "the same conditions for all, by name: cond={goal_dx_px:300,goal_dy_px:-40}; or as a list "
        f"in the order of {', '.join(choices.CONDITIONS)}; null for none"
    )
    setup: str | None = setting(
        "sample as this one of several set-ups that the model was trained on; null for all, as frequent "
        "as they were"
    )
    style_from: str | None = setting(
        "sample as the set-up of the movements in this file: 200 or more, of at least 5 people; null for "
        "those that the model was trained on"
    )
    columns: PointColumnSettings = field(default_factory=PointColumnSettings)
    time_unit: str = setting(
        "unit of the time in a table of points, for style_from: {choices}", choices.TIME_UNITS
    )
    guidance: float = setting("scale of classifier-free guidance; 1 for none")
    guidance_rescale: float = setting("0…1: how far to undo the spread that guidance adds")
    goal_constraint: bool = setting(
        "steer every step of sampling to the goal asked for, instead of correcting only the end"
    )
    t_switch: float | None = setting(
        "noise time at which the model's decoder takes over; null for its own, 0 for never"
    )
    batch_size: int = setting("movements made at a time; does not change them")
    engine: str = setting("what does the work: {choices}", choices.ENGINES)
    ray_address: str | None = setting(
        "of the Ray cluster for engine=ray: HOST:PORT, or auto on one of its machines; null starts Ray here"
    )
    workers: int | None = setting(
        "processes of one thread each; the movements do not depend on it; null for one per core, as far as "
        "there is enough to do"
    )
    seed: int = setting("movement i depends on the seed and i alone")
    device: str = setting("{choices}", choices.DEVICES)
    out_dir: str = setting(
        "folder for samples.parquet, samples.png and manifest.json, or an address: s3://BUCKET/NAME",
        address=True,
    )
    shard: int | None = setting(
        "movements a file: samples/00000.parquet, samples/00001.parquet and so on; null for one file, "
        "samples.parquet"
    )
    recorded: bool = setting(
        "write movements as a device would have recorded them: of the canonical frame on its clock, in "
        "whole px and ms; of events with the points without motion that the set-up's recorders write"
    )
    save_deltas: bool = setting("write the normalised deltas [n, T, C] too, as deltas.pt")


@dataclass
class PublishSettings:
    """`humouse publish`: a trained model as two small files without numbers of any person."""

    ckpt: str | None = setting(
        "checkpoint; pretrained for the model that comes with humouse; null for HUMOUSE_CKPT, else "
        "the newest in checkpoints/, else pretrained"
    )
    out: str = setting("file to write, NAME.safetensors; NAME.json goes beside it")
    setup: str | None = setting(
        "of several set-ups, the one whose movements it draws; style_from works all the same; null for all"
    )
    people: str | None = setting(
        "split of prepared data, such as data/train, whose lengths and conditions it draws; null for those "
        "that it was trained on, which a published file no longer has"
    )


@dataclass
class EvalSettings:
    """`humouse eval`: score a model's samples against people."""

    ckpt: str | None = setting(
        "checkpoint; pretrained for the model that comes with humouse; null for HUMOUSE_CKPT, else "
        "the newest in checkpoints/, else pretrained"
    )
    samples: str | None = setting(
        "score these movements instead of sampling: a file of humouse's own, a folder of such files, or a "
        "table of points; with ckpt, after that model's codec"
    )
    columns: PointColumnSettings = field(default_factory=PointColumnSettings)
    time_unit: str = setting("unit of the time in a table of points: {choices}", choices.TIME_UNITS)
    val_split: str | None = setting("people to compare with; null for the checkpoint's own val")
    train_split: str | None = setting(
        "people for the human–human baseline; null for the train split beside it"
    )
    metrics: list[str] = setting("any of {choices}", choices.METRICS)
    probes: list[str] = setting("any of {choices}", choices.PROBES)
    feature_mode: str = setting("{choices}", choices.FEATURE_MODES)
    references: list[str] = setting(
        "references to score as well: any of {choices}", choices.REFERENCES
    )
    replicates: int = setting("bootstrap replicates behind each interval; 0 for no intervals")
    permutations: int = setting("number of permutations for p-values; 0 for none")
    setup: str | None = setting(
        "compare the people of this set-up alone, of several, with the model's samples of it; null for all"
    )
    group_by_user: bool = setting("a probe is scored on people it was not fitted on")
    unseen: str = setting("what the samples are compared with: {choices}", choices.UNSEEN)
    conditions: str = setting(
        "lengths and conditions of the samples: {choices}", choices.CONDITIONS_OF
    )
    n: int = setting("movements per set, at most")
    steps: int | None = setting(
        "network calls per movement; null for the model's own: 1 with a decoder, a distilled model's "
        "number, else 20"
    )
    sampler: str | None = setting("{choices}; null: the model's own", choices.SAMPLERS)
    seed: int = setting("seed of the samples and of the scores")
    workers: int | None = setting(
        "processes for scoring; the numbers do not depend on it; null for one per core, from 200 "
        "movements on"
    )
    device: str = setting("{choices}", choices.DEVICES)
    report: bool = setting("write report.html, a page with everything")
    open: bool = setting("open that page in the browser")
    out_dir: str = setting("folder for scores.json, the pictures and the report")


@dataclass
class FeaturesSettings:
    """`humouse features`: the numbers that describe each movement of a file."""

    movements: str | None = setting(
        "file of movements: humouse's own, a folder of those, or a table of points; or the address of one",
        address=True,
    )
    columns: PointColumnSettings = field(default_factory=PointColumnSettings)
    time_unit: str | None = setting(
        "unit of the time in a table of points: {choices}; null is ms, refused where it cannot be",
        choices.TIME_UNITS,
    )
    groups: list[str] = setting("any of {choices}", choices.FEATURE_GROUPS)
    engine: str = setting("what does the work: {choices}", choices.ENGINES)
    ray_address: str | None = setting(
        "of the Ray cluster for engine=ray: HOST:PORT, or auto on one of its machines; null starts Ray here"
    )
    workers: int | None = setting(
        "processes of one thread each; the table does not depend on it; null for one per core, as far as "
        "there is enough to do"
    )
    out: str = setting("the table, a Parquet file, or the address of one", address=True)


@dataclass
class SigmaEvalSettings:
    """`python -m eval.sigma_eval`: the sigma-lognormal harness."""

    generators: dict[str, str] | None = setting(
        "movements to judge, any number of files: {NAME:FILE.parquet,…}"
    )
    references: list[str] = setting(
        "references to judge as well: any of {choices}", choices.REFERENCES
    )
    use_diffusion_eval: bool = setting(
        "judge diffusion samples too, drawn on the validation split's own conditions"
    )
    ckpt: str | None = setting(
        "checkpoint; pretrained for the model that comes with humouse; null for HUMOUSE_CKPT, else "
        "the newest in checkpoints/, else pretrained"
    )
    val_split: str | None = setting("people to compare with; null for the checkpoint's own val")
    train_split: str | None = setting("other people; null for the train split beside it")
    n: int = setting("movements per set, at most")
    steps: int | None = setting(
        "network calls per movement; null for the model's own: 1 with a decoder, a distilled model's "
        "number, else 20"
    )
    sampler: str | None = setting("{choices}; null: the model's own", choices.SAMPLERS)
    replicates: int = setting("bootstrap replicates behind each interval; 0 for no intervals")
    permutations: int = setting("number of permutations for the p-value of MMD; 0 for none")
    seed: int = setting("seed of the samples and of the scores")
    device: str = setting("{choices}", choices.DEVICES)
    out_dir: str = setting("folder for sigma_eval.json and the pictures")


@dataclass
class ReportSettings:
    """`humouse report`: a page about one evaluation."""

    run: str | None = setting("folder that humouse eval wrote")
    out: str | None = setting("the page; null for report.html in that folder")
    open: bool = setting("open the page in the browser")


@dataclass
class CompareSettings:
    """`humouse compare`: several evaluations in one table and page."""

    runs: list[str] = setting("folders that humouse eval wrote")
    out: str = setting("the page")
    open: bool = setting("open the page in the browser")
