"""The sigma-lognormal harness: people against each generator, on the strokes of their gestures."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from humouse.commands import sigma_eval
from humouse.commands.sigma_eval import run
from humouse.commands.verbs import run_verb
from humouse.data.prepared import load_split
from humouse.errors import InputError
from humouse.eval.evaluate import evaluate
from humouse.eval.result import Evaluation
from humouse.features import GROUPS
from humouse.features.strokes.columns import SNR
from humouse.files import sha256
from humouse.settings import SigmaEvalSettings
from humouse.settings.compose import settings_from
from humouse.trained_model import TrainedModel
from humouse.trajectories import Trajectories

CHECKOUT = Path(__file__).parents[2]
_KEYS = {"c2st_acc_val", "c2st_auc_val", "mmd_val", "prd_precision_val", "prd_recall_val"}
_QUICK = ("device=cpu", "steps=2", "n=20", "replicates=20", "permutations=0", "references=[]")


def asked(folder: Path, *more: str) -> SigmaEvalSettings:
    overrides = [*_QUICK, f"out_dir={folder}", *more]
    return settings_from("diffusion/sigma_eval", SigmaEvalSettings, overrides)


def content(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "sigma_eval.json").read_text())


@pytest.fixture(scope="module")
def split(twelve_people: Path) -> str:
    return f"val_split={twelve_people / 'val'}"


@pytest.fixture(scope="module")
def gan(twelve_people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another generator's movements: people's, half as fast."""
    path = tmp_path_factory.mktemp("gen") / "gan's own.parquet"
    test = load_split(twelve_people / "train")
    slow = test.deltas * torch.tensor([1.0, 1.0, 2.0])
    replace(test, deltas=slow, user=None, origin="gan").save(path)
    return path


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """What each evaluation was given."""
    given: list[SimpleNamespace] = []

    def spied(real: Trajectories, fake: Trajectories, **options: Any) -> Evaluation:
        given.append(SimpleNamespace(real=real, fake=fake, **options))
        return evaluate(real, fake, **options)

    monkeypatch.setattr(sigma_eval, "evaluate", spied)
    return given


@pytest.mark.slow
def test_the_specifications_switch(
    call: Callable, event_checkpoint: Path, split: str, twelve_people: Path, tmp_path: Path
):
    """From the checkout's root, with no path set."""
    before = {path.name for path in CHECKOUT.iterdir()}
    words = (f"ckpt={event_checkpoint}", split, *_QUICK, f"out_dir={tmp_path}")
    done = call("-m", "eval.sigma_eval", "--use_diffusion_eval", *words, cwd=CHECKOUT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"checkpoint: {event_checkpoint} (tiny, step 4)\n")
    for key in _KEYS:
        assert f" {key} " in done.stdout
    assert "only 20 movements per set" in done.stderr
    written = content(tmp_path)
    (scores,) = written["scores"].values()
    assert list(written["scores"]) == ["diffusion"]
    assert scores.keys() == _KEYS
    for score in scores.values():
        assert score["low"] <= score["high"]
    assert written["settings"]["use_diffusion_eval"] is True
    assert written["checkpoint"]["sha256"] == sha256(event_checkpoint)
    assert written["people"]["sha256"] == sha256(twelve_people / "val.parquet")
    assert written["trained_on"]["synthetic"] is True
    judged = Evaluation.from_dict(written["evaluations"]["diffusion"])
    assert judged.gestures == 20
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    pictures = {"diffusion/kinematics.png", "diffusion/spectra.png"}
    assert files == {"sigma_eval.json", *pictures}
    assert {path.name for path in CHECKOUT.iterdir()} <= before | {".hypothesis", "__pycache__"}


@pytest.mark.slow  # four evaluations; the specification's switch runs one
def test_every_generator_beside_the_references(
    tiny_checkpoint: Path,
    split: str,
    gan: Path,
    tmp_path: Path,
    compared: list[SimpleNamespace],
    capsys: pytest.CaptureFixture,
):
    more = ("references=[same_people,line]", "use_diffusion_eval=true", f"ckpt={tiny_checkpoint}")
    quoted = str(gan).replace("'", r"\'")
    run(asked(tmp_path, *more, split, f"generators={{gan:'{quoted}'}}"))
    written = content(tmp_path)
    assert list(written["scores"]) == ["diffusion", "gan", "same_people", "line"]
    for scores in written["scores"].values():
        assert scores.keys() == _KEYS
        for score in scores.values():
            assert score.keys() == {"value", "low", "high", "p_value"}
    assert written["scores"]["line"]["c2st_auc_val"]["value"] > 0.9
    assert written["scores"]["line"]["mmd_val"]["value"] > (
        3 * written["scores"]["same_people"]["mmd_val"]["value"]
    )
    # The 37 numbers of the strokes: not how well they fit, which tells of the fit alone.
    strokes = [one.name for one in GROUPS["neuromotor"] if one.name != SNR]
    assert len(strokes) == 37
    for one in compared:
        assert [list(table.names) for table in one.tables] == [strokes, strokes]
        assert len(one.real) == len(one.fake) == 20  # the file of the gan holds more
    for one in written["evaluations"].values():
        assert list(one["features"]) == strokes
        assert one["spectra"].keys()
    assert {one.fake.origin for one in compared} >= {"gan", "diffusion:tiny"}
    # All in the frame of the model.
    assert {int(length) for one in compared for length in one.fake.lengths[:1]} == {32}
    for one in compared[1:2]:
        assert torch.equal(one.real.deltas, compared[0].real.deltas)
    for name in written["scores"]:
        for picture in ("kinematics.png", "spectra.png"):
            assert (tmp_path / name / picture).read_bytes().startswith(b"\x89PNG")
    out = capsys.readouterr().out
    for name in ("diffusion", "gan", "the same people, halved", "straight line"):
        row = next(line for line in out.splitlines() if f" {name} " in line)
        assert row.count("[") == 5  # each score with its interval, none of them cut
        assert "…" not in row


def test_samples_are_drawn_on_validation_conditions(
    event_checkpoint: Path,
    split: str,
    twelve_people: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    given: list[Trajectories] = []

    class Seen(Exception):  # noqa: N818 — no error: nothing after it is of interest here
        pass

    def spy(*_: Any, like: Trajectories, **__: Any) -> Trajectories:
        given.append(like)
        raise Seen

    monkeypatch.setattr(TrainedModel, "sample", spy)
    with pytest.raises(Seen):
        run(asked(tmp_path, f"ckpt={event_checkpoint}", split, "use_diffusion_eval=true"))
    (like,) = given
    rows = {row.tobytes() for row in load_split(twelve_people / "val").deltas.numpy()}
    taken = {row.tobytes() for row in like.deltas.numpy()}
    assert len(taken) == 20
    assert taken <= rows


@pytest.mark.slow
def test_no_model_is_needed(split: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HUMOUSE_CKPT", raising=False)
    monkeypatch.chdir(tmp_path)
    run(asked(tmp_path, split, "references=[line]", "replicates=0"))
    written = content(tmp_path)
    assert list(written["scores"]) == ["line"]
    assert written["scores"]["line"]["mmd_val"]["low"] is None
    assert {"checkpoint", "trained_on"} & written.keys() == set()


def test_the_switch_is_short_for_a_setting(monkeypatch: pytest.MonkeyPatch):
    seen: list[bool] = []
    monkeypatch.setattr(
        sigma_eval, "run", lambda settings: seen.append(settings.use_diffusion_eval)
    )
    for words in ([], ["--use_diffusion_eval"], ["n=20", "--use_diffusion_eval", "seed=1"]):
        monkeypatch.setattr(sys, "argv", ["sigma_eval", *words])
        run_verb("sigma_eval")
    assert seen == [False, True, True]


def test_help_names_the_switch_and_the_generators(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(sys, "argv", ["sigma_eval", "--help"])
    run_verb("sigma_eval")
    page = capsys.readouterr().out
    assert "--use_diffusion_eval" in page
    assert "  generators=null " in page


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ((), "nothing to judge: give use_diffusion_eval=true, references=.* or generators="),
        (("n=19", "references=[line]"), "n=19: must be at least 20"),
        (("references=[lines]",), "references: .* did you mean line"),
        (("generators={gan:gone.parquet}",), "gone.parquet: no such file"),
        (("generators={diffusion:x.parquet}",), "generators: diffusion is taken"),
        (("generators={replay:x.parquet}",), "generators: replay is taken"),
        (("generators={../gan:x.parquet}",), "generators: '../gan' cannot name a folder"),
        (("generators={..:x.parquet}",), "generators: '..' cannot name a folder"),
        (("references=[line]", "seed=-1"), "seed=-1"),
        (("references=[line]", "replicates=-1"), "replicates=-1"),
        (("use_diffusion_eval=true", "ckpt=gone.pt"), "gone.pt: no such checkpoint"),
        (("use_diffusion_eval=true", "device=gpu"), "device=gpu"),
        (("use_diffusion_eval=true", "sampler=euler"), "sampler=euler"),
        (("use_diffusion_eval=true", "generators={gan:gone.parquet}"), "gone.parquet: no such"),
        (("references=[line]", "val_split=nowhere/val"), "nowhere/val.parquet: no such split"),
    ],
)
def test_what_cannot_be_judged(
    tiny_checkpoint: Path,
    split: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    more: tuple[str, ...],
    message: str,
):
    with pytest.raises(InputError, match=message) as caught:
        run(asked(tmp_path, f"ckpt={tiny_checkpoint}", split, *more))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert "sampling" not in capsys.readouterr().err  # no work before what is wrong is said


def test_people_are_needed(tmp_path: Path):
    with pytest.raises(InputError, match="val_split: name the people"):
        run(asked(tmp_path, "references=[line]"))
