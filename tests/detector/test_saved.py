"""A detector from training to a decision, through files alone."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from humouse.data.prepared import load_split
from humouse.detector.material import seen_as
from humouse.detector.negatives import make_negatives, makers
from humouse.detector.saved import SavedDetector
from humouse.detector.score import run as score
from humouse.detector.train import run as train
from humouse.errors import InputError
from humouse.launch import settings_from
from humouse.settings import DetectScoreSettings, DetectTrainSettings


@pytest.fixture(scope="module")
def detector(many_gestures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("detector") / "small"
    overrides = [
        f"dir={many_gestures}",
        f"out_dir={folder}",
        "n=220",
        "calibration_share=0.4",
        "detectors=[boosting,sequence,isolation]",
        "mixture={function:1,bezier:1,pid:1}",
    ]
    train(settings_from("detect/train", DetectTrainSettings, overrides))
    return folder


def settings(*overrides: str) -> DetectScoreSettings:
    return settings_from("detect/score", DetectScoreSettings, list(overrides))


def test_it_is_saved_without_pickle(detector):
    names = {path.name for path in detector.iterdir()}
    assert names == {
        "boosting.onnx",
        "sequence.onnx",
        "isolation.onnx",
        "blend.onnx",
        "detector.json",
    }
    content = json.loads((detector / "detector.json").read_text())
    assert content["command"].startswith("humouse detect train dir=")
    assert content["people"]["sha256"]


def test_bots_are_flagged_and_people_are_not(detector, many_gestures, tmp_path):
    people = load_split(many_gestures / "val")
    bots = make_negatives({"function": 1.0}, makers(["function"]), people, 60, seed=5).movements
    decisions = {}
    for name, movements in (("people", people), ("bots", bots)):
        movements.save(tmp_path / f"{name}.parquet")
        out = tmp_path / f"{name}.csv"
        score(
            settings(
                f"detector={detector}",
                f"movements={tmp_path / name}.parquet",
                f"out={out}",
                "reasons=3",
            )
        )
        decisions[name] = pl.read_csv(out)
    assert decisions["bots"]["flagged"].mean() > 0.5
    assert decisions["people"]["flagged"].mean() < 0.1
    assert decisions["people"]["user"].to_list() == people.user.tolist()
    assert all(len(line.split("; ")) == 3 for line in decisions["bots"]["reasons"])
    assert decisions["bots"]["probability"].is_between(0, 1).all()


def test_the_saved_detector_says_what_the_fitted_one_said(detector, many_gestures):
    people = seen_as(load_split(many_gestures / "val"))
    saved = SavedDetector.load(detector)
    both = saved.decide(people, false_positive_rate=0.01, reasons=0)
    alone = saved.decide(people[:1], false_positive_rate=0.01, reasons=0)
    assert alone["probability"][0] == pytest.approx(both["probability"][0], abs=1e-5)
    assert set(both.columns) >= {"boosting_score", "sequence_score", "isolation_score"}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("detector=DETECTOR",), "movements: name it"),
        (("movements=MOVEMENTS",), "detector: name it"),
        (("detector=nowhere", "movements=MOVEMENTS"), "nowhere: no detector"),
        (("detector=DETECTOR", "movements=nowhere.parquet"), "nowhere"),
        (("detector=DETECTOR", "movements=MOVEMENTS", "false_positive_rate=0.5"), "0.5"),
        (("detector=DETECTOR", "movements=MOVEMENTS", "reasons=-1"), "reasons=-1"),
        (("detector=DETECTOR", "movements=POINT"), "single point|one point"),
    ],
)
def test_bad_input_is_one_clear_error(detector, many_gestures, tmp_path, overrides, message):
    point = tmp_path / "point.csv"
    point.write_text("movement,t,x_px,y_px\na,0,5,5\nb,0,1,1\nb,8,2,2\n")
    places = {
        "DETECTOR": str(detector),
        "MOVEMENTS": str(many_gestures / "val.parquet"),
        "POINT": str(point),
    }
    given = []
    for word in overrides:
        key, value = word.split("=", 1)
        given.append(f"{key}={places.get(value, value)}")
    with pytest.raises(InputError, match=message) as caught:
        score(settings(*given, f"out={tmp_path / 'out.csv'}"))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_a_changed_file_is_refused(detector, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(detector, copy)
    (copy / "boosting.onnx").write_bytes(b"other")
    with pytest.raises(InputError, match=r"boosting\.onnx: not the file"):
        SavedDetector.load(copy)
    (copy / "boosting.onnx").unlink()
    with pytest.raises(InputError, match=r"boosting\.onnx: missing"):
        SavedDetector.load(copy)
    with pytest.raises(InputError, match="no detector"):
        SavedDetector.load(tmp_path)
