"""A detector from training to a decision, through files alone."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from humouse.commands.detect_score import run as score
from humouse.commands.detect_train import run as train
from humouse.data.prepared import load_split
from humouse.data.preprocess import preprocess
from humouse.detection.calibration.calibrated import CalibratedDetector
from humouse.detection.names import STEPS
from humouse.detection.registry import REGISTRY
from humouse.detection.samples.negatives import make_family
from humouse.detection.samples.sources import negative_sources
from humouse.detection.samples.views import FeatureViews
from humouse.detection.saved import SavedDetector, save_detector
from humouse.errors import InputError
from humouse.files import sha256
from humouse.settings import DetectScoreSettings, DetectTrainSettings
from humouse.settings.compose import settings_from
from humouse.training.checkpoint import Checkpoint
from humouse.trajectories import Trajectories, concatenate

_PLACE = ("movement", "row", "start")


@dataclass(frozen=True)
class Made:
    folder: Path
    fitted: dict[str, Any]
    blend: CalibratedDetector


@pytest.fixture(scope="module")
def made(many_gestures: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A detector on disk, and the estimators that it was saved from."""
    folder = tmp_path_factory.mktemp("detector") / "small"
    overrides = [
        f"dir={many_gestures}",
        f"out_dir={folder}",
        "n=220",
        "feature_mode=kinematic",
        "calibration_share=0.4",
        "detectors=[boosting,isolation]",
        "mixture={function:1,bezier:1,pid:1}",
    ]
    saved = []

    def saves(folder: Path, fitted: dict, blend: CalibratedDetector, *more: Any) -> None:
        saved.append(Made(folder, fitted, blend))
        save_detector(folder, fitted, blend, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("humouse.commands.detect_train.save_detector", saves)
        train(settings_from("detect/train", DetectTrainSettings, overrides))
    (one,) = saved
    return one


@pytest.fixture(scope="module")
def detector(made: Made) -> Path:
    return made.folder


def settings(*overrides: str) -> DetectScoreSettings:
    return settings_from("detect/score", DetectScoreSettings, list(overrides))


def test_it_is_saved_without_pickle(detector):
    names = {path.name for path in detector.iterdir()}
    assert names == {
        "boosting.onnx",
        "isolation.onnx",
        "blend.onnx",
        "detector.json",
    }
    content = json.loads((detector / "detector.json").read_text())
    assert content["command"].startswith("humouse detect train dir=")
    assert content["people"]["sha256"]


def test_bots_are_flagged_and_people_are_not(detector, many_gestures, tmp_path):
    people = load_split(many_gestures / "val")
    bots = make_family("function", negative_sources(["function"]), people, 60, seed=5).movements
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


def test_a_log_of_ones_own_is_scored_as_the_movements_in_it(detector, many_gestures, tmp_path):
    people = load_split(many_gestures / "val")
    people.save(tmp_path / "people.parquet")
    log = people.to_frame().rename({"t_ms": "time", "x_px": "x", "y_px": "y", "user": "who"})
    log.with_columns(pl.col("time") / 1000).write_csv(tmp_path / "log.csv")
    names = ("columns.t=time", "columns.x=x", "columns.y=y", "columns.user=who", "time_unit=s")
    answers = []
    for file, more in (("people.parquet", ()), ("log.csv", names)):
        out = tmp_path / f"{file}.decisions.csv"
        given = (f"detector={detector}", f"movements={tmp_path / file}", f"out={out}", "reasons=0")
        score(settings(*given, *more))
        answers.append(pl.read_csv(out))
    # The same decisions; each stands where it stands in its own file.
    assert answers[0].drop(*_PLACE).equals(answers[1].drop(*_PLACE))
    assert answers[0]["row"].to_list() == list(range(len(people)))
    points = (people.lengths + 1).tolist()
    assert answers[1]["row"].to_list() == [sum(points[:k]) for k in range(len(points))]
    assert answers[1]["movement"].to_list() == list(range(len(people)))
    assert answers[1]["start"].to_list() == [0.0] * len(people)


def test_a_decision_says_where_its_movement_stands(detector, many_gestures, tmp_path):
    """In a stream of two people that is cut into gestures, and in a file of named movements."""
    people = load_split(many_gestures / "val")[:4]
    began = 1.7e12
    log = people.to_frame().with_columns(
        pl.col("t_ms").cast(float) + began + 60_000 * pl.col("movement")
    )
    short = {"movement": [9, 9], "user": ["z", "z"], "t_ms": [began] * 2, "x_px": [1.0, 2.0]}
    log = pl.concat([pl.DataFrame({**short, "y_px": [0.0, 0.0]}), log], how="vertical_relaxed")
    named = log.with_columns(movement="m" + pl.col("movement").cast(pl.String))
    named = pl.concat([named, named[-1:].with_columns(movement=pl.lit("lone"))])
    still = named[-2:].with_columns(
        pl.col("t_ms") + pl.Series([9e5, 9e5 + 30]), movement=pl.lit("still")
    )
    named = pl.concat([named, still.with_columns(x_px=pl.lit(5.0), y_px=pl.lit(5.0))])
    names = ["columns.t=t_ms", "columns.user=user", f"detector={detector}", "reasons=2"]
    answers = {}
    for how, table, column in (("cut", log, "null"), ("named", named, "movement")):
        table.write_csv(tmp_path / f"{how}.csv")
        out = f"out={tmp_path / how}.parquet"
        score(
            settings(f"movements={tmp_path / how}.csv", f"columns.movement={column}", *names, out)
        )
        answers[how] = pl.read_parquet(tmp_path / f"{how}.parquet")
    for how, table in (("cut", log), ("named", named)):
        said = answers[how]
        assert said["row"].is_sorted()
        for row in said.iter_rows(named=True):
            assert table["t_ms"][row["row"]] == row["start"]
            assert table["user"][row["row"]] == row["user"]
    cut = answers["cut"]
    assert cut["verdict"].to_list()[0] == "not scored"
    assert cut["reasons"][0] == "fewer than 13 points between two pauses"
    assert cut["probability"].null_count() == 1
    assert len(cut) == 5
    said = answers["named"]
    assert said["movement"].to_list() == ["m9", "m0", "m1", "m2", "m3", "lone", "still"]
    lone, nowhere = said.filter(pl.col("verdict") == "not scored")["reasons"]
    assert lone.startswith("a single point")
    assert nowhere == "it goes nowhere"
    assert said.filter(pl.col("movement").is_in(["m0", "m3"]))["flagged"].null_count() == 0


def test_places_travel_through_a_file(many_gestures, tmp_path):
    points = load_split(many_gestures / "val")[:3].to_frame()
    moves = Trajectories.from_points(points, movement="movement", user="user")
    moves[[2, 0]].save(tmp_path / "moves.parquet")
    again = Trajectories.load(tmp_path / "moves.parquet")
    assert again.places is not None
    assert again.places.movement.tolist() == ["2", "0"]
    assert again.places.row.tolist() == [points["movement"].to_list().index(2), 0]
    pl.read_parquet(tmp_path / "moves.parquet").drop("start_t", "start_row").write_parquet(
        tmp_path / "theirs.parquet"
    )
    theirs = Trajectories.load(tmp_path / "theirs.parquet").places
    assert theirs is not None
    assert (theirs.movement.tolist(), theirs.row.tolist()) == (["2", "0"], [0, 1])


def test_a_detector_needs_nothing_but_its_folder(
    made, event_checkpoint, many_gestures, tmp_path, monkeypatch
):
    here = tmp_path / "here"
    here.mkdir()
    shutil.copy(event_checkpoint, here / "model.pt")
    monkeypatch.chdir(here)
    checkpoints = {"diffusion": "model.pt", "gan": None}
    save_detector(Path("detector"), made.fitted, made.blend, checkpoints, "kinematic", {})
    shutil.move("detector", tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(here)
    load_split(many_gestures / "val")[:5].save(tmp_path / "moves.parquet")
    score(settings("detector=moved", "movements=moves.parquet", "out=said.csv"))
    assert pl.read_csv("said.csv")["probability"].is_between(0, 1).all()
    movements = preprocess(load_split(many_gestures / "val")[:5])
    before = FeatureViews.load(event_checkpoint, None, "kinematic").featurize(movements)
    after = SavedDetector.load("moved").views.featurize(movements)
    assert torch.equal(before["denoising"].values, after["denoising"].values)
    copied = Checkpoint.load(tmp_path / "moved" / "diffusion.pt")
    assert copied.model == copied.optimizer == {}
    assert copied.codec["prior"] is None  # which holds people's own numbers


def test_an_older_detector_finds_its_checkpoint_where_it_lay(made, event_checkpoint, tmp_path):
    folder, model = tmp_path / "older", tmp_path / "model.pt"
    shutil.copytree(made.folder, folder)
    shutil.copy(event_checkpoint, model)
    content = json.loads((folder / "detector.json").read_text())
    content["format"] = 1
    content["checkpoints"]["diffusion"] = {"path": str(model), "sha256": sha256(model)}
    (folder / "detector.json").write_text(json.dumps(content))
    assert SavedDetector.load(folder).views.diffusion is not None
    model.unlink()
    with pytest.raises(InputError, match=r"model\.pt: missing; put the checkpoint back, or train"):
        SavedDetector.load(folder)


def test_the_saved_detector_answers_as_the_fitted_one(made, many_gestures):
    people = preprocess(load_split(many_gestures / "val"))
    bots = make_family("bezier", negative_sources(["bezier"]), people, 40, seed=5).movements
    movements = preprocess(concatenate([people, bots]))
    saved = SavedDetector.load(made.folder)
    said = saved.score(movements, false_positive_rate=0.01, reasons=0)
    views = FeatureViews(feature_mode="kinematic").featurize(movements)
    inputs = {STEPS: movements, **views}
    scores = {name: REGISTRY[name].score(one, inputs) for name, one in made.fitted.items()}
    assert list(scores) == ["boosting", "isolation"]
    for name, scored in scores.items():
        np.testing.assert_allclose(said[f"{name}_score"], scored, rtol=1e-4, atol=1e-4)
    raw = np.stack(list(scores.values()), 1)
    np.testing.assert_allclose(said["probability"], made.blend.predict_proba(raw)[:, 1], atol=1e-4)
    sure = np.abs(made.blend.decision_function(raw) - made.blend.thresholds_[0.01]) > 1e-3
    flagged = made.blend.predict(raw, 0.01).astype(bool)
    np.testing.assert_array_equal(said["flagged"].to_numpy()[sure], flagged[sure])
    assert 0 < flagged.sum() < len(movements)
    alone = saved.score(movements[:1], false_positive_rate=0.01, reasons=0)
    assert alone["probability"][0] == pytest.approx(said["probability"][0], abs=1e-5)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("detector=DETECTOR",), "movements: name it"),
        (("movements=MOVEMENTS",), "detector: name it"),
        (("detector=nowhere", "movements=MOVEMENTS"), "nowhere: no detector"),
        (("detector=DETECTOR", "movements=nowhere.parquet"), "nowhere"),
        (("detector=DETECTOR", "movements=MOVEMENTS", "false_positive_rate=0.5"), "0.5"),
        (("detector=DETECTOR", "movements=MOVEMENTS", "reasons=-1"), "reasons=-1"),
        (("detector=DETECTOR", "movements=POINT"), "single point"),
        (("detector=DETECTOR", "movements=BROKEN"), "not a finite number"),
    ],
)
def test_bad_input_is_one_clear_error(detector, many_gestures, tmp_path, overrides, message):
    point = tmp_path / "point.csv"
    head = "movement,t,x_px,y_px\n"
    point.write_text(f"{head}a,0,5,5\nb,8,2,2\n")
    broken = tmp_path / "broken.csv"
    broken.write_text(f"{head}b,0,1,1\nb,8,NaN,2\n")
    places = {
        "DETECTOR": str(detector),
        "MOVEMENTS": str(many_gestures / "val.parquet"),
        "POINT": str(point),
        "BROKEN": str(broken),
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
