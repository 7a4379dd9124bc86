"""The names that settings choose from, where a set of names is fixed.

Help prints them and `typed` checks values against them, without an import of what they stand for. A
name may have a word of explanation.
"""

from collections.abc import Iterable, Mapping

Choices = tuple[str, ...] | Mapping[str, str]

SOURCES = (
    "sapimouse",
    "balabit",
    "kh2017",
    "csv",
    "auto",
    "pynput",
    "pynput_text",
    "browser",
    "rrweb",
    "jspsych",
    "mousetrap",
    "psychopy",
    "bogazici",
    "dfl",
    "attentive_cursor",
    "iliou",
    "minecraft",
    "humouse",
    "humouse_default",
)
DATASETS = (*SOURCES, "combined")
SPLIT_BY = {
    "people": "",
    "sessions": "of each person, who is then on all sides",
    "time": "of each person, likewise",
}
SHAPES = ("rrweb", "iliou", "humouse")
TIME_UNITS = ("s", "ms", "us", "ns")
RECORDING_TIME_UNITS = {**dict.fromkeys(TIME_UNITS, ""), "auto": "each file's likely one"}
DEVICES = {"auto": "", "cpu": "", "cuda": "cuda:1 for the second one"}
ENGINES = {"processes": "of this machine", "ray": "a Ray cluster"}

CODECS = {
    "canonical": "fixed clock, unit path and duration",
    "event": "native px, ms",
}
CLOCKS = {"quantile": "its quantile in the train split", "log": "its logarithm"}
CONDITIONS = (
    "goal_dx_px",
    "goal_dy_px",
    "duration_ms",
    "path_px",
    "complexity",
    "tick_ms",
    "on_tick_share",
    "axis_move_share",
    "small_move_share",
)
"""The conditions of a model, in this order; a model with `cond_dim = k` has the first k.

The first five are the target: goal, duration, path length, and path length over the distance to the
goal. The last four are the style of device and hand throughout a movement: the median time step, and
the shares of steps within 1 ms of it, along one axis, and of at most one pixel on either axis.
"""

OBJECTIVES = ("v", "eps", "x0")
SCHEDULES = ("cosine", "logsnr")
SAMPLERS = {"ddim": "", "dpm": "", "sde": "the stochastic variant of dpm"}
DECAYS = {"constant": "", "cosine": "down to 0 at the last step"}
GAN_KINDS = {"conv": "", "lstm": "BeCAPTCHA-Mouse's; its widths are fixed"}
GAN_LOSSES = ("hinge", "bce")

SAMPLE_SCORES = ("c2st_logistic_auc", "c2st_logistic_acc", "mmd", "prd_precision", "prd_recall")
"""The scores of samples in a validation round, any of which early stopping may follow."""

FEATURE_MODES = {
    "neuromotor": "all features",
    "kinematic": "without the strokes",
    "sigma_lognormal": "the strokes alone",
}
FEATURE_GROUPS = {
    "kinematics": "",
    "timing": "",
    "spectra": "",
    "coupling": "",
    "neuromotor": "the strokes, which take most of the time",
}
DETECTOR_MODES = {
    "neuromotor": "all features",
    "kinematic": "without the strokes, which take most of the time",
}

METRICS = ("c2st", "lengths", "mmd", "prd", "neighbours", "kinematics", "spectra", "copying")
"""c2st: the probes. lengths: the boosting probe on short, middling and long movements apart. mmd. prd:
precision and recall by clustering. neighbours: precision, recall, density and coverage by nearest
neighbours. kinematics: each feature's mean, deviation and distance. spectra: the power in each band.
copying: distance to the train set, where one is given."""

PROBES = ("logistic", "mlp", "forest", "boosting", "sequence", "forest18")

REFERENCES = ("other_people", "same_people", "replay", "line", "bezier")
"""other_people: the train people, the human–human baseline of every score. same_people: two halves of
the people's own gestures. replay: train gestures again, as real as can be, and a positive control for
copying. line, bezier: bots that move between people's own endpoints, in their time, on their clocks."""

CONDITIONS_OF = {
    "train": "drawn from the train split",
    "val": "those of the people compared with",
}
UNSEEN = {
    "people": "the people of the validation split",
    "gestures": "gestures of the train people that training held out",
}

FAMILIES = (
    "function",
    "bezier",
    "spline",
    "minimum_jerk",
    "pid",
    "wind",
    "sigma_lognormal",
    "noise",
    "replay",
)
"""The families of scripted bots."""

MIXES = tuple(
    "+".join((bots, *models))
    for bots in ("composed", "composed+bots", "bots")
    for models in ((), ("gan",), ("diffusion",), ("gan", "diffusion"))
)
"""What a detector is fitted on beside people, in the order of the tables."""

DETECTORS = ("sequence", "boosting")
BENCHMARK_SPLITS = ("val", "test")


def listed(choices: Choices) -> str:
    """Return the names as a phrase: "ddim, dpm or sde (the stochastic variant of dpm)"."""
    notes: Iterable[tuple[str, str]] = (
        choices.items() if isinstance(choices, Mapping) else ((name, "") for name in choices)
    )
    *most, last = (f"{name} ({note})" if note else name for name, note in notes)
    return f"{', '.join(most)} or {last}" if most else last
