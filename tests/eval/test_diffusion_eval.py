"""`humouse eval`: samples against people, beside what other people score."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from humouse.artefact import sha256
from humouse.data.prepared import load_split
from humouse.errors import InputError
from humouse.eval import diffusion_eval
from humouse.eval.diffusion_eval import run
from humouse.eval.evaluator import evaluate
from humouse.figures import gesture_gallery
from humouse.launch import settings_from
from humouse.settings import EvalSettings
from humouse.trajectories import Trajectories


def asked(folder: Path, *more: str) -> EvalSettings:
    overrides = [f"out_dir={folder}", "device=cpu", "steps=2", "metrics=[mmd]", *more]
    return settings_from("diffusion/eval", EvalSettings, overrides)


def test_all_metrics_of_a_checkpoint(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    metrics = "metrics=[c2st,mmd,prd,kinematics,spectra]"
    run(asked(tmp_path, f"ckpt={tiny_checkpoint}", metrics))
    content = json.loads((tmp_path / "scores.json").read_text())
    for side in ("generated", "other_people"):
        assert {"c2st_acc", "c2st_auc", "mmd", "prd_recall"} <= content[side]["scores"].keys()
        assert content[side]["features"]
        assert content[side]["spectra"]
    # Six steps of training fool nobody; other people do.
    assert content["generated"]["scores"]["mmd"] > 2 * content["other_people"]["scores"]["mmd"]
    assert content["checkpoint"]["sha256"] == sha256(tiny_checkpoint)
    assert content["trained_on"]["synthetic"] is True
    names = {"scores.json", "gestures.png", "kinematics.png", "spectra.png"}
    assert {path.name for path in tmp_path.iterdir()} == names
    captured = capsys.readouterr()
    assert f"checkpoint: {tiny_checkpoint} (tiny, step 6)\n" in captured.out
    assert "furthest apart:" in captured.out
    assert "synthetic" in captured.out
    assert "note:" not in captured.err


def test_people_as_samples_are_at_the_floor(tiny_data: Path, tmp_path: Path):
    """A file of people's movements scores exactly what those people score."""
    samples, val = tiny_data / "train.parquet", tiny_data / "val"
    run(asked(tmp_path, f"samples={samples}", f"val_split={val}", "metrics=[c2st,mmd]"))
    content = json.loads((tmp_path / "scores.json").read_text())
    mmd = content["generated"]["scores"]["mmd"]
    assert mmd == pytest.approx(content["other_people"]["scores"]["mmd"])
    assert "checkpoint" not in content
    assert {path.name for path in tmp_path.iterdir()} == {"scores.json", "gestures.png"}


def test_people_of_another_dataset_are_noted(
    tiny_checkpoint: Path, tiny_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    for name in ("train", "val"):
        split = load_split(tiny_data / name)
        replace(split, origin="elsewhere").save(tmp_path / f"{name}.parquet")
    run(asked(tmp_path / "out", f"ckpt={tiny_checkpoint}", f"val_split={tmp_path / 'val'}"))
    err = capsys.readouterr().err
    assert "is compared with people of elsewhere" in err


def test_n_limits_both_sides(tiny_checkpoint: Path, tmp_path: Path):
    run(asked(tmp_path, f"ckpt={tiny_checkpoint}", "n=12"))
    content = json.loads((tmp_path / "scores.json").read_text())
    assert content["generated"]["gestures"] == content["other_people"]["gestures"] == 12


def test_the_pictures_show_what_is_scored(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shown, scored = [], []

    def gallery(*sides: Trajectories):
        shown.append(sides)
        return gesture_gallery(*sides)

    def score(*sides: Trajectories, **options):
        scored.append(sides)
        return evaluate(*sides, **options)

    monkeypatch.setattr(diffusion_eval, "gesture_gallery", gallery)
    monkeypatch.setattr(diffusion_eval, "evaluate", score)
    people = load_split(tiny_data / "val")
    samples = tmp_path / "few.parquet"
    load_split(tiny_data / "test")[:15].save(samples)

    def run_with(*more: str) -> int:
        val = f"val_split={tiny_data / 'val'}"
        run(asked(tmp_path / "out", f"samples={samples}", val, *more))
        return json.loads((tmp_path / "out/scores.json").read_text())["generated"]["gestures"]

    # Fewer samples than people; then fewer asked for than either.
    assert (len(people) > 15, run_with(), run_with("n=11"), run_with("n=11", "seed=1")) == (
        True, 15, 11, 11,
    )  # fmt: skip
    assert [[len(side) for side in sides] for sides in shown] == [[15, 15], [11, 11], [11, 11]]
    for pictured, judged in zip(shown, scored[::2], strict=True):
        for one, other in zip(pictured, judged, strict=True):
            assert torch.equal(one.deltas, other.deltas)
    first, again, other = (sides[0].deltas for sides in (shown[0], shown[1], shown[2]))
    assert not torch.equal(first[:11], people.deltas[:11])  # not the first of the file
    assert torch.equal(first[:11], again)
    assert not torch.equal(again, other)


def test_no_train_split_beside_the_people(tiny_data: Path, tmp_path: Path):
    load_split(tiny_data / "val").save(tmp_path / "val.parquet")
    more = f"samples={tiny_data / 'test.parquet'}", f"val_split={tmp_path / 'val.parquet'}"
    with pytest.raises(InputError, match=r"train.parquet: no train split beside .* train_split="):
        run(asked(tmp_path / "out", *more))
    run(asked(tmp_path / "out", *more, f"train_split={tiny_data / 'train'}"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("n=0",), "n=0: must be at least 10"),
        (("n=3",), "at least 10"),
        (("ckpt=gone.pt",), "gone.pt: no such checkpoint"),
        (("val_split=nowhere/val",), "nowhere/val.parquet: no such split"),
        (("train_split=nowhere/train",), "nowhere/train.parquet: no such split"),
        (("samples=gone.parquet",), "gone.parquet: no such file"),
        (("steps=0",), "steps"),
        (("sampler=euler",), "sampler=euler"),
        (("metrics=[mdd]",), "did you mean 'mmd'"),
        (("metrics=[]",), "metrics"),
        (("device=gpu",), "device=gpu"),
        (("device=meta",), "device=meta"),
        (("seed=-1",), "seed=-1: must lie in 0…"),
        (("seed=4294967296",), "seed=4294967296"),
    ],
)
def test_what_cannot_be_scored(
    tiny_checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    more: tuple[str, ...],
    message: str,
):
    with pytest.raises(InputError, match=message) as caught:
        run(asked(tmp_path, f"ckpt={tiny_checkpoint}", *more))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert "sampling" not in capsys.readouterr().err  # no work before what is wrong is said


def test_samples_alone_need_people(tiny_data: Path, tmp_path: Path):
    with pytest.raises(InputError, match="val_split: name the people"):
        run(asked(tmp_path, f"samples={tiny_data / 'train.parquet'}"))
