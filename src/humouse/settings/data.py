"""Settings of the data: where they come from, and how they are turned into tensors."""

from dataclasses import dataclass, field

from humouse.settings import choices
from humouse.settings.fields import setting


@dataclass
class AugmentSettings:
    """Augmentations of a training batch; 0 switches one off."""

    time_stretch: float = setting("multiply the duration by 1 ± this")
    time_warp: float = setting("vary the pace within 1 ± this, at the same duration")
    jitter: float = setting("noise on dx and dy, as a share of each")
    mirror: float = setting("probability of flipping the sign of dy")
    mirror_x: float = setting("probability of flipping the sign of dx")
    crop: float = setting("probability of keeping only a segment")
    crop_min: float = setting("least share of the steps that a crop keeps")
    goal_jitter: float = setting("displace the goal, as a share of its distance")


@dataclass
class DataSettings:
    """What to train on, and how it is turned into tensors."""

    dataset_id: str = setting(
        "the source that the prepared data come from: {choices}", choices.DATASETS
    )
    dir: str = setting("folder of the prepared dataset (humouse data prepare writes it)")
    codec: str = setting("how movements are coded: {choices}", choices.CODECS)
    sequence_length: int = setting("T: steps of a full sequence")
    batch_size: int = setting("gestures per process and step")
    num_workers: int = setting("processes that load data; at most as many as there are free cores")
    canonicalize_path: bool = setting("canonical codec: divide by the length of the path")
    canonicalize_duration: bool = setting(
        "canonical codec: resample to Δt = 1/T (C = 2); else keep native steps with Δt (C = 3)"
    )
    rotate_to_plus_x: bool = setting("canonical codec: turn the net displacement to +x")
    modes: int = setting(
        "canonical codec: cosine modes of the steps that are kept on the fixed clock; at most T"
    )
    companding: float = setting(
        "canonical codec: moves enter as asinh(d / this), d in even steps of 1/T of the path; 0 as they are"
    )
    normalize_sequences: bool = setting("standardise each channel on the train split")
    companding_px: float = setting("event codec: dx and dy enter as asinh(d / this)")
    clock: str = setting("event codec: what dt is coded by: {choices}", choices.CLOCKS)
    merge_zero_moves: bool = setting(
        "event codec: merge each step without motion into the next one"
    )
    autoencoder: str | None = setting(
        "train on the latents of this checkpoint of humouse train autoencoder; null for none"
    )
    held_out_share: float = setting(
        "share of the train people's gestures held out of training, to evaluate the model on"
    )
    balance: float = setting(
        "how often several set-ups are learned from: 1 as often as they have gestures, 0 equally often"
    )
    feature_mode: str = setting(
        "features for the scores during training: {choices}", choices.FEATURE_MODES
    )
    augment: AugmentSettings = field(default_factory=AugmentSettings)


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

    by: str = setting("what is divided: {choices}", choices.SPLIT_BY)
    val_fraction: float = setting("share of the people for validation")
    test_fraction: float = setting("share of the people for testing")
    seed: int = setting("seed of the draw, from 0 to 2³² − 1")


@dataclass
class SourceSettings:
    """Which recordings to prepare; a source with options of its own extends this."""

    name: str = setting("{choices}; source=NAME chooses it, with its options", choices.SOURCES)


@dataclass
class SyntheticSourceSettings(SourceSettings):
    """The embedded synthetic people."""

    users: int = setting("number of synthetic people")
    gestures_per_user: int = setting("movements of each person; the gesture rules drop some")
    seed: int = setting("seed of the people and of their movements")


@dataclass
class ColumnSettings:
    """What the columns are called: a name, a number from 1, or in JSON a path with dots."""

    t: str = setting("column of the time: numbers, or dates in ISO 8601")
    x: str = setting("column of the horizontal position")
    y: str = setting("column of the vertical position")
    state: str | None = setting("column of what happened; null where every row is a move")
    button: str | None = setting("column of the button; wheel or scroll there make a row a scroll")
    user: str | None = setting("column of the person; null where the file's path names it")
    session: str | None = setting("column of the session; null where each file is one")


@dataclass
class StateSettings:
    """Further words of the column of what happened, such as [Mouse moved]."""

    move: list[str] = setting("words of moves")
    drag: list[str] = setting("words of moves with a button down")
    press: list[str] = setting("words of a button's press")
    release: list[str] = setting("words of a button's release")
    scroll: list[str] = setting("words of the wheel")
    ignore: list[str] = setting("words of rows that say nothing of the mouse")


@dataclass
class RecordingSettings(SourceSettings):
    """Recordings of people: text, JSON or Parquet, plain, in gzip or in zstd."""

    about: str | None = setting("what the recordings are")
    page: str | None = setting("web page that describes them")
    licence: str | None = setting("on what terms they are published")
    citation: str | None = setting("what to cite")
    downloaded: str | None = setting("where humouse data download puts them")
    pattern: str = setting("which files of the folder, as globs with blanks between")
    user_from: str = setting(
        "what names the person where no column does: file, folder, or a pattern of the path's end with "
        "USER, SESSION and *, such as USER/*/SESSION or USER_SESSION"
    )
    user_prefix: str = setting("what to put before the names in the person's column")
    columns: ColumnSettings = field(default_factory=ColumnSettings)
    points: str | None = setting("column, or path in JSON, of the list of points in each record")
    line: str | None = setting(
        "regular expression of a line of text, with groups such as (?P<t>…) called like the columns"
    )
    shape: str | None = setting("a form that columns cannot say: {choices}", choices.SHAPES)
    marks: list[str] = setting("further columns by which source=auto knows the form")
    separator: str | None = setting("character between the fields; null finds it")
    time_unit: str = setting("unit of the time: {choices}", choices.RECORDING_TIME_UNITS)
    intervals: bool = setting("the time is the time since the row above")
    relative: bool = setting("x and y are moves since the row above")
    scale_px: float = setting("px in one unit of x and y")
    scale_y_px: float | None = setting("px in one unit of y; null for scale_px")
    origin_px: list[float] = setting("where x = y = 0 lies, in px from the top left")
    y_up: bool | None = setting("whether y grows upwards; null where it is not known")
    states: StateSettings = field(default_factory=StateSettings)
    held: bool = setting("the state column says whether a button is down, not what happened")
    polled: bool = setting("the position was noted at a fixed rate, whether it moved or not")
    thin_to_hz: float | None = setting(
        "points a second that recordings of more than twice as many are thinned to; null leaves them"
    )


SOURCE_SETTINGS: dict[str, type[SourceSettings]] = {
    name: SyntheticSourceSettings if name == "humouse_default" else RecordingSettings
    for name in choices.SOURCES
}


@dataclass
class PrepareSettings:
    """`humouse data prepare`: raw recordings → gestures, split by people."""

    # `launch` takes the schema of the source that is named.
    source: SourceSettings = field(
        default_factory=SourceSettings, metadata={"variants": SOURCE_SETTINGS}
    )
    root: str | None = setting("folder (or file) of the recordings")
    out_dir: str | None = setting(
        "folder for train, val, test.parquet and manifest.json; null for data/NAME of the source"
    )
    gestures: GestureSettings = field(default_factory=GestureSettings)
    split: SplitSettings = field(default_factory=SplitSettings)


@dataclass
class CombineSettings:
    """`humouse data combine`: several prepared datasets → one, a set-up each."""

    dirs: list[str] = setting(
        "folders that humouse data prepare wrote; each is a set-up, called like its folder"
    )
    out_dir: str | None = setting(
        "folder for train, val, test.parquet and manifest.json, e.g. data/all"
    )


@dataclass
class InspectSettings:
    """`humouse data inspect`: what recordings hold."""

    source: SourceSettings = field(
        default_factory=SourceSettings, metadata={"variants": SOURCE_SETTINGS}
    )
    root: str | None = setting("folder (or file) of the recordings")
    picture: str | None = setting(
        "file for a picture of the first gestures, .png, .svg or .pdf; null for none"
    )


@dataclass
class DownloadSettings:
    """`humouse data download`: a public dataset's recordings, from where they are published."""

    name: str | None = setting("the dataset; archive=NAME chooses it and sets everything below")
    about: str | None = setting("what it holds")
    page: str | None = setting("web page that describes it")
    address: str | None = setting("address of its zip archive; file:///PATH for a local file")
    sha256: str | None = setting("SHA-256 that the archive must have; null for any")
    pattern: str | None = setting("path of the recordings in the archive, as a glob")
    licence: str | None = setting("on what terms it is published")
    citation: str | None = setting("what to cite")
    out_dir: str | None = setting("folder for the recordings")
