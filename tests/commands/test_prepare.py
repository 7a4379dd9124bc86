"""`humouse data prepare`, and the dataset that a run asks for."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from humouse.commands.dataset import dataset, prepare_dataset
from humouse.commands.prepare import run
from humouse.data.prepared import MANIFEST
from humouse.errors import InputError
from humouse.settings import (
    DataSettings,
    PrepareSettings,
    SyntheticSourceSettings,
    TrainModelSettings,
)
from humouse.settings.compose import settings_from

_FEW = ("source.users=5", "source.gestures_per_user=4")


def preparing(folder: Path, *more: str) -> PrepareSettings:
    return settings_from("prepare", PrepareSettings, [*more, f"out_dir={folder}"])


def asked(dataset_id: str, folder: Path) -> DataSettings:
    data = settings_from("diffusion/train", TrainModelSettings, []).data
    return replace(data, dataset_id=dataset_id, dir=str(folder))


def test_it_prints_a_summary_and_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture):
    run(preparing(tmp_path, *_FEW))
    out = capsys.readouterr().out
    assert "humouse_default (synthetic)" in out
    assert f"prepared data: {tmp_path}/" in out
    names = {"train.parquet", "val.parquet", "test.parquet", MANIFEST}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_settings_reach_the_source_the_rules_and_the_split(tmp_path: Path):
    more = ("gestures.gap_ms=150", "split.val_fraction=0.4", "split.seed=3")
    prepared = prepare_dataset(preparing(tmp_path, *_FEW, *more), shown=False)
    manifest = prepared.manifest
    assert manifest["source"]["settings"]["users"] == 5
    assert manifest["rules"]["gap_ms"] == 150
    assert manifest["split"] == {
        "by": "people",
        "seed": 3,
        "val_fraction": 0.4,
        "test_fraction": 0.2,
    }
    assert len(manifest["splits"]["val"]["users"]) == 2


def test_columns_of_a_csv(tmp_path: Path):
    folder = tmp_path / "logs"
    folder.mkdir()
    for user in "abcde":
        rows = "\n".join(f"{10 * i},{20 * i},{ord(user) * i}" for i in range(40))
        (folder / f"{user}.csv").write_text(f"when,px,py\n{rows}\n")
    names = [f"source.columns.{name}={column}" for name, column in zip("txy", ("when", "px", "py"))]  # noqa: B905
    more = ("source=csv", f"root={folder}", *names)
    prepared = prepare_dataset(preparing(tmp_path / "out", *more), shown=False)
    assert prepared.manifest["counts"]["gestures"] == 5
    assert not prepared.synthetic
    assert dataset(asked("csv", tmp_path / "out")).sha256 == prepared.sha256


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("source=csv",), "root: source=csv needs root=FOLDER"),
        (("source=kh2017",), "root: source=kh2017 needs root=FOLDER"),
        (("source=balabit",), "root=recordings/balabit: no .* humouse data download balabit"),
        (("source=sapimouse", "root=/nowhere"), "/nowhere"),
        (("+source.typo=1",), r"source\.typo: "),
        (("source.users=0",), r"source\.users"),
        (("source.users=abc",), r"source\.users: .*abc"),
        (("source.seed=-1",), r"source\.seed=-1"),
        (("source.name=sapimuose",), r"source\.name=sapimuose: no such choice"),
        (("source=csv", "source.columns.t=null"), r"source\.columns\.t: "),
        (("source=csv", "+source.columns.z=1"), r"source\.columns\.z: "),
        (("source=csv", "source.separator=[1]"), r"source\.separator: "),
        (("source=3",), "source=3: no such choice"),
        (("split.seed=-1", *_FEW), r"split\.seed=-1"),
        (("gestures.gap_ms=-1", *_FEW), "gap_ms"),
        (("split.val_fraction=1.5", *_FEW), "val_fraction"),
    ],
)
def test_what_cannot_be_prepared(tmp_path: Path, more: tuple[str, ...], message: str):
    with pytest.raises(InputError, match=message) as caught:
        prepare_dataset(preparing(tmp_path, *more), shown=False)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / MANIFEST).exists()


@pytest.mark.parametrize("name", ["data", "it's [my], data", "a=b ${c}"])
def test_the_embedded_dataset_is_made_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    seen: list[PrepareSettings] = []

    def fewer(settings: PrepareSettings, **rest: bool) -> object:
        seen.append(settings)
        assert isinstance(settings.source, SyntheticSourceSettings)
        source = replace(settings.source, users=5, gestures_per_user=4)
        return prepare_dataset(replace(settings, source=source), **rest)

    monkeypatch.setattr("humouse.commands.dataset.prepare_dataset", fewer)
    data = asked("humouse_default", tmp_path / name)
    made = dataset(data, shown=False)
    assert made.folder == tmp_path / name
    assert seen[0].source.name == "humouse_default"
    assert dataset(data, shown=False).sha256 == made.sha256
    assert len(seen) == 1


def test_other_datasets_must_be_prepared(tmp_path: Path):
    with pytest.raises(InputError, match="humouse data download sapimouse, then"):
        dataset(asked("sapimouse", tmp_path / "sapimouse"))


def test_another_dataset_than_the_one_asked_for_is_refused(tmp_path: Path):
    made = prepare_dataset(preparing(tmp_path, *_FEW), shown=False)
    message = "holds dataset humouse_default, but data.dataset_id=sapimouse"
    with pytest.raises(InputError, match=message) as caught:
        dataset(asked("sapimouse", tmp_path))
    assert "data.dir" in str(caught.value)
    assert dataset(asked("humouse_default", tmp_path)).sha256 == made.sha256


def test_a_damaged_dataset_is_refused(tmp_path: Path):
    prepare_dataset(preparing(tmp_path, *_FEW), shown=False)
    train = tmp_path / "train.parquet"
    whole = train.read_bytes()
    train.write_bytes(whole[:-100])
    with pytest.raises(InputError, match="prepare the data again"):
        dataset(asked("humouse_default", tmp_path))
    train.write_bytes(whole)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**manifest, "origin": "people"}))
    with pytest.raises(InputError, match="damaged or changed by hand"):
        dataset(asked("humouse_default", tmp_path))
