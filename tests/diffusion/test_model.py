"""Checkpoints: whole, plain, found where they should be, and refused in a line where damaged."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from humouse.diffusion.model import DIFFUSION, load_model
from humouse.errors import InputError
from humouse.gan.model import GAN
from humouse.generator import KINDS
from humouse.training.checkpoint import PRETRAINED, Checkpoint, Kind, find_checkpoint


def same(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def test_round_trip(tiny_checkpoint: Path, tmp_path: Path):
    checkpoint = Checkpoint.load(tiny_checkpoint)
    checkpoint.save(tmp_path / "sub" / "copy.pt")
    again = Checkpoint.load(tmp_path / "sub" / "copy.pt")
    assert same(vars(again), vars(checkpoint))


def test_it_holds_what_a_run_needs(tiny_checkpoint: Path):
    checkpoint = Checkpoint.load(tiny_checkpoint)
    assert checkpoint.step == 6
    assert checkpoint.config["experiment_name"] == "tiny"
    assert {"python", "torch", "humouse"} <= checkpoint.versions.keys()
    assert len(checkpoint.data["sha256"]) == 64
    assert checkpoint.data["synthetic"] is True
    assert checkpoint.model.keys() == checkpoint.ema.keys()
    assert checkpoint.optimizer["state"]
    assert checkpoint.best is not None


def test_plain_torch_reads_it_safely(tiny_checkpoint: Path):
    content = torch.load(tiny_checkpoint, weights_only=True)
    assert content["kind"] == "humouse diffusion checkpoint"


def test_the_best_weights_are_the_models(tiny_checkpoint: Path, tmp_path: Path):
    checkpoint = Checkpoint.load(tiny_checkpoint)
    checkpoint.best = {k: v + 1 for k, v in checkpoint.ema.items()}
    checkpoint.save(tmp_path / "best.pt")
    weights = load_model(tmp_path / "best.pt").denoiser.network.state_dict()
    assert same(dict(weights), checkpoint.best)
    checkpoint.best = None
    checkpoint.save(tmp_path / "none.pt")
    weights = load_model(tmp_path / "none.pt").denoiser.network.state_dict()
    assert same(dict(weights), checkpoint.ema)


@pytest.mark.parametrize("kind", [None, DIFFUSION])
def test_one_of_the_earlier_canonical_frame_says_how_to_train_anew(
    tiny_checkpoint: Path, tmp_path: Path, kind: Kind | None
):
    content = torch.load(tiny_checkpoint, weights_only=True)
    del content["codec"]["settings"]["modes"], content["config"]["data"]["modes"], content["digest"]
    content["version"] = 2
    torch.save(content, tmp_path / "earlier.pt")
    with pytest.raises(
        InputError, match=r"earlier\.pt: trained in the earlier canonical frame"
    ) as told:
        Checkpoint.load(tmp_path / "earlier.pt", kind)
    assert str(told.value).endswith("humouse train experiment=train data=humouse_default")
    # Where native steps are kept, nothing changed.
    content["codec"]["settings"]["canonicalize_duration"] = False
    torch.save(content, tmp_path / "native.pt")
    assert Checkpoint.load(tmp_path / "native.pt", kind).config["data"]["modes"] == 32


def _changed(content: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**content, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 99}, "a checkpoint of format 99, this humouse reads format 3"),
        ({"version": None}, "a checkpoint of format None"),
        ({"kind": "another project's"}, "not a humouse checkpoint"),
        ({"ema": None, "codec": None}, "lacks codec, ema"),
    ],
)
def test_other_contents(
    tiny_checkpoint: Path, tmp_path: Path, changes: dict[str, Any], message: str
):
    path = tmp_path / "other.pt"
    torch.save(_changed(torch.load(tiny_checkpoint, weights_only=True), **changes), path)
    with pytest.raises(InputError, match=message) as caught:
        load_model(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [0, 1, 100, 5000, -1, -500])
def test_cut_short(tiny_checkpoint: Path, tmp_path: Path, size: int):
    path = tmp_path / "short.pt"
    path.write_bytes(tiny_checkpoint.read_bytes()[:size])
    with pytest.raises(InputError, match=r"short\.pt: not a readable checkpoint") as caught:
        load_model(path)
    assert "\n" not in str(caught.value)


def test_another_file(tmp_path: Path):
    (tmp_path / "text.pt").write_text("hello")
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"state_dict": {}}, tmp_path / "dict.pt")
    for name in ("text.pt", "list.pt", "dict.pt"):
        with pytest.raises(InputError, match=rf"{name}: not a"):
            load_model(tmp_path / name)
    for name in ("gone.pt", ""):
        with pytest.raises(InputError, match="no such checkpoint"):
            load_model(tmp_path / name)


@pytest.mark.parametrize(
    "damage",
    [
        lambda c: c.config["model"].update(base_channels=32),
        lambda c: c.config["model"].pop("dropout"),
        lambda c: c.config["model"].update(heads=4),
        lambda c: c.config["model"].update(dropout="much"),
        lambda c: c.config["diffusion"].update(schedule="new"),
        lambda c: c.codec.update(name="new"),
        lambda c: c.codec["settings"].update(new_setting=1),
        lambda c: c.codec.pop("mean"),
    ],
    ids=[
        "width",
        "setting",
        "unknown setting",
        "type",
        "schedule",
        "codec",
        "codec setting",
        "codec part",
    ],
)
def test_parts_that_do_not_fit(tiny_checkpoint: Path, tmp_path: Path, damage: Any):
    checkpoint = Checkpoint.load(tiny_checkpoint)
    checkpoint.best = None
    damage(checkpoint)
    checkpoint.save(tmp_path / "misfit.pt")
    with pytest.raises(InputError) as caught:
        load_model(tmp_path / "misfit.pt")
    assert "\n" not in str(caught.value)


def test_the_order_in_which_a_checkpoint_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HUMOUSE_CKPT", raising=False)
    assert find_checkpoint(None, *KINDS) == PRETRAINED
    with pytest.raises(InputError, match="train one with: humouse train"):
        find_checkpoint(None, GAN)
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    with pytest.raises(InputError, match="HUMOUSE_CKPT is not set"):
        find_checkpoint(None, GAN)
    for age, name in enumerate(("new.pt", "old.pt", "older.pt")):
        (folder / name).touch()
        os.utime(folder / name, (1e9 - age, 1e9 - age))
    (folder / "note.txt").touch()
    assert find_checkpoint(None, *KINDS) == Path("checkpoints/new.pt")
    monkeypatch.setenv("HUMOUSE_CKPT", "named.pt")
    assert find_checkpoint(None, *KINDS) == Path("named.pt")
    assert find_checkpoint("given.pt", *KINDS) == Path("given.pt")


def test_the_newest_of_a_kind_is_found(tiny_checkpoint: Path, tmp_path: Path):
    ours, other = tmp_path / "ours.pt", tmp_path / "other.pt"
    shutil.copy(tiny_checkpoint, ours)
    saved = Checkpoint.load(tiny_checkpoint)
    saved.kind = GAN.name
    saved.save(other)
    os.utime(ours, (1e9, 1e9))
    assert find_checkpoint(None, *KINDS, folder=tmp_path) == other
    assert find_checkpoint(None, DIFFUSION, folder=tmp_path) == ours
