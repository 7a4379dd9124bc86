"""A detector whose manifest was damaged is refused where it is loaded, in one line."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from examples.signed import signed
from humouse.detection.detector import Detector, write_detector
from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.onnx.export import to_onnx
from humouse.detection.samples.one_clock import OneClock
from humouse.detection.samples.views import look
from humouse.detection.setups.setup import Calibrating, SetUp
from humouse.errors import InputError
from humouse.trajectories import Trajectories


def movements(n: int = 200) -> Trajectories:
    rng = np.random.default_rng(0)
    deltas = np.full((n, 20, 3), 16, np.float32)
    deltas[..., :2] = rng.integers(-3, 9, (n, 20, 2))
    return Trajectories(
        torch.from_numpy(deltas), torch.full((n,), 20), torch.zeros(n, 2), None, "made"
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector of three trees that knows one set-up."""
    folder = tmp_path_factory.mktemp("made")
    views, _ = look(movements().as_steps(), OneClock())
    is_bot = np.arange(200) % 2 == 1
    trees = BoostingDetector(trees=3).fit(views.features, is_bot.astype(int))
    score = np.random.default_rng(1).normal(0, 1, 200) + 3 * is_bot
    traits = views.setup.values.astype(np.float64)
    known = Calibrating(score, is_bot, np.arange(200) % 7, traits, views.setup.names)
    write_detector(
        folder,
        {"boosting.onnx": to_onnx(trees).SerializeToString()},
        ["boosting"],
        [SetUp.fit("made", known, 7, 100, 0)],
        OneClock(),
        {"command": "made in a test"},
    )
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of it to damage."""
    return Path(shutil.copytree(made, tmp_path / "small"))


def test_a_copy_says_the_same(folder, tmp_path):
    first = Detector.load(folder)
    first.save(tmp_path / "copy", {"command": "copied"})
    again = Detector.load(tmp_path / "copy")
    assert again.provenance == {"command": "copied"}
    assert again.clock == first.clock
    some = movements(9)
    assert again.score(some, reasons=2).equals(first.score(some, reasons=2))


def test_a_detector_that_is_there_is_set_aside(folder, capsys):
    before = Detector.load(folder)
    before.save(folder, {"command": "again"})
    assert "kept in" in capsys.readouterr().out
    aside = Detector.load(folder / "previous-1")
    assert aside.provenance == {"command": "made in a test"}
    assert Detector.load(folder).score(movements(5)).equals(aside.score(movements(5)))


def setup(content: dict[str, Any]) -> dict[str, Any]:
    return content["setups"][0]


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no setups": lambda c: c.pop("setups"),
    "no members": lambda c: c.pop("members"),
    "no files": lambda c: c.pop("files"),
    "no clock": lambda c: c.pop("clock"),
    "setups are empty": lambda c: c.update(setups=[]),
    "members are empty": lambda c: c.update(members=[]),
    "files are empty": lambda c: c.update(files={}),
    "members are text": lambda c: c.update(members="boosting"),
    "a member that there is not": lambda c: c["members"].append("nope"),
    "a member without a file": lambda c: c["members"].append("sequence"),
    "a setup of nothing": lambda c: c.update(setups=[None]),
    "no session": lambda c: setup(c).pop("session"),
    "no rate of the session": lambda c: setup(c)["session"]["critical"].pop("0.001"),
    "no distance": lambda c: setup(c).update(distances=[]),
    "a distance of one column": lambda c: setup(c)["distances"][0].update(columns=["steps"]),
    "no margin": lambda c: setup(c).update(margin=None),
    "a slope in words": lambda c: setup(c)["calibration"].update(slope_high="steep"),
    "provenance is nothing": lambda c: c.update(provenance=None),
    "a clock in words": lambda c: c["clock"].update(period_ms="often"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_damaged_manifest_is_refused(folder, change):
    path = folder / "detector.json"
    content = copy.deepcopy(json.loads(path.read_text()))
    change(content)
    path.write_text(signed(content))
    with pytest.raises(InputError, match=r"detector\.json: damaged or changed by hand") as caught:
        Detector.load(folder)
    assert "\n" not in str(caught.value)


def test_one_number_that_was_changed_is_noticed(folder):
    path = folder / "detector.json"
    content = json.loads(path.read_text())
    setup(content)["calibration"]["intercept"] += 0.5
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="damaged or changed by hand"):
        Detector.load(folder)


def test_the_format_before_is_read_as_it_is(folder):
    own = Detector.load(folder).score(movements(5))
    path = folder / "detector.json"
    content = json.loads(path.read_text())
    del content["sha256"]
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="damaged or changed by hand"):
        Detector.load(folder)
    path.write_text(json.dumps({**content, "format": 3}))
    assert Detector.load(folder).score(movements(5)).equals(own)


def test_a_file_far_too_large_is_not_read(folder):
    with (folder / "boosting.onnx").open("r+b") as file:
        file.truncate(2**36)
    with pytest.raises(
        InputError, match=r"boosting\.onnx: more than 64 MiB, which no such file has"
    ):
        Detector.load(folder)


def test_a_manifest_nested_too_deeply_is_refused(folder):
    path = folder / "detector.json"
    deep = '{"a":' * 900 + "1" + "}" * 900
    path.write_text(
        path.read_text().replace('"provenance": {', f'"provenance": {{"deep": {deep},', 1)
    )
    with pytest.raises(InputError, match=r"detector\.json"):
        Detector.load(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 3', "\x00\x01"])
def test_a_manifest_cut_short_is_refused(folder, text):
    (folder / "detector.json").write_text(text)
    with pytest.raises(InputError, match=r"detector\.json"):
        Detector.load(folder)


@pytest.mark.parametrize("version", [None, 1, 2, 99, "4"])
def test_another_format_is_refused(folder, version):
    path = folder / "detector.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "format": version}))
    with pytest.raises(InputError, match="train the detector again"):
        Detector.load(folder)


def test_a_full_disk_leaves_no_manifest_of_files_that_are_not_there(folder, tmp_path, small_disk):
    detector = Detector.load(folder)
    with small_disk(100), pytest.raises(InputError, match="cannot be written"):
        detector.save(tmp_path / "full", {})
    assert not (tmp_path / "full" / "detector.json").exists()
