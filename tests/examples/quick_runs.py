"""A quick run of every verb that writes files, and which it writes."""

import importlib
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from humouse.commands.verbs import VERBS
from humouse.settings.compose import settings_from


class Recipe(NamedTuple):
    """A quick run of a verb.

    Args:
        words: Its settings; {out} is the folder of the test, the other names are fixtures.
        files: What it writes: patterns of paths below {out}, separated by commas.
        slow: Whether it takes more than a few seconds.
    """

    words: str
    files: str
    slow: bool = False


_EVALUATION = (
    "scores.json,gestures.png,kinematics.png,spectra.png,report.html,data/people.parquet,"
    "data/generated.parquet,data/nearest.parquet,data/people_features.parquet,"
    "data/generated_features.parquet"
)
_RUN = (
    "checkpoints/tiny.pt,runs/tiny/config.yaml,runs/tiny/metrics.jsonl,runs/tiny/loss.png,"
    "runs/tiny/events.out.tfevents.*"
)
_TRAIN = (
    "experiment_name=tiny checkpoint_dir={out}/checkpoints logging.dir={out}/runs device=cpu "
    "optim.max_steps=1 logging.log_interval=1 logging.eval_interval=0 logging.num_eval_samples=20"
)
_NO_SCORES = "logging.sample_interval=0"
_ON_DATA = "data.dir={tiny_data} data.batch_size=8 data.num_workers=0"
_PEOPLE = "val_split={tiny_data}/val replicates=0 permutations=0 references=[line] n=20"
DETECTOR = "dir={many_gestures} n=100 calibration_share=0.4 detectors=[boosting] out_dir={out}"

RECIPES = {
    "sample": Recipe(
        "ckpt={tiny_checkpoint} n=3 steps=1 save_deltas=true device=cpu out_dir={out}",
        "samples.parquet,samples.png,manifest.json,deltas.pt",
    ),
    "eval": Recipe(
        f"samples={{tiny_data}}/train.parquet metrics=[mmd] {_PEOPLE} out_dir={{out}}",
        _EVALUATION,
        slow=True,
    ),
    "detect score": Recipe(
        "detector={detector} movements={tiny_data}/val.parquet out={out}/said.csv",
        "said.csv",
        slow=True,  # as two more below: they need a detector
    ),
    "data inspect": Recipe("root={log} picture={out}/picture.png", "picture.png"),
    "data prepare": Recipe(
        "source.users=6 source.gestures_per_user=5 out_dir={out}",
        "train.parquet,val.parquet,test.parquet,manifest.json",
    ),
    "data combine": Recipe(
        "dirs=[{two_datasets}/home,{two_datasets}/lab] out_dir={out}",
        "train.parquet,val.parquet,test.parquet,manifest.json",
    ),
    "train": Recipe(
        f"experiment=train {_ON_DATA} {_TRAIN} {_NO_SCORES} model.base_channels=16 data.sequence_length=32",
        _RUN,
    ),
    "train decoder": Recipe(
        f"ckpt={{event_checkpoint}} decoder.hidden=16 batch_size=16 amp=false {_TRAIN}",
        _RUN,
        slow=True,
    ),
    "detect train": Recipe(DETECTOR, "boosting.onnx,detector.json", slow=True),
    "detect calibrate": Recipe(
        "detector={detector} people={many_gestures}/train.parquet out_dir={out}",
        "boosting.onnx,detector.json",
        slow=True,
    ),
    "report": Recipe("run={evaluation} out={out}/page.html", "page.html", slow=True),
    "compare": Recipe("runs=[{evaluation},{other_evaluation}] out={out}/page.html", "page.html"),
    "features": Recipe(
        "movements={tiny_data}/val.parquet groups=[timing] out={out}/said.parquet", "said.parquet"
    ),
    "tune": Recipe(
        f"ckpt={{decoded}} batch_size=16 tuning.head_start=2 tuning.diffusion_steps=2 {_TRAIN}",
        _RUN,
        slow=True,
    ),
    "distill": Recipe(
        f"teacher={{tiny_checkpoint}} steps=2 teacher_steps=4 pairs=8 batch_size=8 {_TRAIN} {_NO_SCORES}",
        _RUN,
        slow=True,
    ),
    "publish": Recipe(
        "ckpt={event_checkpoint} out={out}/small.safetensors", "small.safetensors,small.json"
    ),
    "train gan": Recipe(
        f"{_ON_DATA} {_TRAIN.replace('logging.eval_interval=0', _NO_SCORES)} "
        "model.generator_width=8 model.discriminator_width=8 model.feature_dim=12",
        _RUN,
        slow=True,
    ),
    "train autoencoder": Recipe(
        f"{_ON_DATA} {_TRAIN} {_NO_SCORES} model.base_channels=8 model.channel_mults=[1,2,2] "
        "model.depth=1 data.sequence_length=200",
        _RUN,
        slow=True,
    ),
    "sigma_eval": Recipe(
        f"{_PEOPLE} out_dir={{out}}",
        "sigma_eval.json,line/kinematics.png,line/spectra.png",
        slow=True,
    ),
    "detect negatives": Recipe(
        "people={tiny_data}/val n=4 mixture={{pid:1}} device=cpu out_dir={out}",
        "pid.parquet,manifest.json",
    ),
    "detect benchmark": Recipe(
        DETECTOR + " families=[bezier,pid] mixes=[bots] bots_per_family=20 seeds=1 replicates=0",
        "plan.json,benchmark.json,benchmark.html,examples.parquet,held_out.png,false_alarms.png,"
        "sessions.png,roc.png,calibration.png,"
        "material/*/*/*/*.parquet,scores/seed */*.parquet,"
        "scores/seed */*.json,scores/seed */*.onnx",
        slow=True,
    ),
}


def run_verb(name: str, words: str) -> None:
    verb = VERBS[name]
    module = importlib.import_module(f"humouse.commands.{verb.module}")
    module.run(settings_from(verb.config, verb.schema, words.split(" ")))


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def words_of(name: str, out: Path, request: pytest.FixtureRequest) -> str:
    """Return the settings of a quick run into a folder, as words; what they need is made."""
    words = RECIPES[name].words
    fixtures = set(re.findall(r"{(\w+)}", words)) - {"out"}
    return words.format(out=out, **{one: request.getfixturevalue(one) for one in fixtures})
