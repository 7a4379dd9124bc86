"""The rule for overwriting, verb by verb: what an earlier run wrote is never lost.

Before each verb runs, every file that it writes lies there already, with other content, among files
that humouse did not write. A verb that is not in the table below fails.
"""

import importlib
import re
import shutil
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

from examples.evaluation import example_run
from humouse.commands.verbs import VERBS
from humouse.settings.compose import settings_from
from humouse.trained_model import TrainedModel


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
_DETECTOR = "dir={many_gestures} n=100 calibration_share=0.4 detectors=[boosting] out_dir={out}"

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
    "detect train": Recipe(_DETECTOR, "boosting.onnx,detector.json", slow=True),
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
        _DETECTOR + " families=[bezier,pid] mixes=[bots] bots_per_family=20 seeds=1 replicates=0",
        "plan.json,benchmark.json,benchmark.html,examples.parquet,held_out.png,false_alarms.png,"
        "sessions.png,roc.png,calibration.png,"
        "material/*/*/*/*.parquet,scores/seed */*.parquet,"
        "scores/seed */*.json,scores/seed */*.joblib",
        slow=True,
    ),
}


@pytest.fixture(scope="module")
def detector(many_gestures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("detector")
    run_verb("detect train", _DETECTOR.format(many_gestures=many_gestures, out=folder))
    return folder


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return example_run(tmp_path_factory.mktemp("one"), n=40, groups=["timing"]).folder


@pytest.fixture(scope="module")
def other_evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("other")
    return example_run(folder, n=40, origin="gan", seed=7, groups=["timing"]).folder


@pytest.fixture(scope="module")
def two_datasets(
    tiny_data: Path, many_gestures: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("two")
    shutil.copytree(tiny_data, folder / "home")
    shutil.copytree(many_gestures, folder / "lab")
    return folder


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logs") / "ann.csv"
    path.write_text("t,x,y\n" + "\n".join(f"{8 * k},{5 * k},{k}" for k in range(40)))
    return path


def run_verb(name: str, words: str) -> None:
    verb = VERBS[name]
    module = importlib.import_module(f"humouse.commands.{verb.module}")
    module.run(settings_from(verb.config, verb.schema, words.split(" ")))


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def decoded(event_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decoded")
    words = RECIPES["train decoder"].words
    run_verb("train decoder", words.format(event_checkpoint=event_checkpoint, out=folder))
    return folder / "checkpoints" / "tiny.pt"


def test_every_verb_is_tried():
    # The demo does nothing but run other verbs; a download leaves what is there as it is; a recorder
    # adds to it, and a service goes on with its database; the doctor writes nothing.
    assert RECIPES.keys() | {"demo", "data download", "doctor", "record", "serve"} == VERBS.keys()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if recipe.slow else [])
        for name, recipe in RECIPES.items()
    ],
)
def test_what_an_earlier_run_wrote_is_set_aside(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture
):
    recipe, out = RECIPES[name], tmp_path / "out"
    fixtures = set(re.findall(r"{(\w+)}", recipe.words)) - {"out"}
    places = {fixture: request.getfixturevalue(fixture) for fixture in fixtures}
    patterns = recipe.files.split(",")
    old = {pattern.replace("*", "0"): f"old {pattern}".encode() for pattern in patterns}
    mine = dict.fromkeys(("mine.txt", "mine.parquet", "data/mine.parquet", "old.png"), b"mine")
    for path, content in (old | mine).items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(content)
    capsys.readouterr()
    run_verb(name, recipe.words.format(out=out, **places))
    assert "previous-1" in capsys.readouterr().out
    after = contents(out)
    kept = {path: after.pop(path) for path in list(after) if "previous-1" in path}
    assert sorted(kept.values()) == sorted(old.values())
    assert {path: after.pop(path) for path in mine} == mine
    for path in after:
        assert any(fnmatch(path, pattern) for pattern in patterns), f"{path} is not in the table"
        assert not after[path].startswith(b"old ")


@pytest.mark.slow
def test_a_page_of_the_same_result_is_replaced_and_another_is_set_aside(
    evaluation: Path, other_evaluation: Path, tmp_path: Path
):
    page = tmp_path / "page.html"
    for _ in range(2):
        run_verb("report", f"run={evaluation} out={page}")
    assert list(tmp_path.iterdir()) == [page]
    first = page.read_bytes()
    run_verb("report", f"run={other_evaluation} out={page}")
    assert (tmp_path / "page.previous-1.html").read_bytes() == first
    both = f"runs=[{evaluation},{other_evaluation}] out={page}"
    for _ in range(2):
        run_verb("compare", both)
    assert len(list(tmp_path.iterdir())) == 3


def test_an_interrupted_run_leaves_the_earlier_one_in_its_place(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    words = f"ckpt={tiny_checkpoint} n=3 steps=1 device=cpu out_dir={tmp_path}"
    run_verb("sample", words)
    before = contents(tmp_path)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(TrainedModel, "make", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_verb("sample", f"{words} seed=1")
    assert contents(tmp_path) == before
