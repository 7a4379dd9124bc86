"""Published models: two files that others can read; two that do not belong together are noticed."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from humouse.errors import InputError
from humouse.training import published_file
from humouse.training.checkpoint import PRETRAINED, Checkpoint
from humouse.training.published_file import read_published, write_published

CONTENT: dict[str, Any] = {
    "kind": "humouse diffusion checkpoint",
    "step": 3,
    "rate": 0.1 + 0.2,
    "none": None,
    "ema": {"a.weight": torch.rand(3, 2).half(), "b": torch.arange(4)},
    "codec": {
        "turned": torch.rand(3, 2, dtype=torch.float64).T,
        "tables": [{"shares": torch.rand(2), "name": "x"}, torch.tensor(1.5), 7],
        "empty": {},
    },
}


def same(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    write_published(path, CONTENT)
    return path


def test_round_trip(written: Path):
    assert same(read_published(written), CONTENT)
    assert sorted(file.name for file in written.parent.iterdir()) == [
        "model.json",
        "model.safetensors",
    ]


def test_others_read_the_packaged_model():
    """Every weight by its name, and the rest as JSON of the standard, which knows no NaN."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    rest = json.loads(PRETRAINED.with_suffix(".json").read_text(), parse_constant=refuse)
    assert rest["config"]["model"]["cond_dim"] == 9
    assert {"kind", "step", "config", "codec", "versions", "data", "tensors_sha256"} <= rest.keys()
    assert not {"optimizer", "model", "history"} & rest.keys()
    with safe_open(PRETRAINED, framework="np") as file:
        names = set(file.keys())
        assert file.get_tensor("codec/prior/setups/0/conditions/joint/weights/first").shape == (64,)
        weights = {name for name in names if name.startswith("ema/")}
        numbers = sum(file.get_tensor(name).size for name in weights)
    assert f"{numbers / 1e6:.2f}" == "3.05"
    saved = Checkpoint.load(PRETRAINED)
    assert weights == {f"ema/{name}" for name in saved.ema}


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def _of_another(path: Path) -> None:
    other = path.parent / "other" / path.name
    write_published(other, {**CONTENT, "ema": {}})
    shutil.copy(other.with_suffix(".json"), path.with_suffix(".json"))


def _lacking(path: Path) -> None:
    beside = path.with_suffix(".json")
    content = json.loads(beside.read_text())
    content["codec"].pop("tables")
    beside.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.with_suffix(".json").unlink(), r"model\.json: missing"),
        (lambda path: path.with_suffix(".json").write_text("{"), r"model\.json: not readable"),
        (lambda path: path.with_suffix(".json").write_text("{}"), r"model\.safetensors: not the"),
        (_cut, r"model\.safetensors: not the file that model\.json was written with"),
        (_change, r"model\.safetensors: not the file"),
        (_of_another, r"model\.safetensors: not the file"),
        (_lacking, r"model\.json: does not fit model\.safetensors"),
    ],
    ids=["no JSON", "no object", "no hash", "cut short", "changed", "another's", "part"],
)
def test_damage_is_one_line(written: Path, damage: Callable[[Path], None], message: str):
    damage(written)
    with pytest.raises(InputError, match=message) as caught:
        Checkpoint.load(written)
    assert "get both files again, or publish the model again" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_end_between_the_two_files_is_noticed(written: Path, monkeypatch: pytest.MonkeyPatch):
    def end(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(published_file, "write_json", end)
    with pytest.raises(KeyboardInterrupt):
        write_published(written, {**CONTENT, "ema": {"c": torch.zeros(2)}})
    with pytest.raises(InputError, match="not the file that"):
        read_published(written)


def test_a_full_disk_leaves_the_old_pair(written: Path, small_disk: Callable):
    with small_disk(5_000), pytest.raises(InputError, match=r"disk is full|too large") as caught:
        write_published(written, {"ema": {"w": torch.rand(10_000)}})
    assert "\n" not in str(caught.value)
    assert same(read_published(written), CONTENT)


def test_what_json_would_change_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="texts without a slash"):
        write_published(tmp_path / "a.safetensors", {"state": {0: torch.zeros(1)}})
    with pytest.raises(ValueError, match="texts without a slash"):
        write_published(tmp_path / "a.safetensors", {"a/b": torch.zeros(1)})
    trained = replace(Checkpoint.load(PRETRAINED), optimizer={"state": {0: torch.zeros(1)}})
    with pytest.raises(ValueError, match="state of a training run"):
        trained.save(tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())
