import json
import shutil

import numpy as np
import pytest

from humouse.data.combine import combine
from humouse.data.prepared import Prepared
from humouse.errors import InputError


@pytest.fixture
def parts(tiny_data, twelve_people, tmp_path):
    for name, folder in (("home", tiny_data), ("lab", twelve_people)):
        shutil.copytree(folder, tmp_path / name)
    return [tmp_path / "home", tmp_path / "lab"]


def test_everybody_stays_in_the_split_and_is_named_after_the_set_up(parts, tmp_path):
    both = combine(parts, out_dir=tmp_path / "all")
    again = Prepared.load(tmp_path / "all")
    assert again.is_whole()
    assert again.sha256 == both.sha256
    for split in ("train", "val", "test"):
        merged = both.split(split)
        for folder in parts:
            own = Prepared.load(folder).split(split)
            mine = merged[merged.setup == folder.name]
            assert [f"{folder.name}/{name}" for name in own.user] == mine.user.tolist()
            np.testing.assert_array_equal(mine.deltas[:, : own.deltas.shape[1]], own.deltas)
    counts = [Prepared.load(folder).manifest["counts"] for folder in parts]
    assert both.manifest["counts"]["gestures"] == sum(one["gestures"] for one in counts)
    assert "home+lab" in both.summary()


def test_the_same_again_is_left_alone_and_others_set_it_aside(parts, tmp_path):
    out = tmp_path / "all"
    first = combine(parts, out_dir=out)
    assert not first.reused
    assert combine(parts, out_dir=out).reused
    assert combine(parts[::-1], out_dir=out).sha256 != first.sha256
    assert (out / "previous-1" / "manifest.json").is_file()


def test_what_cannot_be_combined(parts, tmp_path):
    home, _ = parts
    with pytest.raises(InputError, match="at least two folders"):
        combine([home], out_dir=tmp_path / "all")
    with pytest.raises(InputError, match="two folders are called home"):
        combine([home, home], out_dir=tmp_path / "all")
    with pytest.raises(InputError, match="no prepared data"):
        combine([home, tmp_path / "none"], out_dir=tmp_path / "all")
    with pytest.raises(InputError, match="is one of dirs"):
        combine(parts, out_dir=home)
    combine(parts, out_dir=tmp_path / "all")
    with pytest.raises(InputError, match="combined already"):
        combine([tmp_path / "all", home], out_dir=tmp_path / "more")
    (home / "val.parquet").unlink()
    with pytest.raises(InputError, match="a split is missing"):
        combine(parts, out_dir=tmp_path / "more")


def test_a_dataset_of_the_same_people_on_all_sides_says_so(parts, tmp_path):
    path = parts[0] / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["split"]["by"] = "sessions"
    from humouse.data.prepared import manifest_sha256

    manifest["sha256"] = manifest_sha256(manifest)
    path.write_text(json.dumps(manifest))
    both = combine(parts, out_dir=tmp_path / "all")
    assert both.manifest["split"]["by"] == "sessions"
    assert "the same people are in train, val and test" in both.summary()
